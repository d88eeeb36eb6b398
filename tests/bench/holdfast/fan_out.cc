#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Event;
using client::Outcome;
using client::Watch;

const std::string kPath = "/watched";
constexpr std::size_t kUnmeasured = 2;  // The first rounds.
constexpr double kPauseS = 0.1;

// Who was told of the present write.
struct Round {
  std::uint64_t generation = 0;
  Nanoseconds begun_at = 0;
  std::size_t told = 0;
  Nanoseconds first = 0;
  Nanoseconds last = 0;
  std::size_t wrong = 0;

  void on_event(const Event& event) {
    if (event.content_generation != generation) {
      ++wrong;
      return;
    }
    last = now_ns() - begun_at;
    if (told++ == 0) first = last;
  }
};

asio::awaitable<void> watch_one(Generator& generator, std::size_t place, Round& round,
                                std::vector<Watch>& watches) {
  client::WatchOptions options{.path = kPath, .kinds = {client::EventKind::kContentsChanged}};
  auto watching = client::async_watch(
      generator.session(place), std::move(options),
      [&round](const Event& event) { round.on_event(event); }, asio::use_awaitable);
  Outcome<Watch> watch = co_await std::move(watching);
  if (!watch) give_up("a watch was refused: " + to_string(watch.error()));
  watches.push_back(std::move(watch).value());
}

struct FanOutLatencies {
  Latencies first;
  Latencies last;
  Latencies acknowledged;
};

asio::awaitable<void> write_and_wait(Generator& generator, Round& round,
                                     FanOutLatencies* latencies) {
  co_await generator.pause(kPauseS);
  round = {.generation = round.generation + 1, .begun_at = now_ns()};
  client::Set set{.path = kPath, .contents = value_for(kPath, generator.plan().value_bytes)};
  auto writing = generator.must(generator.session(0), std::move(set));
  co_await std::move(writing);
  const Nanoseconds acknowledged = now_ns() - round.begun_at;
  auto waiting = generator.wait_until("all watchers are told",
                                      [&] { return round.told == generator.plan().count; });
  co_await std::move(waiting);
  if (round.wrong > 0) give_up("a watcher was told of another write");
  if (latencies == nullptr) co_return;
  latencies->first.add(round.first);
  latencies->last.add(round.last);
  latencies->acknowledged.add(acknowledged);
}

}  // namespace

asio::awaitable<Figures> measure_fan_out(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(plan.count);
  auto making = generator.make_node(kPath, value_for(kPath, plan.value_bytes));
  const client::Stat stat = co_await std::move(making);
  Round round{.generation = stat.content_generation};
  std::vector<Watch> watches;
  for (std::size_t place = 0; place < plan.count; ++place) {
    generator.start_loop(watch_one(generator, place, round, watches));
  }
  co_await generator.wait_for_loops();
  for (std::size_t i = 0; i < kUnmeasured; ++i) {
    co_await write_and_wait(generator, round, nullptr);
  }
  FanOutLatencies latencies;
  const Nanoseconds begun_at = now_ns();
  const CpuUsage before = CpuUsage::of(plan.servers);
  for (std::size_t i = 0; i < plan.sets; ++i) {
    co_await write_and_wait(generator, round, &latencies);
  }
  Figures figures;
  latencies.last.add_to(figures, "last_");
  latencies.first.add_to(figures, "first_");
  latencies.acknowledged.add_to(figures, "acknowledged_");
  add_cpu(figures, before, CpuUsage::of(plan.servers), to_seconds(now_ns() - begun_at));
  if (generator.lost_sessions() > 0) figures.add("failed", std::string("a session was lost"));
  watches.clear();
  co_await generator.close_sessions();
  co_return figures;
}

}  // namespace holdfast::bench
