#include <algorithm>
#include <csignal>
#include <deque>
#include <limits>
#include <optional>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/lock.h"
#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::LockGuard;
using client::Outcome;
using client::Released;
using client::Session;

const client::OwnerId kOwner(1);
constexpr std::size_t kTakenAtOnce = 64;
constexpr double kBetweenCyclesS = 0.25;
constexpr double kBetweenLooksS = 0.05;

// What is seen of leases and locks while others put load on the cell.
struct Sight {
  bool is_cycling = true;
  bool is_looking = true;
  Latencies acquires;
  Latencies releases;
  std::size_t refused = 0;
  std::string first_refusal;
  std::int64_t lease_left_least_ms = std::numeric_limits<std::int64_t>::max();
  std::string wrong;  // The first.

  void on_wrong(const std::string& what) {
    if (wrong.empty()) wrong = what;
  }
};

asio::awaitable<void> take_for_good(Session& session, std::string path,
                                    std::vector<LockGuard>& guards) {
  auto acquiring = client::async_acquire(
      session, std::move(path), {.wait = std::nullopt, .owner = kOwner}, asio::use_awaitable);
  Outcome<LockGuard> guard = co_await std::move(acquiring);
  if (!guard) give_up("a lock is not granted: " + to_string(guard.error()));
  guards.push_back(std::move(guard).value());
}

// An acquire that is refused asked for something new and may be; a release has to succeed.
asio::awaitable<void> take_and_release(Generator& generator, Session& session, Lock& lock,
                                       Sight& sight) {
  while (sight.is_cycling) {
    const Nanoseconds asked_at = now_ns();
    auto acquiring = client::async_acquire(
        session, lock.path, {.wait = std::nullopt, .owner = kOwner}, asio::use_awaitable);
    Outcome<LockGuard> guard = co_await std::move(acquiring);
    if (!guard) {
      if (sight.refused++ == 0) sight.first_refusal = to_string(guard.error());
      co_await generator.pause(kBetweenCyclesS);
      continue;
    }
    sight.acquires.add(now_ns() - asked_at);
    sight.on_wrong(lock.on_granted(*guard));
    --lock.holders;
    const Nanoseconds given_back_at = now_ns();
    auto releasing = client::async_release(*guard, {}, asio::use_awaitable);
    const Outcome<Released> released = co_await std::move(releasing);
    if (!released) sight.on_wrong("a release was refused: " + to_string(released.error()));
    sight.releases.add(now_ns() - given_back_at);
    co_await generator.pause(kBetweenCyclesS);
  }
}

asio::awaitable<void> look_at_leases(Generator& generator, Sight& sight) {
  while (sight.is_looking) {
    for (const Session& session : generator.sessions()) {
      sight.lease_left_least_ms = std::min(sight.lease_left_least_ms, session.remaining().count());
    }
    co_await generator.pause(kBetweenLooksS);
  }
}

asio::awaitable<void> take_all(Generator& generator, std::vector<LockGuard>& guards) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(plan.count + plan.clients);
  const Nanoseconds begun_at = now_ns();
  for (std::size_t i = 0; i < plan.count;) {
    for (std::size_t turn = 0; turn < kTakenAtOnce && i < plan.count; ++turn, ++i) {
      generator.start_loop(
          take_for_good(generator.session(i), "/held/l" + std::to_string(i), guards));
    }
    co_await generator.wait_for_loops();
  }
  Figures held;
  held.add("held", static_cast<std::int64_t>(guards.size()));
  held.add("open_s", to_seconds(now_ns() - begun_at));
  held.print();
}

Figures figures_of(Sight& sight, const std::vector<LockGuard>& guards) {
  const auto kept = std::count_if(guards.begin(), guards.end(),
                                  [](const LockGuard& guard) { return guard.held(); });
  Figures figures;
  figures.add("cycles", static_cast<std::int64_t>(sight.releases.size()));
  sight.acquires.add_to(figures, "acquire_");
  sight.releases.add_to(figures, "release_");
  figures.add("refused_acquires", static_cast<std::int64_t>(sight.refused));
  if (sight.refused > 0) figures.add("first_refusal", sight.first_refusal);
  figures.add("lease_left_least_ms", sight.lease_left_least_ms);
  if (kept != std::ssize(guards)) {
    figures.add("failed", std::to_string(std::ssize(guards) - kept) + " locks are not held");
  } else if (!sight.wrong.empty()) {
    figures.add("failed", sight.wrong);
  } else if (sight.releases.size() == 0) {
    figures.add("failed", std::string("no lock was taken and released"));
  }
  return figures;
}

}  // namespace

asio::awaitable<Figures> hold_locks(Generator& generator) {
  const Plan& plan = generator.plan();
  std::vector<LockGuard> guards;
  asio::signal_set signals(generator.io(), SIGUSR1, SIGTERM);
  co_await take_all(generator, guards);
  co_await signals.async_wait(asio::use_awaitable);
  Sight sight;
  std::deque<Lock> locks;
  generator.start_loop(look_at_leases(generator, sight));
  for (std::size_t i = 0; i < plan.clients; ++i) {
    locks.push_back({.path = "/cycled/l" + std::to_string(i)});
    generator.start_loop(
        take_and_release(generator, generator.session(plan.count + i), locks.back(), sight));
  }
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  sight.is_cycling = false;
  if (signal == SIGUSR1) co_await signals.async_wait(asio::use_awaitable);
  sight.is_looking = false;
  // This is what matters most, and a cell that has broken down may not end the cycles.
  if (const std::size_t lost = generator.lost_sessions(); lost > 0) {
    give_up(std::to_string(lost) + " of their sessions expired");
  }
  co_await generator.wait_for_loops();
  Figures figures = figures_of(sight, guards);
  co_await generator.close_sessions();  // Gives the locks back; a guard alone would wait for it.
  co_return figures;
}

}  // namespace holdfast::bench
