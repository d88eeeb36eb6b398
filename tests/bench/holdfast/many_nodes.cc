#include <algorithm>

#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Created;
using client::Outcome;
using client::Session;

struct Creation {
  std::size_t next = 0;
  std::size_t created = 0;
  std::size_t errors = 0;
  std::string first_error;
  Latencies latencies;
};

asio::awaitable<void> create_again_and_again(const Plan& plan, Session& session,
                                             Creation& creation) {
  while (creation.next < plan.count) {
    const std::string path = node_path(creation.next++);
    const Nanoseconds begun_at = now_ns();
    client::Create create{.path = path, .contents = value_for(path, plan.value_bytes)};
    auto creating = client::async_call(session, std::move(create), {}, asio::use_awaitable);
    const Outcome<Created> created = co_await std::move(creating);
    if (!created) {
      if (creation.errors++ == 0) creation.first_error = to_string(created.error());
      continue;
    }
    ++creation.created;
    creation.latencies.add(now_ns() - begun_at);
  }
}

}  // namespace

asio::awaitable<Figures> create_nodes(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(std::min(plan.outstanding, plan.connections));
  auto making = generator.make_node(kNodesPath, "");
  co_await std::move(making);
  Creation creation;
  const Nanoseconds begun_at = now_ns();
  const CpuUsage before = CpuUsage::of(plan.servers);
  for (std::size_t i = 0; i < plan.outstanding; ++i) {
    generator.start_loop(create_again_and_again(plan, generator.session(i), creation));
  }
  co_await generator.wait_for_loops();
  const CpuUsage after = CpuUsage::of(plan.servers);
  const double seconds = to_seconds(now_ns() - begun_at);
  auto looking = generator.must(generator.session(0), client::Get{.path = kNodesPath});
  const client::Contents nodes = co_await std::move(looking);
  Figures figures;
  figures.add("seconds", seconds);
  figures.add("ops", static_cast<std::int64_t>(creation.created));
  figures.add("per_s", static_cast<double>(creation.created) / seconds);
  creation.latencies.add_to(figures, "");
  add_cpu(figures, before, after, seconds);
  if (creation.errors > 0) figures.add("failed", creation.first_error);
  if (nodes.stat.children != plan.count) {
    figures.add("failed", "there are " + std::to_string(nodes.stat.children) + " nodes");
  }
  co_await generator.close_sessions();
  co_return figures;
}

}  // namespace holdfast::bench
