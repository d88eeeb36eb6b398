#include "zab/learner.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {

Learner::Learner(Ground& ground, ServerId leader)
    : leader_(leader),
      kind_(ground.is_voter() ? LearnerKind::kVoter : LearnerKind::kObserver),
      since_(ground.now),
      next_dial_(ground.now),
      heard_(ground.now) {
  HOLDFAST_CHECK(leader != ground.self(), "a replica cannot follow itself");
  ground.election.settle(role(), leader, Epoch());
  announce(ground);
  // Those who chose us would wait in vain.
  for (const auto& [conn, held] : std::exchange(ground.held, {})) {
    ground.close(conn, "this replica does not lead");
  }
  dial(ground);
}

// One attempt at a time, also across roles: an earlier role's attempt is waited for.
void Learner::dial(Ground& ground) {
  if (stage_ != JoinStage::kConnecting || ground.open_dial || ground.now < next_dial_) {
    return;
  }
  dial_ = DialId(++ground.next_id);
  ground.open_dial = dial_;
  ground.out.push(Dial{*dial_, leader_});
}

void Learner::on_dial_result(Ground& ground, DialId dial, std::optional<ConnId> conn) {
  if (dial_ != dial) {
    if (conn) {
      ground.close(*conn, "the attempt belonged to an earlier role");
    }
    return;
  }
  dial_.reset();
  if (!conn) {
    next_dial_ = ground.now + std::max<Ticks>(1, ground.options.heartbeat / 4);
    return;
  }
  conn_ = *conn;
  heard_ = ground.now;
  stage_ = JoinStage::kInfoSent;
  ground.out.send(conn_, LearnerInfo{.from = ground.self(),
                                     .incarnation = ground.options.incarnation,
                                     .observer = kind_ == LearnerKind::kObserver,
                                     .membership = ground.shown_membership(),
                                     .accepted = ground.promises.accepted,
                                     .config_version = ground.options.config.version});
}

void Learner::on_peer_refused(Ground& ground, ServerId peer) {
  if (peer == leader_ && stage_ == JoinStage::kConnecting) {
    ground.leave("no process listens at replica " + to_string(peer));
  }
}

// It may have been elected and not know it yet, but not for so long: it has lost that office, or
// never took it, and holds our connection until it has another one. Who waits for it cannot elect
// anybody, and without us it may find no quorum.
void Learner::on_voter_looking(Ground& ground, ServerId voter) {
  const bool is_waiting = stage_ == JoinStage::kConnecting || stage_ == JoinStage::kInfoSent;
  if (voter == leader_ && is_waiting && ground.now - since_ > ground.options.failure_timeout) {
    ground.leave("replica " + to_string(voter) + " looks for a leader itself");
  }
}

void Learner::on_closed(Ground& ground, ConnId conn) {
  if (conn == conn_ && !conn.is_none()) {
    conn_ = ConnId();
    ground.leave("the connection to the leader is closed");
  }
}

void Learner::refuse(Ground& ground, const Message& message, std::string_view why) {
  ground.leave(zab::describe(message) + " from the leader: " + std::string(why));
}

void Learner::on_message(Ground& ground, ConnId conn, const Message& message) {
  if (conn != conn_) {
    return;  // R19
  }
  switch (learner_verdict(stage_, kind_, message.index())) {
    case Verdict::kIgnore:
      return;
    case Verdict::kClose:
      refuse(ground, message, "not expected in stage " + to_string(stage_));
      return;
    case Verdict::kHandle:
      break;
  }
  const bool agrees_on_epoch = stage_ != JoinStage::kInfoSent;
  const auto message_epoch = epoch_of(message);
  if (agrees_on_epoch && message_epoch != epoch_) {  // R9
    refuse(ground, message, "not the epoch " + to_string(epoch_) + " agreed on");
    return;
  }
  heard_ = ground.now;
  handle(ground, message);
}

void Learner::handle(Ground& ground, const Message& message) {
  if (const auto* proposal = std::get_if<Proposal>(&message)) {
    on_proposal(ground, *proposal);
  } else if (const auto* commit = std::get_if<Commit>(&message)) {
    on_commit(ground, message, commit->committed);
  } else if (const auto* ping = std::get_if<Ping>(&message)) {
    on_ping(ground, *ping);
  } else if (const auto* inform = std::get_if<Inform>(&message)) {
    on_inform(ground, *inform);
  } else if (const auto* info = std::get_if<LeaderInfo>(&message)) {
    on_leader_info(ground, *info);
  } else if (const auto* diff = std::get_if<Diff>(&message)) {
    on_diff(ground, *diff);
  } else if (const auto* trunc = std::get_if<Trunc>(&message)) {
    on_trunc(ground, *trunc);
  } else if (const auto* snap = std::get_if<Snap>(&message)) {
    on_snap(ground, *snap);
  } else if (const auto* chunk = std::get_if<SnapChunk>(&message)) {
    on_snap_chunk(ground, *chunk);
  } else if (const auto* end = std::get_if<SnapEnd>(&message)) {
    on_snap_end(ground, *end);
  } else if (const auto* newleader = std::get_if<NewLeader>(&message)) {
    on_newleader(ground, *newleader);
  } else if (const auto* up_to_date = std::get_if<UpToDate>(&message)) {
    on_up_to_date(ground, *up_to_date);
  } else {
    handle_active(ground, message);
  }
}

void Learner::handle_active(Ground& ground, const Message& message) {
  if (const auto* reply = std::get_if<ReadIndexReply>(&message)) {
    on_read_index_reply(ground, *reply);
  } else if (const auto* refused = std::get_if<RequestReply>(&message)) {
    ground.out.push(ForwardRefused{refused->payload});
  } else {
    HOLDFAST_CHECK(false, "no handler for " + zab::describe(message));
  }
}

void Learner::on_gate(Ground& ground, const Gate& gate) {
  switch (gate.action) {
    case GatedAction::kSendAckEpoch:
      stage_ = JoinStage::kEpochAcked;
      ground.out.send(conn_, AckEpoch{.epoch = epoch_,
                                      .promised = promised_,
                                      .current = ground.promises.current,
                                      .epochs = ground.log.epochs(),
                                      .floor = ground.floor()});
      return;
    case GatedAction::kSendAckNewLeader:
      stage_ = JoinStage::kSynced;
      ground.out.send(conn_, AckNewLeader{epoch_});
      return;
    case GatedAction::kSendSnapAck:
      image_.staged = gate.count;
      ground.out.send(conn_, SnapAck{epoch_, gate.count});
      return;
    case GatedAction::kLeaderAccepted:
    case GatedAction::kLeaderCurrent:
    case GatedAction::kProvisioned:
    case GatedAction::kImageInstalled:
      break;
  }
  HOLDFAST_CHECK(false, "a gate opened for a learner that is not a learner's");
}

Phase Learner::phase() const {
  if (stage_ == JoinStage::kActive) {
    return Phase::kBroadcast;
  }
  return stage_ >= JoinStage::kEpochAcked ? Phase::kSynchronization : Phase::kDiscovery;
}

// A leader pings from the moment an epoch is agreed on; before that it may have to wait for its
// quorum.
Ticks Learner::silence_limit(const Ground& ground) const {
  if (stage_ == JoinStage::kActive) {
    return ground.options.failure_timeout;
  }
  return stage_ == JoinStage::kInfoSent
             ? ground.options.init_timeout
             : std::min(ground.options.init_timeout, 2 * ground.options.failure_timeout);
}

void Learner::tick(Ground& ground) {
  if (stage_ == JoinStage::kConnecting) {
    if (ground.now - since_ > ground.options.failure_timeout) {
      ground.leave("replica " + to_string(leader_) + " cannot be reached");
      return;
    }
    dial(ground);
    return;
  }
  if (ground.now - heard_ > silence_limit(ground)) {
    ground.leave("the leader is silent");
  }
}

void Learner::flush(Ground& ground) {
  if (reads_.is_waiting() && active()) {
    ground.out.send(conn_, ReadIndex{epoch_, reads_.ask(), take_touched()});
  }
}

void Learner::depart(Ground& ground, std::string_view reason) {
  if (!conn_.is_none()) {
    ground.close(conn_, std::string(reason));
  }
  if (!active()) {
    ground.election.on_join_failed(leader_, ground.now);
  }
}

void Learner::hash_into(StateHash& hash) const {
  hash.add(leader_).add(kind_).add(stage_).add(dial_.has_value()).add(conn_);
  hash.add_time(since_).add_time(next_dial_).add_time(heard_);
  hash.add(epoch_).add(promised_).add(acked_).add(serve_at_);
  hash.add(image_.zxid).add(image_.chunks).add(image_.staged).add(image_.checksum);
  hash.add(touched_.size());
  for (const SessionId session : touched_) {
    hash.add(session);
  }
  reads_.hash_into(hash);
}

std::string Learner::describe() const {
  return to_string(role()) + " leader=" + to_string(leader_) + " epoch=" + to_string(epoch_) + " " +
         to_string(stage_) + (serve_at_.is_none() ? "" : " serve_at=" + to_string(serve_at_));
}

std::uint64_t PendingReads::ask() {
  asked_.emplace(++newest_, std::exchange(waiting_, {}));
  return newest_;
}

std::vector<std::uint64_t> PendingReads::answered(std::uint64_t question) {
  const auto at = asked_.find(question);
  if (at == asked_.end()) {
    return {};
  }
  std::vector<std::uint64_t> tags = std::move(at->second);
  asked_.erase(at);
  return tags;
}

void PendingReads::hash_into(StateHash& hash) const {
  // The numbers of questions travel, so they count as they are.
  hash.add(newest_).add(waiting_.size());
  for (const std::uint64_t tag : waiting_) {
    hash.add(tag);
  }
  for (const auto& [question, tags] : asked_) {
    hash.add(question).add(tags.size());
    for (const std::uint64_t tag : tags) {
      hash.add(tag);
    }
  }
}

}  // namespace holdfast::zab
