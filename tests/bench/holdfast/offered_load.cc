#include "tests/bench/holdfast/paced_writes.h"
#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {

namespace asio = boost::asio;

namespace {

// Tells the runner that what is measured begins, or has ended.
void say(const std::string& what, double rate) {
  Figures figures;
  figures.add(what, rate);
  figures.print();
}

asio::awaitable<void> say_later(Generator& generator, Nanoseconds moment) {
  co_await generator.pause_until(moment);
  say("offering", generator.plan().rate);
}

}  // namespace

asio::awaitable<Figures> measure_offered_load(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(plan.connections);
  PacedWrites writes(generator, "/offered");
  co_await writes.make_nodes();
  const Nanoseconds begins_at = now_ns();
  const Nanoseconds measured_from = begins_at + to_ns(plan.warm_up_s);
  OpenLoop loop({.rate_per_s = plan.rate,
                 .begins_at = begins_at,
                 .measured_from = measured_from,
                 .ends_at = measured_from + to_ns(plan.seconds),
                 .outstanding_max = plan.outstanding});
  const CpuUsage before = CpuUsage::of(plan.servers);
  generator.start_loop(say_later(generator, measured_from));
  co_await writes.send(loop);
  co_await generator.wait_for_loops();
  say("offered", plan.rate);
  const double seconds = to_seconds(now_ns() - begins_at);
  const CpuUsage after = CpuUsage::of(plan.servers);
  co_await writes.wait_for_answers(loop);
  auto finding = writes.find_wrong();
  const std::string wrong = co_await std::move(finding);
  Figures figures;
  loop.add_to(figures);
  add_cpu(figures, before, after, seconds);
  figures.add("lost_sessions", static_cast<std::int64_t>(generator.lost_sessions()));
  if (!wrong.empty()) figures.add("failed", wrong);
  co_await generator.close_sessions();
  co_return figures;
}

}  // namespace holdfast::bench
