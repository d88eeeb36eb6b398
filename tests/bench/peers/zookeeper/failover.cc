#include "tests/bench/load/gap.h"
#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

constexpr std::size_t kOpenMax = 4'000;

struct Writes {
  Gap gap;
  std::size_t open = 0;
  std::size_t sent = 0;
  std::size_t failures = 0;
};

void on_written(int code, const Stat* /*stat*/, const void* data) {
  auto& writes = *static_cast<Writes*>(const_cast<void*>(data));  // NOLINT
  --writes.open;
  if (code == ZOK) {
    writes.gap.on_acknowledged(now_ns());
  } else {
    ++writes.failures;
  }
}

void write_once(Sessions& sessions, const std::string& path, const std::string& contents,
                Writes& writes) {
  if (writes.open >= kOpenMax) return;
  ++writes.sent;
  const int size = static_cast<int>(contents.size());
  const int code =
      zoo_aset(sessions.handle(0), path.c_str(), contents.data(), size, -1, &on_written, &writes);
  if (code == ZOK) {
    ++writes.open;
  } else {
    ++writes.failures;
  }
}

}  // namespace

Figures measure_failover(const Plan& plan) {
  Sessions sessions(plan, {.sweep = 1'000'000});
  sessions.open_roaming();
  const std::string path = "/failover";
  const std::string contents = value_for(path, plan.value_bytes);
  const Stat first = sessions.make_node(path, contents);
  Writes writes;
  Gap& gap = writes.gap;
  const Nanoseconds begun_at = now_ns();
  for (Nanoseconds next = begun_at; !gap.is_over(now_ns()); next += Gap::kPeriod) {
    if (!gap.is_struck() && now_ns() > begun_at + to_ns(plan.signal_after_s)) {
      gap.strike(plan.victim, plan.signal, plan.signal_after_s);
    }
    write_once(sessions, path, contents, writes);
    if (gap.is_struck_for(now_ns(), plan.limit_s)) give_up("no recovery in time");
    while (now_ns() < next + Gap::kPeriod) sessions.turn(1);
  }
  sessions.run_until("the last writes are answered", [&writes] { return writes.open == 0; });
  const auto carried_out =
      static_cast<std::size_t>(sessions.get(path).stat.version - first.version);
  Figures figures;
  gap.add_to(figures);
  figures.add("sent", static_cast<std::int64_t>(writes.sent));
  figures.add("failures", static_cast<std::int64_t>(writes.failures));
  if (carried_out < gap.acknowledged()) {
    figures.add("failed", std::string("acknowledged writes are missing"));
  } else if (carried_out > writes.sent) {
    figures.add("failed", std::string("a write was carried out twice"));
  }
  return figures;
}

}  // namespace holdfast::bench::zookeeper
