#include <csignal>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Outcome;
using client::Session;
using client::SessionState;
using client::Watch;

// Tells the runner that everything is in place, and waits for its SIGTERM.
asio::awaitable<void> hold(Generator& generator, Nanoseconds begun_at) {
  Figures held;
  held.add("held", static_cast<std::int64_t>(generator.plan().count));
  held.add("open_s", to_seconds(now_ns() - begun_at));
  held.print();
  asio::signal_set signals(generator.io(), SIGTERM, SIGINT);
  co_await signals.async_wait(asio::use_awaitable);
}

Figures what_lived(Generator& generator) {
  std::size_t live = 0;
  for (const Session& session : generator.sessions()) {
    if (session.state() == SessionState::kLive) ++live;
  }
  Figures figures;
  figures.add("live", static_cast<std::int64_t>(live));
  figures.add("lost", static_cast<std::int64_t>(generator.lost_sessions()));
  if (generator.lost_sessions() > 0) {
    figures.add("failed", std::to_string(generator.lost_sessions()) + " sessions expired");
  } else if (live != generator.sessions().size()) {
    figures.add("failed", std::to_string(generator.sessions().size() - live) + " in jeopardy");
  }
  return figures;
}

asio::awaitable<void> watch_one(Generator& generator, std::size_t number,
                                std::vector<Watch>& watches) {
  client::WatchOptions options{.path = "/services/s" + std::to_string(number),
                               .kinds = {client::EventKind::kContentsChanged}};
  auto watching = client::async_watch(
      generator.session(number), std::move(options), [](const client::Event&) {},
      asio::use_awaitable);
  Outcome<Watch> watch = co_await std::move(watching);
  if (!watch) give_up("a watch was refused: " + to_string(watch.error()));
  watches.push_back(std::move(watch).value());
}

}  // namespace

asio::awaitable<Figures> hold_sessions(Generator& generator) {
  const Nanoseconds begun_at = now_ns();
  co_await generator.open_sessions(generator.plan().count);
  co_await hold(generator, begun_at);
  co_return what_lived(generator);
}

asio::awaitable<Figures> hold_watches(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(plan.connections);
  Figures bare;
  bare.add("sessions", static_cast<std::int64_t>(plan.connections));
  bare.print();
  // The runner looks at the memory and asks for more.
  asio::signal_set signals(generator.io(), SIGUSR1);
  co_await signals.async_wait(asio::use_awaitable);
  const Nanoseconds begun_at = now_ns();
  std::vector<Watch> watches;
  watches.reserve(plan.count);
  for (std::size_t number = 0; number < plan.count;) {
    for (std::size_t i = 0; i < plan.outstanding && number < plan.count; ++i) {
      generator.start_loop(watch_one(generator, number++, watches));
    }
    co_await generator.wait_for_loops();
  }
  co_await hold(generator, begun_at);
  co_return what_lived(generator);
}

}  // namespace holdfast::bench
