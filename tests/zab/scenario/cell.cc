#include <cstdlib>
#include <sstream>

#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {
namespace {

zab::Config config_of(const Command& command) {
  const std::uint64_t voters = command.number_or("voters", 3);
  const std::uint64_t observers = command.number_or("observers", 0);
  zab::Config config;
  for (std::uint64_t i = 1; i <= voters; ++i) config.voters.push_back(ServerId(i));
  for (std::uint64_t i = 1; i <= observers; ++i) config.observers.push_back(ServerId(voters + i));
  return config;
}

zab::Options options_of(const Command& command) {
  zab::Options options;
  options.config = config_of(command);
  const auto small = [&](const char* name, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(command.number_or(name, otherwise));
  };
  options.counter_max = small("counter_max", options.counter_max);
  options.counter_reserve = small("counter_reserve", options.counter_reserve);
  options.epoch_max = small("epoch_max", options.epoch_max);
  options.snap_percent = small("snap_percent", 0);
  options.snap_chunk_bytes = command.number_or("chunk_bytes", 64);
  options.log_window_bytes = command.number_or("window_bytes", options.log_window_bytes);
  options.proposal_run_bytes = command.number_or("run_bytes", options.proposal_run_bytes);
  options.in_flight_entries = command.number_or("in_flight", options.in_flight_entries);
  return options;
}

// "1:5,2:4": replica 1 remembers epoch 5, replica 2 epoch 4.
void provision(Stage& stage, const Command& command) {
  for (const auto& replica : stage.cell().replicas()) replica->disk().provision(Epoch());
  std::stringstream list(command.text_or("accepted", ""));
  for (std::string item; std::getline(list, item, ',');) {
    char* colon = nullptr;
    const ServerId id(std::strtoull(item.c_str(), &colon, 10));
    const Epoch epoch(static_cast<std::uint32_t>(std::strtoul(colon + 1, nullptr, 10)));
    stage.cell().replica(id).disk().provision(epoch);
  }
}

// What ./dev explore plays: no wait is ever over by itself, and failed elections are forgotten.
void let_wait(sim::Cluster::Design& design) {
  constexpr Ticks kNever = 1'000'000'000;
  design.options.failure_timeout = kNever;
  design.options.init_timeout = kNever;
  design.options.finalize = 1;
  design.options.resend_min = 1;
  design.options.resend_max = 1;
  design.network.survives = sim::Network::Survives::kAll;
}

}  // namespace

std::string cell(Stage& stage, const Command& command) {
  sim::Cluster::Design design;
  design.options = options_of(command);
  design.timing.batch_ops_max = 1000;
  design.timing.image_filler_bytes_max = 100;
  design.timing.tail_entries_max = 1000;
  design.network.survives = sim::Network::Survives::kNothing;
  design.network.dial_timeout = 500 * sim::kMillisecond;
  if (command.says("explored")) let_wait(design);
  design.trace = sim::Trace::Keep::kLastLines;
  design.swallows_notifications = command.text_or("election", "forged") != "real";
  stage.build(design);
  if (!command.says("fresh")) provision(stage, command);
  for (const auto& replica : stage.cell().replicas()) {
    stage.cell().start(replica->id(), zab::Membership::kFresh);
  }
  return "ok\n";
}

}  // namespace holdfast::scenario
