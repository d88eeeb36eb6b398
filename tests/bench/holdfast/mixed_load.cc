#include <deque>
#include <optional>

#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/lock.h"
#include "tests/bench/holdfast/paced_writes.h"
#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Event;
using client::EventKind;
using client::LockGuard;
using client::Outcome;
using client::Session;
using client::Watch;

const client::OwnerId kOwner(1);
const std::string kComingAndGoing = "/mix/t";
constexpr std::size_t kLockers = 8;
constexpr std::size_t kVisitors = 4;  // Sessions that open and close.
constexpr std::size_t kMakers = 4;    // Of nodes that come and go.
constexpr std::size_t kNodesAMaker = 16;
constexpr std::size_t kWatchers = 32;
// Each of these takes a turn so often at most: the load is the writes.
constexpr double kBetweenTurnsS = 0.02;

// What was done beside the writes, and what went wrong first.
struct Mix {
  bool is_over = false;
  std::int64_t lock_cycles = 0;
  std::int64_t sessions = 0;
  std::int64_t nodes = 0;
  std::int64_t events = 0;
  std::string wrong;

  void on_wrong(const std::string& what) {
    if (wrong.empty()) wrong = what;
  }
  void add_to(Figures& figures) const {
    figures.add("lock_cycles", lock_cycles);
    figures.add("sessions", sessions);
    figures.add("nodes", nodes);
    figures.add("events", events);
    if (!wrong.empty()) figures.add("failed", wrong);
  }
};

asio::awaitable<void> take_and_release(Generator& generator, std::size_t place, Lock& lock,
                                       Mix& mix) {
  while (!mix.is_over) {
    auto acquiring =
        client::async_acquire(generator.session(place), lock.path,
                              {.wait = std::nullopt, .owner = kOwner}, asio::use_awaitable);
    Outcome<LockGuard> guard = co_await std::move(acquiring);
    if (!guard) co_return mix.on_wrong("an acquire was refused: " + to_string(guard.error()));
    mix.on_wrong(lock.on_granted(*guard));
    --lock.holders;
    auto releasing = client::async_release(*guard, {}, asio::use_awaitable);
    const Outcome<client::Released> released = co_await std::move(releasing);
    if (!released) co_return mix.on_wrong("a release was refused: " + to_string(released.error()));
    ++mix.lock_cycles;
    co_await generator.pause(kBetweenTurnsS);
  }
}

asio::awaitable<void> come_and_go(Generator& generator, std::size_t number, Mix& mix) {
  const std::string path = "/mix/visitor" + std::to_string(number);
  while (!mix.is_over) {
    client::SessionOptions options{.endpoints = generator.plan().endpoints,
                                   .client_name = "visitor",
                                   .host = "localhost",
                                   .executor = client::use_executor(generator.io().get_executor())};
    auto opening = client::async_open(std::move(options), asio::use_awaitable);
    Outcome<Session> session = co_await std::move(opening);
    if (!session) co_return mix.on_wrong("a session is refused: " + to_string(session.error()));
    client::Create create{.path = path, .kind = client::NodeKind::kEphemeral};
    auto creating = client::async_call(*session, std::move(create), {}, asio::use_awaitable);
    const Outcome<client::Created> created = co_await std::move(creating);
    // It is there still only if the session before did not take it along.
    if (!created) mix.on_wrong("an ephemeral node: " + to_string(created.error()));
    auto closing = client::async_close(*session, {}, asio::use_awaitable);
    const Outcome<client::Closed> closed = co_await std::move(closing);
    if (!closed) mix.on_wrong("a session cannot be closed: " + to_string(closed.error()));
    ++mix.sessions;
    co_await generator.pause(kBetweenTurnsS);
  }
}

// The node before the last ones goes for each that comes.
asio::awaitable<void> make_and_remove(Generator& generator, std::size_t number, Mix& mix) {
  const std::string prefix = kComingAndGoing + "/m" + std::to_string(number) + "-";
  std::size_t made = 0;
  std::size_t removed = 0;
  while (!mix.is_over || removed < made) {
    Session& session = generator.session(number);
    if (!mix.is_over) {
      const std::string path = prefix + std::to_string(made++);
      client::Create create{.path = path,
                            .contents = value_for(path, generator.plan().value_bytes)};
      auto creating = client::async_call(session, std::move(create), {}, asio::use_awaitable);
      const Outcome<client::Created> created = co_await std::move(creating);
      if (!created) co_return mix.on_wrong("a create was refused: " + to_string(created.error()));
      ++mix.nodes;
      co_await generator.pause(kBetweenTurnsS);
      if (made - removed < kNodesAMaker) continue;
    }
    client::Remove remove{.path = prefix + std::to_string(removed++)};
    auto removing = client::async_call(session, std::move(remove), {}, asio::use_awaitable);
    const Outcome<client::Removed> gone = co_await std::move(removing);
    if (!gone) co_return mix.on_wrong("a removal was refused: " + to_string(gone.error()));
  }
}

// Sees the writes of one node, each once and in order.
struct Watcher {
  Mix* mix;
  std::string path;
  std::uint64_t generation = 0;  // The last that it was told of, or that was there before.

  void on_event(const Event& event) {
    ++mix->events;
    if (event.kind != EventKind::kContentsChanged) {
      mix->on_wrong("a watcher of " + path + " lost events");
    } else if (event.content_generation != generation + 1) {
      mix->on_wrong("a watcher of " + path + " was not told of a write");
    }
    generation = event.content_generation;
  }
};

asio::awaitable<void> watch_one(Generator& generator, std::size_t place, Watcher& watcher,
                                std::vector<Watch>& watches) {
  client::WatchOptions options{.path = watcher.path, .kinds = {EventKind::kContentsChanged}};
  auto watching = client::async_watch(
      generator.session(place), std::move(options),
      [&watcher](const Event& event) { watcher.on_event(event); }, asio::use_awaitable);
  Outcome<Watch> watch = co_await std::move(watching);
  if (!watch) give_up("a watch was refused: " + to_string(watch.error()));
  watches.push_back(std::move(watch).value());
}

asio::awaitable<void> report(Generator& generator, OpenLoop& loop, const Mix& mix) {
  const Nanoseconds begun_at = now_ns();
  const Nanoseconds interval = to_ns(generator.plan().interval_s);
  const auto lines =
      static_cast<int>(generator.plan().seconds / generator.plan().interval_s + 1e-6);
  for (int line = 1; line <= lines; ++line) {
    co_await generator.pause_until(begun_at + line * interval);
    Figures figures;
    figures.add("at_s", to_seconds(now_ns() - begun_at));
    loop.add_recent_to(figures, now_ns());
    mix.add_to(figures);
    figures.print();
  }
}

// A deque, because loops and watches keep references.
struct Others {
  Mix mix;
  std::deque<Lock> locks;
  std::deque<Watcher> watchers;
  std::vector<Watch> watches;
};

asio::awaitable<void> start_watching(Generator& generator, const PacedWrites& writes,
                                     Others& others) {
  for (std::size_t i = 0; i < kWatchers; ++i) {
    others.watchers.push_back(
        {.mix = &others.mix, .path = writes.path(i), .generation = writes.generation(i)});
    generator.start_loop(watch_one(generator, i, others.watchers.back(), others.watches));
  }
  co_await generator.wait_for_loops();
}

asio::awaitable<void> wait_until_all_is_told(Generator& generator, const PacedWrites& writes,
                                             const Others& others) {
  auto waiting = generator.wait_until("the watchers are told of the last writes", [&] {
    for (std::size_t i = 0; i < others.watchers.size(); ++i) {
      if (others.watchers[i].generation != writes.generation(i)) return false;
    }
    return true;
  });
  co_await std::move(waiting);
}

void start_others(Generator& generator, Others& others) {
  for (std::size_t i = 0; i < kLockers; ++i) {
    others.locks.push_back({.path = "/mix/l" + std::to_string(i)});
    generator.start_loop(take_and_release(generator, i, others.locks.back(), others.mix));
  }
  for (std::size_t i = 0; i < kVisitors; ++i) {
    generator.start_loop(come_and_go(generator, i, others.mix));
  }
  for (std::size_t i = 0; i < kMakers; ++i) {
    generator.start_loop(make_and_remove(generator, i, others.mix));
  }
}

}  // namespace

asio::awaitable<Figures> measure_mixed_load(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(plan.connections);
  PacedWrites writes(generator, "/mix/w");
  co_await writes.make_nodes();
  auto making = generator.make_node(kComingAndGoing, "");
  co_await std::move(making);
  Others others;
  co_await start_watching(generator, writes, others);
  const Nanoseconds begins_at = now_ns();
  OpenLoop loop({.rate_per_s = plan.rate,
                 .begins_at = begins_at,
                 .measured_from = begins_at + to_ns(plan.warm_up_s),
                 .ends_at = begins_at + to_ns(plan.seconds),
                 .outstanding_max = plan.outstanding});
  const CpuUsage before = CpuUsage::of(plan.servers);
  start_others(generator, others);
  generator.start_loop(report(generator, loop, others.mix));
  co_await writes.send(loop);
  const CpuUsage after = CpuUsage::of(plan.servers);
  others.mix.is_over = true;
  co_await generator.wait_for_loops();
  co_await writes.wait_for_answers(loop);
  co_await wait_until_all_is_told(generator, writes, others);
  auto looking = generator.must(generator.session(0), client::Get{.path = kComingAndGoing});
  const client::Contents left = co_await std::move(looking);
  if (left.stat.children != 0) others.mix.on_wrong("removed nodes are there");
  auto finding = writes.find_wrong();
  const std::string wrong = co_await std::move(finding);
  others.mix.on_wrong(wrong);
  Figures figures;
  loop.add_to(figures);
  add_cpu(figures, before, after, plan.seconds);
  others.mix.add_to(figures);
  others.watches.clear();
  co_await generator.close_sessions();
  co_return figures;
}

}  // namespace holdfast::bench
