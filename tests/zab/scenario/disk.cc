#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {

using sim::Replica;

std::string persist(Stage& stage, const Command& command) {
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    Replica& replica = stage.cell().replica(id);
    const std::uint64_t queued = replica.disk().queued().size();
    const std::uint64_t ops = command.is_all("ops") ? queued : command.number("ops");
    if (queued > 0 && ops > 0) replica.persist(ops);
  }
  return "";
}

std::string apply(Stage& stage, const Command& command) {
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    Replica& replica = stage.cell().replica(id);
    while (replica.has_to_apply()) replica.carry_out(Replica::Chore::kApply);
  }
  return "";
}

std::string answer(Stage& stage, const Command& command) {
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    Replica& replica = stage.cell().replica(id);
    while (replica.has_to_answer()) replica.carry_out(Replica::Chore::kAnswer);
  }
  return "";
}

std::string sync_image(Stage& stage, const Command& command) {
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    stage.cell().replica(id).carry_out(Replica::Chore::kImageSync);
  }
  return "";
}

std::string purge(Stage& stage, const Command& command) {
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    stage.cell().replica(id).input([&](zab::Core& core) { core.purge(command.zxid("through")); });
  }
  return "";
}

std::string queue(Stage& stage, const Command& command) {
  std::string out;
  for (const ServerId id : stage.servers_or_all(command, "at")) {
    for (const zab::Persist& persist : stage.cell().replica(id).disk().queued()) {
      out += to_string(id) + " #" + to_string(persist.token) + " " + describe(persist.op) + "\n";
    }
  }
  return out;
}

}  // namespace holdfast::scenario
