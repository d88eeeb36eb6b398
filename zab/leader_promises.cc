// The leader's discovery phase: from the first connection to a quorum of promises (ZAB.md §3.2).

#include <utility>

#include "zab/base/check.h"
#include "zab/leader.h"
#include "zab/log_view.h"

namespace holdfast::zab {

std::optional<std::string> Leader::refusal(const Ground& ground, const LearnerInfo& info) const {
  const Config& config = ground.options.config;
  if (info.from == ground.self() || !config.is_member(info.from)) {
    return "replica " + to_string(info.from) + " is no other member of this cell";
  }
  if (info.observer == config.is_voter(info.from)) {
    return "replica " + to_string(info.from) + " mistakes its place in this cell";
  }
  if (info.accepted.value > ground.options.epoch_max) {
    return "accepted epoch " + to_string(info.accepted) + " is beyond the limit";
  }
  return std::nullopt;
}

void Leader::on_info(Ground& ground, ConnId conn, const LearnerInfo& info) {
  if (auto reason = refusal(ground, info)) {
    drop(ground, conn, std::move(*reason));
    return;
  }
  if (info.config_version > ground.options.config.version) {
    ground.leave("replica " + to_string(info.from) + " has a newer configuration");
    return;
  }
  // Once established, the first leader of a cell is a leader like all others: its voters come back
  // as provisioned ones.
  const bool bootstrap = discovery_.kind() == Discovery::Kind::kBootstrap && !established_;
  ground.note_membership(info.from, info.membership);
  if (bootstrap && ground.cell_lives) {
    if (ground.promises.membership == Membership::kFresh) {
      ground.stop(rejoin_advice(info.from));
    } else {
      ground.leave("replica " + to_string(info.from) + " belongs to a cell that lives already");
    }
    return;
  }
  // R10: one stream a learner; what its older connection still delivers is stale (R19).
  for (auto at = streams_.begin(); at != streams_.end();) {
    const ConnId other = at->first;
    const bool is_older = other != conn && at->second.stage != LearnerStage::kWaitInfo &&
                          at->second.who.id == info.from;
    ++at;
    if (is_older) {
      drop(ground, other, "the learner has come again");
    }
  }
  LearnerStream& stream = streams_.at(conn);
  stream.stage = LearnerStage::kInfo;
  // R8: what a quorum may rely on. Observers count nowhere (ZOOKEEPER-769).
  const Membership countable = bootstrap ? Membership::kFresh : Membership::kProvisioned;
  stream.who = LearnerStream::Identity{.id = info.from,
                                       .observer = info.observer,
                                       .counts = !info.observer && info.membership == countable};
  ground.highest_seen = std::max(ground.highest_seen, info.accepted);
  if (discovery_.epoch() && info.accepted > epoch()) {
    // It can never follow this epoch, so only a higher one brings it back. Rare, and once for each
    // such promise: it takes a leader that failed after it had told its epoch to few.
    ground.leave("replica " + to_string(info.from) + " has promised epoch " +
                 to_string(info.accepted));
    return;
  }
  if (stream.who.counts && discovery_.add_info(info.from, info.accepted)) {
    progress(ground);
  }
  advance_discovery(ground);
  send_leader_infos(ground);
}

void Leader::advance_discovery(Ground& ground) {
  if (discovery_.epoch()) {
    return;
  }
  const auto chosen = discovery_.choose_epoch(ground.highest_seen);
  if (!chosen) {
    return;
  }
  if (chosen->value > ground.options.epoch_max) {
    ground.stop("epoch " + to_string(*chosen) + " is beyond the limit of " +
                std::to_string(ground.options.epoch_max) + ": the cell has used up its epochs");
    return;
  }
  // R11: our own promise is durable before anybody hears of the epoch.
  const bool bootstrap = discovery_.kind() == Discovery::Kind::kBootstrap;
  ground.set_accepted(SetAcceptedEpoch{.epoch = *chosen, .provisions = bootstrap});
  ground.gate(GatedAction::kLeaderAccepted, 0);
  ground.announce(Role::kLeading, phase(), epoch(), ground.self());
}

// R10: LEADERINFO goes once to each connection, when it is in kInfo. Observers and replicas that
// may not be counted are told only when the leader is established: so they never promise an epoch
// that comes to nothing, and no quorum of this epoch rests on them (R8).
void Leader::send_leader_infos(Ground& ground) {
  for (auto& [conn, stream] : streams_) {
    const bool may_go = stream.who.counts ? accepted_durable_ : established_;
    if (stream.stage == LearnerStage::kInfo && may_go) {
      stream.stage = LearnerStage::kEpochSent;
      stream.pulse.heard = ground.now;  // It was silent because it waited for us.
      const bool bootstrap = discovery_.kind() == Discovery::Kind::kBootstrap && !established_;
      ground.out.send(conn, LeaderInfo{epoch(), bootstrap && stream.who.counts});
    }
  }
}

void Leader::on_ack_epoch(Ground& ground, ConnId conn, const AckEpoch& ack) {
  LearnerStream& stream = streams_.at(conn);
  LearnerLog log{ack.epochs, ack.floor};
  if (!valid_epochs(log) || ack.current > ack.epoch || last_of(ack.epochs).epoch() > ack.epoch) {
    drop(ground, conn, "an impossible history in " + zab::describe(ack));
    return;
  }
  // R13, for every promise until establishment: a voter that was wiped may have been missing in the
  // quorum. The epoch is compared first. Our own log does not grow before establishment, so its end
  // is that of the election.
  const auto theirs = std::pair(ack.current, last_of(ack.epochs));
  const auto ours = std::pair(elected_current_, ground.log.last());
  if (stream.who.counts && !established_ && theirs > ours) {
    ground.leave("voter " + to_string(stream.who.id) + " has a newer history: epoch " +
                 to_string(theirs.first) + " through " + to_string(theirs.second));
    return;
  }
  stream.on_ack_epoch(std::move(log));
  // R12: a learner that had accepted the epoch before may have done so for another leader.
  if (stream.who.counts && ack.promised && discovery_.add_promise(stream.who.id)) {
    progress(ground);
  }
  if (discovered_) {
    stream.begin_sync(ground, channel(conn));
  } else {
    finish_discovery(ground);
  }
}

void Leader::finish_discovery(Ground& ground) {
  if (discovered_ || !accepted_durable_ || !discovery_.is_complete()) {
    return;
  }
  discovered_ = true;
  initial_last_ = ground.log.last();
  // Behind our whole history in the one queue, so that the epoch is never durable without it.
  ground.set_current(SetCurrentEpoch{.epoch = epoch(), .provisions = false});
  ground.gate(GatedAction::kLeaderCurrent, 0);
  ground.announce(Role::kLeading, phase(), epoch(), ground.self());
  progress(ground);
  for (auto& [conn, stream] : streams_) {
    if (stream.stage == LearnerStage::kEpochAcked) {
      stream.begin_sync(ground, channel(conn));
    }
  }
}

}  // namespace holdfast::zab
