// What a core shows of itself: view, hash, description.

#include <string>
#include <variant>

#include "zab/core.h"
#include "zab/core_state.h"

namespace holdfast::zab {

CoreView Core::view() const {
  const Ground& ground = state_->ground;
  CoreView view{.leader = ServerId(),
                .generation = ground.generation,
                .round = ground.election.round(),
                .vote = ground.election.vote(),
                .accepted = ground.promises.accepted,
                .current = ground.promises.current,
                .membership = ground.promises.membership,
                .base = ground.log.base(),
                .last = ground.log.last(),
                .durable = ground.delivery.install_is_queued() ? ground.delivery.delivered()
                                                               : ground.log.durable(),
                .committed = ground.committed,
                .delivered = ground.delivery.delivered(),
                .applied = ground.delivery.applied(),
                .serving = ground.serving,
                .learners = {}};
  if (const auto* leader = std::get_if<Leader>(&state_->role)) {
    view.role = Role::kLeading;
    view.phase = leader->phase();
    view.leader = ground.self();
    view.established = leader->established();
    view.learners = leader->learners();
  } else if (const auto* learner = std::get_if<Learner>(&state_->role)) {
    view.role = learner->role();
    view.phase = learner->phase();
    view.leader = learner->leader();
    view.established = learner->active();
  }
  return view;
}

std::uint64_t hash_of(const CoreState& state, const Sight& sight) {
  StateHash hash(state.ground.now, sight);
  state.ground.hash_into(hash);
  hash.add(state.role.index()).add(state.has_stopped);
  if (const auto* leader = std::get_if<Leader>(&state.role)) {
    leader->hash_into(hash);
  } else if (const auto* learner = std::get_if<Learner>(&state.role)) {
    learner->hash_into(hash);
  }
  for (const Output& output : state.ground.out.waiting()) {
    hash.add(std::string_view(zab::describe(output)));
  }
  return hash.value();
}

std::uint64_t Core::hash() const {
  return hash_of(*state_, Sight());
}

std::string Core::describe() const {
  const Ground& ground = state_->ground;
  std::string text =
      "replica " + to_string(ground.self()) + " accepted=" + to_string(ground.promises.accepted) +
      " current=" + to_string(ground.promises.current) + " log{" + ground.log.describe() +
      "} committed=" + to_string(ground.committed) + " " + ground.delivery.describe() +
      " persist{" + ground.persist.describe() + "} " + (ground.serving ? "serving " : "");
  if (const auto* leader = std::get_if<Leader>(&state_->role)) {
    text += leader->describe();
  } else if (const auto* learner = std::get_if<Learner>(&state_->role)) {
    text += learner->describe();
  } else {
    text += "looking";
  }
  return text + " {" + ground.election.describe() + "}";
}

}  // namespace holdfast::zab
