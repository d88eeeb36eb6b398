#include "tests/bench/holdfast/generator.h"

#include <algorithm>
#include <chrono>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Outcome;
using client::Session;

constexpr std::size_t kOpenedAtOnce = 64;
constexpr double kPollS = 0.001;

}  // namespace

void Generator::run(asio::awaitable<Figures> (*workload)(Generator&)) {
  asio::co_spawn(io_, workload(*this), [](const std::exception_ptr& error, const Figures& figures) {
    if (error != nullptr) std::rethrow_exception(error);
    figures.print();
  });
  io_.run();
}

asio::awaitable<void> Generator::open_session(std::size_t place,
                                              std::vector<std::string> endpoints) {
  client::SessionOptions options{.endpoints = std::move(endpoints),
                                 .client_name = "bench",
                                 .host = "localhost",
                                 .callbacks = {.on_expired = [this] { ++lost_sessions_; }},
                                 .executor = client::use_executor(io_.get_executor())};
  auto opening = client::async_open(std::move(options), asio::use_awaitable);
  Outcome<Session> session = co_await std::move(opening);
  if (!session) give_up("a session cannot be opened: " + to_string(session.error()));
  sessions_[place] = std::move(session).value();
}

asio::awaitable<void> Generator::open_sessions(std::size_t count) {
  const std::size_t before = sessions_.size();
  sessions_.resize(before + count);
  for (std::size_t place = before; place < sessions_.size();) {
    for (std::size_t i = 0; i < kOpenedAtOnce && place < sessions_.size(); ++i) {
      start_loop(open_session(place, {plan_.endpoints[place % plan_.endpoints.size()]}));
      ++place;
    }
    co_await wait_for_loops();
  }
}

asio::awaitable<void> Generator::open_roaming_session() {
  sessions_.resize(1);
  auto opening = open_session(0, plan_.endpoints);
  co_await std::move(opening);
}

asio::awaitable<void> Generator::close_session(std::size_t place) {
  auto closing = client::async_close(sessions_[place], {.timeout = client::Milliseconds(2'000)},
                                     asio::use_awaitable);
  co_await std::move(closing);
}

asio::awaitable<void> Generator::close_sessions() {
  for (std::size_t place = 0; place < sessions_.size();) {
    for (std::size_t i = 0; i < kOpenedAtOnce && place < sessions_.size(); ++i) {
      start_loop(close_session(place++));
    }
    co_await wait_for_loops();
  }
  sessions_.clear();
}

void Generator::start_loop(asio::awaitable<void> loop) {
  ++running_;
  asio::co_spawn(io_, std::move(loop), [this](const std::exception_ptr& error) {
    if (error != nullptr) std::rethrow_exception(error);
    --running_;
  });
}

asio::awaitable<void> Generator::wait_for_loops() {
  auto waiting = wait_until("what was begun ends", [this] { return running_ == 0; });
  co_await std::move(waiting);
}

asio::awaitable<void> Generator::run_window(Window& window) {
  co_await pause(plan_.warm_up_s);
  window.open();
  co_await pause(plan_.seconds);
  window.close();
  co_await wait_for_loops();
}

Figures Generator::figures_of(Window& window) {
  if (lost_sessions_ > 0) window.on_mismatch("a session was lost");
  Figures figures;
  window.add_to(figures);
  return figures;
}

asio::awaitable<void> Generator::pause(double seconds) {
  asio::steady_timer timer(io_, std::chrono::nanoseconds(to_ns(seconds)));
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Generator::pause_until(Nanoseconds moment) {
  return pause(std::max(0.0, to_seconds(moment - now_ns())));
}

asio::awaitable<void> Generator::wait_until(std::string what, std::function<bool()> holds) {
  const Nanoseconds end = now_ns() + to_ns(plan_.limit_s);
  while (!holds()) {
    if (now_ns() > end) give_up("waited too long until " + what);
    co_await pause(kPollS);
  }
}

asio::awaitable<client::Stat> Generator::make_node(std::string path, std::string contents) {
  client::Create create{.path = path, .contents = contents, .create_parents = true};
  auto creating = client::async_call(session(0), create, {}, asio::use_awaitable);
  const Outcome<client::Created> created = co_await std::move(creating);
  if (created) co_return created->stat;
  if (created.error().code != client::ErrorCode::kNodeExists) give_up(to_string(created.error()));
  client::Set set{.path = std::move(path), .contents = std::move(contents)};
  auto writing = must(session(0), std::move(set));
  const client::Written written = co_await std::move(writing);
  co_return written.stat;
}

}  // namespace holdfast::bench
