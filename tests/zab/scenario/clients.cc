#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {

std::string propose(Stage& stage, const Command& command) {
  sim::Replica& at = stage.cell().replica(command.server("at"));
  for (std::uint64_t i = 0; i < command.number_or("count", 1); ++i) {
    const auto result = at.propose(SharedBytes("command of " + to_string(at.id())));
    const auto* refused = std::get_if<zab::NotProposed>(&result);
    if (refused == nullptr) continue;
    return *refused == zab::NotProposed::kFull ? "refused: full\n" : "refused: not the leader\n";
  }
  return "";
}

std::string read(Stage& stage, const Command& command) {
  const std::uint64_t tag = command.number_or("tag", 1);
  const bool taken = stage.cell().replica(command.server("at")).read_barrier(tag);
  return taken ? "" : "refused: not serving\n";
}

std::string forward(Stage& stage, const Command& command) {
  sim::Replica& at = stage.cell().replica(command.server("at"));
  bool taken = false;
  at.input([&](zab::Core& core) {
    taken = core.forward(SharedBytes("request of " + to_string(at.id())));
  });
  return taken ? "" : "refused: no leader\n";
}

}  // namespace holdfast::scenario
