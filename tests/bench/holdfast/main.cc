#include <map>
#include <string>
#include <vector>

#include "tests/bench/holdfast/workloads.h"

// holdfast_bench WORKLOAD --endpoints HOST:PORT,… [options]: puts load on a cell through the public
// client library, as a program would, and prints what it measured as one line of JSON.

int main(int count, char** arguments) {
  using holdfast::bench::Figures;
  using holdfast::bench::Generator;
  using Workload = boost::asio::awaitable<Figures> (*)(Generator&);
  const std::map<std::string, Workload> workloads = {
      {"write", &holdfast::bench::measure_writes},
      {"read-stale", &holdfast::bench::measure_stale_reads},
      {"read", &holdfast::bench::measure_linearizable_reads},
      {"lock", &holdfast::bench::measure_lock_cycles},
      {"hand-over", &holdfast::bench::measure_hand_over},
      {"offer", &holdfast::bench::measure_offered_load},
      {"mix", &holdfast::bench::measure_mixed_load},
      {"failover", &holdfast::bench::measure_failover},
      {"hold-sessions", &holdfast::bench::hold_sessions},
      {"hold-locks", &holdfast::bench::hold_locks},
      {"hold-watches", &holdfast::bench::hold_watches},
      {"watch", &holdfast::bench::measure_fan_out},
      {"create", &holdfast::bench::create_nodes},
      {"ready", &holdfast::bench::wait_for_service},
  };
  std::vector<std::string> names;
  for (const auto& [name, workload] : workloads) names.push_back(name);
  const auto plan = holdfast::bench::Plan::from_command_line(count, arguments, names);
  Generator generator(plan);
  generator.run(workloads.at(plan.workload));
  return 0;
}
