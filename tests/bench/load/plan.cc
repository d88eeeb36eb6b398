#include "tests/bench/load/plan.h"

#include <CLI/CLI.hpp>

namespace holdfast::bench {

Plan Plan::from_command_line(int count, char** arguments,
                             const std::vector<std::string>& workloads) {
  Plan plan;
  CLI::App app("Puts load on a cell and prints figures as one line of JSON");
  app.add_option("workload", plan.workload)->required()->check(CLI::IsMember(workloads));
  app.add_option("--endpoints", plan.endpoints)->required()->delimiter(',');
  app.add_option("--servers", plan.servers, "Their process ids")->delimiter(',');
  app.add_option("--outstanding", plan.outstanding)->check(CLI::PositiveNumber);
  app.add_option("--connections", plan.connections)->check(CLI::PositiveNumber);
  app.add_option("--clients", plan.clients)->check(CLI::PositiveNumber);
  app.add_option("--count", plan.count)->check(CLI::PositiveNumber);
  app.add_option("--sets", plan.sets)->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", plan.value_bytes);
  app.add_option("--rate", plan.rate)->check(CLI::PositiveNumber);
  app.add_option("--interval", plan.interval_s)->check(CLI::PositiveNumber);
  app.add_option("--warm-up", plan.warm_up_s);
  app.add_option("--seconds", plan.seconds);
  app.add_option("--limit", plan.limit_s);
  app.add_option("--victim", plan.victim, "The process that gets the signal");
  app.add_option("--signal", plan.signal);
  app.add_option("--signal-after", plan.signal_after_s);
  app.add_option("--path", plan.path);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return plan;
}

std::string value_for(const std::string& name, std::size_t bytes) {
  std::string value = name + ' ';
  value.resize(bytes, 'v');
  return value;
}

std::string node_path(std::size_t number) {
  const std::string digits = std::to_string(number);
  return kNodesPath + "/n" + std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

}  // namespace holdfast::bench
