#include "zab/invariants.h"

#include <set>
#include <string_view>
#include <variant>

namespace holdfast::zab {

namespace {

using Broken = std::optional<std::string>;

// The texts are made only for what is broken, because these checks run after every input.
Broken broken(std::string_view what, std::string_view state) {
  return std::string(what) + ": " + std::string(state);
}

Broken check_epochs(const Ground& ground) {
  const Promises& promises = ground.promises;
  const auto text = [&] {
    return "accepted=" + to_string(promises.accepted) + " current=" + to_string(promises.current) +
           " " + ground.log.describe();
  };
  if (promises.accepted < promises.current) {
    return broken("accepted >= current (R2)", text());
  }
  if (promises.accepted < ground.log.last().epoch()) {
    return broken("accepted >= epoch of the last entry (R2)", text());
  }
  if (promises.accepted.value > ground.options.epoch_max) {
    return broken("epochs stay within their limit (R1)", text());
  }
  return std::nullopt;
}

Broken check_positions(const Ground& ground) {
  const LogView& log = ground.log;
  const Delivery& delivery = ground.delivery;
  const auto text = [&] {
    return log.describe() + " committed=" + to_string(ground.committed) + " " + delivery.describe();
  };
  if (log.base() > log.durable() || log.durable() > log.last()) {
    return broken("base <= durable <= last", text());
  }
  if (delivery.applied() > delivery.delivered()) {
    return broken("applied <= delivered", text());
  }
  if (delivery.delivered() > ground.committed) {
    return broken("delivered <= committed", text());
  }
  if (delivery.installing()) {
    return std::nullopt;  // The log already stands on the image that the state machine has yet to
                          // load.
  }
  if (delivery.delivered() > log.durable()) {
    return broken("delivered <= durable", text());
  }
  if (log.base() > delivery.applied()) {
    return broken("base <= applied", text());
  }
  if (delivery.image_durable() < log.base()) {
    return broken("base <= the durable image", text());
  }
  if (!log.holds(delivery.delivered())) {
    return broken("what was delivered is in the log", text());
  }
  return std::nullopt;
}

Broken check_stream(const Ground& ground, const LearnerStream& stream) {
  if (stream.stage < LearnerStage::kSyncing) {
    return stream.match().is_none() ? Broken()
                                    : broken("no match before NEWLEADER (R18)", stream.describe());
  }
  if (stream.match() > stream.cursor() || stream.cursor() > ground.log.last()) {
    return broken("match <= cursor <= last", stream.describe() + " " + ground.log.describe());
  }
  if (stream.stage == LearnerStage::kSyncing && !stream.match().is_none()) {
    return broken("acknowledgements count only after ACK_NEWLEADER (R18)", stream.describe());
  }
  const bool is_opening = stream.transfer() && !stream.transfer()->opened;
  if (!is_opening && !ground.log.holds(stream.cursor())) {
    return broken("the log holds what a learner needs next (R14)",
                  stream.describe() + " " + ground.log.describe());
  }
  return std::nullopt;
}

Broken check_leader(const Ground& ground, const Leader& leader) {
  if (!ground.is_voter() || ground.promises.membership == Membership::kRejoining) {
    return broken("only replicas that count lead (R8)", leader.describe());
  }
  if (leader.established() && leader.epoch() != ground.promises.current) {
    return broken("a leader has made its epoch its own before it is established",
                  leader.describe());
  }
  if (leader.established() != ground.serving) {
    return broken("a leader serves exactly when established", leader.describe());
  }
  if (!leader.established() && ground.log.last().epoch() >= leader.epoch() &&
      !leader.epoch().is_none()) {
    return broken("no proposal before establishment", leader.describe() + ground.log.describe());
  }
  std::set<ServerId> learners;
  for (const auto& [conn, stream] : leader.streams()) {
    if (Broken what = check_stream(ground, stream)) {
      return what;
    }
    const bool is_named = stream.stage != LearnerStage::kWaitInfo;
    if (is_named && !learners.insert(stream.who.id).second) {
      return broken("one stream for each learner (R10)", leader.describe());
    }
    if (stream.stage == LearnerStage::kActive && !leader.established()) {
      return broken("UPTODATE only after establishment", leader.describe());
    }
    if (is_named && !stream.who.counts && stream.stage > LearnerStage::kInfo &&
        !leader.established()) {
      return broken("who may not be counted waits for establishment (R8)", leader.describe());
    }
  }
  return std::nullopt;
}

Broken check_learner(const Ground& ground, const Learner& learner) {
  if (learner.stage() >= JoinStage::kAccepting && learner.epoch() != ground.promises.accepted) {
    return broken("a learner follows the epoch that it accepted", learner.describe());
  }
  if (learner.stage() >= JoinStage::kFinishing && learner.epoch() != ground.promises.current) {
    return broken("NEWLEADER makes the epoch the learner's own", learner.describe());
  }
  if (ground.serving && !learner.active()) {
    return broken("a learner serves only after UPTODATE", learner.describe());
  }
  return std::nullopt;
}

}  // namespace

Milestones milestones_of(const CoreState& state) {
  const Ground& ground = state.ground;
  const auto* leader = std::get_if<Leader>(&state.role);
  return Milestones{
      .accepted = ground.promises.accepted,
      .current = ground.promises.current,
      .committed = ground.committed,
      .delivered = ground.delivery.delivered(),
      .applied = ground.delivery.applied(),
      .image_durable = ground.delivery.image_durable(),
      .base = ground.log.base(),
      .persisted = ground.persist.completed(),
      .generation = ground.generation,
      .role = state.role.index(),
      .leading = leader != nullptr && leader->established() ? leader->epoch() : Epoch()};
}

std::optional<std::string> check_basic(const CoreState& state) {
  if (state.has_stopped) {
    return std::nullopt;  // Nothing of it will be used again.
  }
  const Ground& ground = state.ground;
  if (ground.is_leaving()) {
    return broken("an input leaves no departure undone",
                  ground.departure ? ground.departure->reason : "");
  }
  if (Broken what = check_epochs(ground)) {
    return what;
  }
  if (Broken what = check_positions(ground)) {
    return what;
  }
  if (const auto* leader = std::get_if<Leader>(&state.role)) {
    return check_leader(ground, *leader);
  }
  if (const auto* learner = std::get_if<Learner>(&state.role)) {
    return check_learner(ground, *learner);
  }
  return ground.serving ? broken("nobody serves while looking", "") : Broken();
}

std::optional<std::string> check_delta(const Milestones& before, const Milestones& after) {
  const auto text = [](auto from, auto to) { return to_string(from) + " -> " + to_string(to); };
  if (after.accepted < before.accepted) {
    return broken("accepted never decreases", text(before.accepted, after.accepted));
  }
  if (after.current < before.current) {
    return broken("current never decreases", text(before.current, after.current));
  }
  if (after.committed < before.committed) {
    return broken("committed never decreases", text(before.committed, after.committed));
  }
  if (after.delivered < before.delivered) {
    return broken("delivered never decreases", text(before.delivered, after.delivered));
  }
  if (after.applied < before.applied) {
    return broken("applied never decreases", text(before.applied, after.applied));
  }
  if (after.image_durable < before.image_durable) {
    return broken("the durable image never goes back",
                  text(before.image_durable, after.image_durable));
  }
  if (after.base < before.base) {
    return broken("the base never goes back", text(before.base, after.base));
  }
  if (after.persisted < before.persisted) {
    return broken("the persist queue only moves forward", text(before.persisted, after.persisted));
  }
  if (after.role != before.role && after.generation == before.generation) {
    return broken("a change of role is a new generation (R4)", std::to_string(after.generation));
  }
  if (!before.leading.is_none() && !after.leading.is_none() && before.leading != after.leading &&
      before.generation == after.generation) {
    return broken("one reign has one epoch", text(before.leading, after.leading));
  }
  return std::nullopt;
}

}  // namespace holdfast::zab
