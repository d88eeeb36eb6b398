#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/peers/zookeeper/workloads.h"

// zookeeper_bench WORKLOAD --endpoints HOST:PORT,… [options]: as holdfast_bench, for ZooKeeper.

int main(int count, char** arguments) {
  namespace zk = holdfast::bench::zookeeper;
  using Workload = holdfast::bench::Figures (*)(const holdfast::bench::Plan&);
  const std::map<std::string, Workload> workloads = {
      {"write", &zk::measure_writes},        {"read-stale", &zk::measure_stale_reads},
      {"read", &zk::measure_synced_reads},   {"lock", &zk::measure_lock_cycles},
      {"hand-over", &zk::measure_hand_over}, {"failover", &zk::measure_failover},
      {"hold-sessions", &zk::hold_sessions}, {"watch", &zk::measure_fan_out},
      {"create", &zk::create_nodes},         {"ready", &zk::wait_for_service},
  };
  std::vector<std::string> names;
  for (const auto& [name, workload] : workloads) names.push_back(name);
  const auto plan = holdfast::bench::Plan::from_command_line(count, arguments, names);
  std::signal(SIGPIPE, SIG_IGN);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  zoo_set_log_stream(std::fopen("/dev/null", "w"));
  workloads.at(plan.workload)(plan).print();
  return 0;
}
