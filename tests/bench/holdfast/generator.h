#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "client/async.h"
#include "tests/bench/load/figures.h"
#include "tests/bench/load/plan.h"
#include "tests/bench/load/window.h"

namespace holdfast::bench {

// Sessions of the client library and what drives them, all in one thread of the program's own.
// Everything that goes wrong outside a window ends the process by give_up().
class Generator {
 public:
  explicit Generator(const Plan& plan) : plan_(plan) {}

  // Runs the workload and prints what it answers.
  void run(boost::asio::awaitable<Figures> (*workload)(Generator&));

  const Plan& plan() const { return plan_; }
  boost::asio::io_context& io() { return io_; }

  // Each knows one replica only: Plan::endpoints in turn.
  boost::asio::awaitable<void> open_sessions(std::size_t count);
  // One session that knows them all.
  boost::asio::awaitable<void> open_roaming_session();
  boost::asio::awaitable<void> close_sessions();
  client::Session& session(std::size_t place) { return sessions_[place % sessions_.size()]; }
  std::vector<client::Session>& sessions() { return sessions_; }
  std::size_t lost_sessions() const { return lost_sessions_; }

  // Starts a loop that runs beside the others; wait_for_loops() waits until all have ended.
  void start_loop(boost::asio::awaitable<void> loop);
  boost::asio::awaitable<void> wait_for_loops();

  // Warm-up, the window, and the end of the loops.
  boost::asio::awaitable<void> run_window(Window& window);
  Figures figures_of(Window& window);

  boost::asio::awaitable<void> pause(double seconds);
  boost::asio::awaitable<void> pause_until(Nanoseconds moment);
  // Gives up, with `what`, after Plan::limit_s.
  boost::asio::awaitable<void> wait_until(std::string what, std::function<bool()> holds);

  // One call that has to succeed.
  template <typename Request>
  boost::asio::awaitable<typename Request::Reply> must(client::Session& session, Request request) {
    auto calling = client::async_call(session, std::move(request), {}, boost::asio::use_awaitable);
    client::Outcome<typename Request::Reply> outcome = co_await std::move(calling);
    if (!outcome) give_up(to_string(outcome.error()));
    co_return std::move(outcome).value();
  }
  // The node with these contents, made if it is missing.
  boost::asio::awaitable<client::Stat> make_node(std::string path, std::string contents);

 private:
  boost::asio::awaitable<void> open_session(std::size_t place, std::vector<std::string> endpoints);
  boost::asio::awaitable<void> close_session(std::size_t place);

  const Plan& plan_;
  boost::asio::io_context io_{1};
  std::vector<client::Session> sessions_;
  std::size_t lost_sessions_ = 0;
  std::size_t running_ = 0;
};

}  // namespace holdfast::bench
