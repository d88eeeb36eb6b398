#include <atomic>
#include <csignal>

#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

std::atomic<bool> is_told_to_end = false;

}  // namespace

Figures hold_sessions(const Plan& plan) {
  std::signal(SIGTERM, [](int) { is_told_to_end = true; });
  const Nanoseconds begun_at = now_ns();
  Sessions sessions(plan, {.timeout_ms = 30'000, .sweep = 200'000'000});
  sessions.open(plan.count);
  Figures held;
  held.add("held", static_cast<std::int64_t>(plan.count));
  held.add("open_s", to_seconds(now_ns() - begun_at));
  held.print();
  while (!is_told_to_end) sessions.turn(50);
  Figures figures;
  figures.add("live", static_cast<std::int64_t>(sessions.up()));
  figures.add("lost", static_cast<std::int64_t>(sessions.lost()));
  if (sessions.lost() > 0) {
    figures.add("failed", std::to_string(sessions.lost()) + " sessions lost their connection");
  }
  return figures;
}

}  // namespace holdfast::bench::zookeeper
