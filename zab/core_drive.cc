#include "zab/core_drive.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace holdfast::zab {

namespace {

std::optional<Election::Join> take_result(CoreState& state, Election::Result result) {
  Ground& ground = state.ground;
  for (Notify& notify : result.notify) {
    ground.out.push(std::move(notify));
  }
  if (result.fatal) {
    ground.stop(std::move(*result.fatal));
    return std::nullopt;
  }
  return result.join;
}

// Leaves the role and closes its connections at once.
void look(CoreState& state, std::string_view reason) {
  Ground& ground = state.ground;
  if (ground.serving) {
    ground.serving = false;
    ground.out.push(StopServing{});
  }
  if (auto* leader = std::get_if<Leader>(&state.role)) {
    leader->depart(ground, reason);
  } else if (auto* learner = std::get_if<Learner>(&state.role)) {
    learner->depart(ground, reason);
  }
  ground.departure.reset();
  ++ground.generation;  // Gated effects of the old role are void (R4); its writes stand.
  state.role = Looking{};
  ground.announce(Role::kLooking, Phase::kElection, Epoch(), ServerId());
}

void begin_role(CoreState& state, ServerId leader) {
  Ground& ground = state.ground;
  ++ground.generation;
  if (leader == ground.self()) {
    state.role = Leader(ground);
  } else {
    state.role = Learner(ground, leader);
  }
  for (Notify& notify : ground.election.tell_settled(ground.election_self())) {
    ground.out.push(std::move(notify));
  }
}

void open_gate(CoreState& state, const Gate& gate) {
  Ground& ground = state.ground;
  if (gate.action == GatedAction::kProvisioned) {
    ground.promises.membership = Membership::kProvisioned;
  } else if (gate.action == GatedAction::kImageInstalled) {
    ground.delivery.on_installed(gate.zxid, ground.out);
  } else if (gate.generation != ground.generation) {
    return;
  } else if (auto* leader = std::get_if<Leader>(&state.role)) {
    leader->on_gate(ground, gate);
  } else if (auto* learner = std::get_if<Learner>(&state.role)) {
    learner->on_gate(ground, gate);
  }
}

}  // namespace

void settle(CoreState& state, Election::Result result) {
  Ground& ground = state.ground;
  std::optional<Election::Join> join = take_result(state, std::move(result));
  while (true) {
    if (ground.fatal) {
      if (!state.has_stopped) {
        state.has_stopped = true;
        ground.out.push(Fatal{*ground.fatal});
      }
      return;
    }
    if (ground.departure) {
      const std::string reason = ground.departure->reason;
      look(state, reason);
      join = take_result(state, ground.election.look(ground.election_self(), ground.now));
    } else if (join) {
      begin_role(state, std::exchange(join, std::nullopt)->leader);
    } else if (const auto gate = ground.persist.take_ready()) {
      open_gate(state, *gate);
    } else {
      return;
    }
  }
}

void settle(CoreState& state) {
  settle(state, Election::Result());
}

void flush(CoreState& state) {
  Ground& ground = state.ground;
  auto* leader = std::get_if<Leader>(&state.role);
  auto* learner = std::get_if<Learner>(&state.role);
  if (leader != nullptr) {
    leader->flush(ground);
  } else if (learner != nullptr) {
    learner->flush(ground);
  }
  ground.persist.flush(ground.out);
  const bool may_deliver =
      (leader != nullptr && leader->established()) || (learner != nullptr && learner->active());
  if (may_deliver) {
    ground.delivery.pump(ground.log,
                         Delivery::Bounds{.committed = ground.committed,
                                          .run_bytes = ground.options.proposal_run_bytes},
                         ground.next_id, ground.out);
  }
  ground.log.trim(ground.delivery.delivered());
}

}  // namespace holdfast::zab
