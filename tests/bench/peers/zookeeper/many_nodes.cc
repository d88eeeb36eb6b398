#include <algorithm>
#include <deque>

#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

struct Creation {
  const Plan& plan;
  std::size_t next = 0;
  std::size_t created = 0;
  std::size_t errors = 0;
  int first_error = ZOK;
  Latencies latencies;

  void on_error(int code) {
    if (errors++ == 0) first_error = code;
  }
};

struct Creator {
  Creation& creation;
  zhandle_t* session;
  Nanoseconds begun_at = 0;

  void create();
};

void on_created(int code, const char* /*path*/, const void* data) {
  Creator& creator = *static_cast<Creator*>(const_cast<void*>(data));  // NOLINT
  if (code == ZOK) {
    ++creator.creation.created;
    creator.creation.latencies.add(now_ns() - creator.begun_at);
  } else {
    creator.creation.on_error(code);
  }
  creator.create();
}

void Creator::create() {
  if (creation.next >= creation.plan.count) return;
  const std::string path = node_path(creation.next++);
  const std::string contents = value_for(path, creation.plan.value_bytes);
  begun_at = now_ns();
  const int code =
      zoo_acreate(session, path.c_str(), contents.data(), static_cast<int>(contents.size()),
                  &ZOO_OPEN_ACL_UNSAFE, 0, &on_created, this);
  if (code != ZOK) creation.on_error(code);
}

}  // namespace

Figures create_nodes(const Plan& plan) {
  Sessions sessions(plan, {});
  sessions.open(std::min(plan.outstanding, plan.connections));
  sessions.make_node(kNodesPath, "");
  Creation creation{.plan = plan};
  std::deque<Creator> creators;
  const Nanoseconds begun_at = now_ns();
  const CpuUsage before = CpuUsage::of(plan.servers);
  for (std::size_t i = 0; i < plan.outstanding; ++i) {
    creators.push_back({.creation = creation, .session = sessions.handle(i)});
    creators.back().create();
  }
  sessions.run_until("all nodes are created",
                     [&] { return creation.created + creation.errors >= plan.count; });
  const CpuUsage after = CpuUsage::of(plan.servers);
  const double seconds = to_seconds(now_ns() - begun_at);
  sessions.sync(0);
  const int children = sessions.get(kNodesPath).stat.numChildren;
  Figures figures;
  figures.add("seconds", seconds);
  figures.add("ops", static_cast<std::int64_t>(creation.created));
  figures.add("per_s", static_cast<double>(creation.created) / seconds);
  creation.latencies.add_to(figures, "");
  add_cpu(figures, before, after, seconds);
  if (creation.errors > 0) {
    figures.add("failed", problem("create", creation.first_error));
  } else if (static_cast<std::size_t>(children) != plan.count) {
    figures.add("failed", "there are " + std::to_string(children) + " nodes");
  }
  return figures;
}

}  // namespace holdfast::bench::zookeeper
