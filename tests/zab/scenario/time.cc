#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {
namespace {

constexpr std::uint64_t kStepMs = 10;

void tick_all(Stage& stage, const std::vector<ServerId>& at) {
  for (const ServerId id : at) {
    sim::Replica& replica = stage.cell().replica(id);
    if (replica.is_running()) replica.carry_out(sim::Replica::Chore::kTick);
  }
}

void pass(Stage& stage, std::uint64_t ms) {
  stage.cell().advance_to(stage.cell().now() + static_cast<sim::SimTime>(ms) * sim::kMillisecond);
}

}  // namespace

std::string tick(Stage& stage, const Command& command) {
  pass(stage, command.number("ms"));
  tick_all(stage, stage.servers_or_all(command, "at"));
  return "";
}

std::string run(Stage& stage, const Command& command) {
  const std::vector<ServerId> only = stage.servers_or_all(command, "only");
  stage.settle(only);
  for (std::uint64_t ms = 0; ms < command.number("ms"); ms += kStepMs) {
    pass(stage, kStepMs);
    tick_all(stage, only);
    stage.settle(only);
  }
  return "";
}

std::string stabilize(Stage& stage, const Command& command) {
  stage.settle(stage.servers_or_all(command, "only"));
  return "";
}

}  // namespace holdfast::scenario
