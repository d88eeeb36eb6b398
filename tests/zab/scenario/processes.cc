#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {

std::string crash(Stage& stage, const Command& command) {
  const ServerId id = command.server_at(0);
  if (!stage.cell().replica(id).is_running()) return "it is down already\n";
  stage.cell().crash({.server = id,
                      .survivors = {.ops = command.number_or("keep", 0),
                                    .torn_entries = command.number_or("torn", 0)},
                      .silent = command.says("silent")});
  return "";
}

std::string restart(Stage& stage, const Command& command) {
  const ServerId id = command.server_at(0);
  if (stage.cell().replica(id).is_running()) return "it runs already\n";
  const bool rejoins = command.says("rejoin");
  stage.cell().start(id, rejoins ? zab::Membership::kRejoining : zab::Membership::kFresh);
  return "";
}

std::string wipe(Stage& stage, const Command& command) {
  const ServerId id = command.server_at(0);
  if (stage.cell().replica(id).is_running()) return "it runs\n";
  stage.cell().wipe(id);
  return "";
}

std::string resign(Stage& stage, const Command& command) {
  stage.cell().replica(command.server_at(0)).input([](zab::Core& core) {
    core.resign("the operator said so");
  });
  return "";
}

}  // namespace holdfast::scenario
