#include <chrono>
#include <memory>

#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::CellClient;
using client::Contents;
using client::ErrorCode;
using client::Outcome;

constexpr double kBetweenAttemptsS = 0.002;
constexpr auto kPatience = client::Milliseconds(250);

struct Search {
  bool is_found = false;
  std::size_t attempts = 0;
  std::int64_t found_at_unix_ns = 0;
  std::string failure;
};

// One read on a connection of its own: the library waits after a refused connection, and what
// counts is when a program that comes at that moment is served.
asio::awaitable<void> attempt(Generator& generator, Search& search) {
  const Plan& plan = generator.plan();
  CellClient client({.endpoints = plan.endpoints,
                     .executor = client::use_executor(generator.io().get_executor())});
  auto reading = client::async_call(client, client::Get{.path = plan.path}, {.timeout = kPatience},
                                    asio::use_awaitable);
  const Outcome<Contents> read = co_await std::move(reading);
  if (search.is_found) co_return;
  const bool is_absent = !read && read.error().code == ErrorCode::kNoNode;
  if (!read && !is_absent) co_return;
  search.is_found = true;
  search.found_at_unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count();
  const bool is_right =
      read && (plan.value_bytes == 0 || read->contents == value_for(plan.path, plan.value_bytes));
  if (!is_right) search.failure = is_absent ? "no such node" : "other contents than were written";
}

}  // namespace

asio::awaitable<Figures> wait_for_service(Generator& generator) {
  Figures waiting;
  waiting.add("waiting", true);
  waiting.print();
  Search search;
  const Nanoseconds end = now_ns() + to_ns(generator.plan().limit_s);
  while (!search.is_found) {
    if (now_ns() > end) give_up("it does not serve in time");
    ++search.attempts;
    generator.start_loop(attempt(generator, search));
    co_await generator.pause(kBetweenAttemptsS);
  }
  co_await generator.wait_for_loops();
  Figures figures;
  figures.add("served_at_unix_ns", search.found_at_unix_ns);
  figures.add("attempts", static_cast<std::int64_t>(search.attempts));
  if (!search.failure.empty()) figures.add("failed", search.failure);
  co_return figures;
}

}  // namespace holdfast::bench
