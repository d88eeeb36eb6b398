#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

constexpr std::size_t kUnmeasured = 2;  // The first rounds.
constexpr Nanoseconds kPause = 100'000'000;

struct Round {
  Nanoseconds begun_at = 0;
  std::size_t armed = 0;
  std::size_t told = 0;
  Nanoseconds first = 0;
  Nanoseconds last = 0;
};

void on_changed(zhandle_t* /*handle*/, int type, int /*state*/, const char* /*path*/,
                void* context) {
  if (type != ZOO_CHANGED_EVENT) return;
  auto& round = *static_cast<Round*>(context);
  round.last = now_ns() - round.begun_at;
  if (round.told++ == 0) round.first = round.last;
}

void on_armed(int code, const char* /*value*/, int /*size*/, const Stat* /*stat*/,
              const void* data) {
  if (code != ZOK) give_up(problem("a watch", code));
  ++static_cast<Round*>(const_cast<void*>(data))->armed;  // NOLINT
}

void on_written(int code, const Stat* /*stat*/, const void* data) {
  if (code != ZOK) give_up(problem("a write", code));
  *static_cast<Nanoseconds*>(const_cast<void*>(data)) = now_ns();  // NOLINT
}

struct FanOutLatencies {
  Latencies first;
  Latencies last;
  Latencies acknowledged;
};

void write_and_wait(Sessions& sessions, const std::string& path, const std::string& contents,
                    FanOutLatencies* latencies) {
  Round round;
  for (std::size_t place = 0; place < sessions.size(); ++place) {
    const int code =
        zoo_awget(sessions.handle(place), path.c_str(), &on_changed, &round, &on_armed, &round);
    if (code != ZOK) give_up(problem("a watch", code));
  }
  sessions.run_until("all watches are set", [&] { return round.armed == sessions.size(); });
  sessions.run_for(kPause);
  Nanoseconds acknowledged_at = 0;
  round.begun_at = now_ns();
  const int code = zoo_aset(sessions.handle(0), path.c_str(), contents.data(),
                            static_cast<int>(contents.size()), -1, &on_written, &acknowledged_at);
  if (code != ZOK) give_up(problem("a write", code));
  sessions.run_until("all watchers are told",
                     [&] { return round.told == sessions.size() && acknowledged_at != 0; });
  if (latencies == nullptr) return;
  latencies->first.add(round.first);
  latencies->last.add(round.last);
  latencies->acknowledged.add(acknowledged_at - round.begun_at);
}

}  // namespace

Figures measure_fan_out(const Plan& plan) {
  Sessions sessions(plan, {.timeout_ms = 30'000, .sweep = 300'000'000});
  sessions.open(plan.count);
  const std::string path = "/watched";
  const std::string contents = value_for(path, plan.value_bytes);
  sessions.make_node(path, contents);
  for (std::size_t i = 0; i < kUnmeasured; ++i) write_and_wait(sessions, path, contents, nullptr);
  FanOutLatencies latencies;
  const Nanoseconds begun_at = now_ns();
  const CpuUsage before = CpuUsage::of(plan.servers);
  for (std::size_t i = 0; i < plan.sets; ++i) {
    write_and_wait(sessions, path, contents, &latencies);
  }
  Figures figures;
  latencies.last.add_to(figures, "last_");
  latencies.first.add_to(figures, "first_");
  latencies.acknowledged.add_to(figures, "acknowledged_");
  add_cpu(figures, before, CpuUsage::of(plan.servers), to_seconds(now_ns() - begun_at));
  if (sessions.lost() > 0) figures.add("failed", std::string("a session lost its connection"));
  return figures;
}

}  // namespace holdfast::bench::zookeeper
