#include <algorithm>

#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"
#include "tests/bench/load/gap.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Outcome;
using client::Session;
using client::Written;

constexpr std::size_t kOpenMax = 4'000;
const std::string kPath = "/failover";

struct Writes {
  Gap gap;
  std::size_t open = 0;
  std::size_t sent = 0;
  std::size_t failures = 0;
  std::uint64_t highest_generation = 0;
};

asio::awaitable<void> write_once(Session& session, std::string contents, Writes& writes) {
  ++writes.sent;
  ++writes.open;
  auto writing = client::async_call(session, client::Set{.path = kPath, .contents = contents}, {},
                                    asio::use_awaitable);
  const Outcome<Written> written = co_await std::move(writing);
  --writes.open;
  if (!written) {
    ++writes.failures;
    co_return;
  }
  writes.gap.on_acknowledged(now_ns());
  writes.highest_generation = std::max(writes.highest_generation, written->stat.content_generation);
}

// Each acknowledged write is in the history, none twice.
asio::awaitable<std::string> check(Generator& generator, const Writes& writes,
                                   std::uint64_t first_generation) {
  auto reading = generator.must(generator.session(0), client::Get{.path = kPath});
  const client::Contents read = co_await std::move(reading);
  const std::uint64_t carried_out = read.stat.content_generation - first_generation;
  if (carried_out < writes.gap.acknowledged()) co_return "acknowledged writes are missing";
  if (carried_out > writes.sent) co_return "a write was carried out twice";
  if (read.stat.content_generation < writes.highest_generation) co_return "a write was undone";
  if (generator.lost_sessions() > 0) co_return "the session was lost";
  co_return "";
}

}  // namespace

asio::awaitable<Figures> measure_failover(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_roaming_session();
  const std::string contents = value_for(kPath, plan.value_bytes);
  auto making = generator.make_node(kPath, contents);
  const client::Stat stat = co_await std::move(making);
  Writes writes;
  Gap& gap = writes.gap;
  const Nanoseconds begun_at = now_ns();
  for (Nanoseconds next = begun_at; !gap.is_over(now_ns()); next += Gap::kPeriod) {
    if (!gap.is_struck() && now_ns() > begun_at + to_ns(plan.signal_after_s)) {
      gap.strike(plan.victim, plan.signal, plan.signal_after_s);
    }
    if (writes.open < kOpenMax) {
      generator.start_loop(write_once(generator.session(0), contents, writes));
    }
    if (gap.is_struck_for(now_ns(), plan.limit_s)) give_up("no recovery in time");
    co_await generator.pause_until(next + Gap::kPeriod);
  }
  co_await generator.wait_for_loops();
  auto checking = check(generator, writes, stat.content_generation);
  const std::string wrong = co_await std::move(checking);
  Figures figures;
  gap.add_to(figures);
  figures.add("sent", static_cast<std::int64_t>(writes.sent));
  figures.add("failures", static_cast<std::int64_t>(writes.failures));
  if (!wrong.empty()) figures.add("failed", wrong);
  co_await generator.close_sessions();
  co_return figures;
}

}  // namespace holdfast::bench
