#include <deque>
#include <optional>

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

enum class Counts { kWholeCycle, kAcquire };

// Answers false when the loop is to end.
bool check_grant(Window& window, Lock& lock, const Outcome<LockGuard>& guard) {
  if (!guard) {
    window.on_failure(to_string(guard.error()));
    return false;
  }
  if (const std::string wrong = lock.on_granted(*guard); !wrong.empty()) window.on_mismatch(wrong);
  return !window.has_failed();
}

asio::awaitable<void> take_again_and_again(Window& window, Session& session, Lock& lock,
                                           Counts counts) {
  while (!window.is_over()) {
    const Nanoseconds begun_at = now_ns();
    auto acquiring = client::async_acquire(
        session, lock.path, {.wait = std::nullopt, .owner = kOwner}, asio::use_awaitable);
    Outcome<LockGuard> guard = co_await std::move(acquiring);
    if (!check_grant(window, lock, guard)) co_return;
    if (counts == Counts::kWholeCycle) window.on_acquired(now_ns() - begun_at);
    if (counts == Counts::kAcquire) window.on_success(begun_at);
    --lock.holders;
    auto releasing = client::async_release(*guard, {}, asio::use_awaitable);
    const Outcome<Released> released = co_await std::move(releasing);
    if (!released) {
      window.on_failure(to_string(released.error()));
      co_return;
    }
    if (counts == Counts::kWholeCycle) window.on_success(begun_at);
  }
}

}  // namespace

asio::awaitable<Figures> measure_lock_cycles(Generator& generator) {
  Window window(generator.plan().servers);
  co_await generator.open_sessions(generator.plan().clients);
  std::deque<Lock> locks;
  for (std::size_t i = 0; i < generator.plan().clients; ++i) {
    locks.push_back({.path = "/locks/c" + std::to_string(i)});
    generator.start_loop(
        take_again_and_again(window, generator.session(i), locks.back(), Counts::kWholeCycle));
  }
  co_await generator.run_window(window);
  co_await generator.close_sessions();
  co_return generator.figures_of(window);
}

asio::awaitable<Figures> measure_hand_over(Generator& generator) {
  Window window(generator.plan().servers);
  co_await generator.open_sessions(generator.plan().clients);
  Lock lock{.path = "/locks/one"};
  for (Session& session : generator.sessions()) {
    generator.start_loop(take_again_and_again(window, session, lock, Counts::kAcquire));
  }
  co_await generator.run_window(window);
  co_await generator.close_sessions();
  co_return generator.figures_of(window);
}

}  // namespace holdfast::bench
