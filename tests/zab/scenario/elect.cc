#include <algorithm>
#include <array>

#include "tests/sim/elector.h"
#include "tests/zab/scenario/verbs.h"
#include "zab/base/check.h"

namespace holdfast::scenario {
namespace {

zab::Role parse_role(const std::string& text) {
  constexpr std::array kRoles = {zab::Role::kLooking, zab::Role::kFollowing, zab::Role::kLeading,
                                 zab::Role::kObserving};
  const auto* const found = std::find_if(
      kRoles.begin(), kRoles.end(), [&](zab::Role role) { return zab::to_string(role) == text; });
  HOLDFAST_CHECK(found != kRoles.end(), "no such role: " + text);
  return *found;
}

}  // namespace

std::string elect(Stage& stage, const Command& command) {
  sim::Replica& leader = stage.cell().replica(command.server("leader"));
  sim::forge_election(stage.cell(), leader, leader);
  for (const ServerId id : stage.servers_or_all(command, "quorum")) {
    if (id != leader.id()) sim::forge_election(stage.cell(), stage.cell().replica(id), leader);
  }
  return "";
}

std::string notify(Stage& stage, const Command& command) {
  const ServerId from = command.server("from");
  const zab::Notification forged{
      .from = from,
      .incarnation = stage.cell().replica(from).incarnation(),
      .role = parse_role(command.text_or("role", "looking")),
      .vote = {.epoch = Epoch(static_cast<std::uint32_t>(command.number_or("epoch", 0))),
               .zxid = command.zxid("zxid"),
               .leader = command.server("leader")},
      .round = command.number_or("round", 1),
      .membership = zab::Membership::kProvisioned,
      .config_version = Zxid()};
  stage.cell().forge(command.server("to"), forged);
  return "";
}

}  // namespace holdfast::scenario
