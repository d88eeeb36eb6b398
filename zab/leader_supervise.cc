// The leader's sense of time: confirmation rounds, heartbeats, supervision of its learners and of
// itself (ZAB.md §3.7).

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "zab/leader.h"

namespace holdfast::zab {

void Leader::read_barrier(Ground& ground, std::uint64_t tag) {
  reads_.add(Confirmation::Barrier{.conn = ConnId(), .tag = tag, .committed = ground.committed});
}

void Leader::on_read_index(Ground& ground, ConnId conn, const ReadIndex& read) {
  Zxid index = ground.committed;
  if (!read.touched.empty()) {
    ground.out.push(Touched{read.touched});
    // A touch that comes after the expiry of its session was proposed counts for nothing. The
    // answer then stands behind that expiry, so that it cannot be taken for a lease (LOCKS.md §2.3,
    // §2.4).
    index = ground.log.last();
  }
  reads_.add(Confirmation::Barrier{.conn = conn, .tag = read.tag, .committed = index});
}

void Leader::begin_round(Ground& ground) {
  const std::uint64_t round = reads_.begin_round();
  for (auto& [conn, stream] : streams_) {
    if (stream.stage >= LearnerStage::kEpochSent) {
      stream.ping(ground, channel(conn), round);
    }
  }
  confirm_rounds(ground);
}

void Leader::on_pong(Ground& ground, ConnId conn, const Pong& pong) {
  LearnerStream& stream = streams_.at(conn);
  if (pong.round > reads_.newest() || pong.round < stream.pulse.round) {
    drop(ground, conn,
         "answers round " + std::to_string(pong.round) + " of " + std::to_string(reads_.newest()));
    return;
  }
  stream.pulse.applied = pong.applied;
  stream.pulse.free_bytes = pong.free_bytes;
  if (!pong.touched.empty()) {
    ground.out.push(Touched{pong.touched});
  }
  // Only a learner that is part of this reign can confirm it.
  if (stream.stage == LearnerStage::kActive) {
    stream.pulse.round = pong.round;
    confirm_rounds(ground);
  }
}

// R23: a quorum that answered a round begun after the read's arrival still followed us after that
// arrival, so no other leader can have been established before it and have committed anything that
// the read would miss.
void Leader::confirm_rounds(Ground& ground) {
  if (!established_) {
    return;
  }
  // A round's number stands in for a zxid: the question is the same, what a quorum has reached.
  std::map<ServerId, Zxid> answered{{ground.self(), Zxid(reads_.newest())}};
  for (const auto& [conn, stream] : streams_) {
    if (stream.stage == LearnerStage::kActive) {
      answered[stream.who.id] = Zxid(stream.pulse.round);
    }
  }
  const std::uint64_t round = ground.quorum.reached_by_quorum(answered).value;
  for (const Confirmation::Barrier& barrier : reads_.confirm(round)) {
    if (barrier.conn.is_none()) {
      ground.out.push(ReadReady{barrier.tag, barrier.committed});
    } else if (streams_.contains(barrier.conn)) {
      ground.out.send(barrier.conn, ReadIndexReply{epoch(), barrier.tag, barrier.committed});
    }
  }
}

void Leader::on_ack(Ground& ground, ConnId conn, const Ack& ack) {
  LearnerStream& stream = streams_.at(conn);
  const Zxid before = stream.match();
  if (auto reason = stream.on_ack(ground, ack.durable)) {
    drop(ground, conn, std::move(*reason));
    return;
  }
  if (!established_) {
    progress(ground);
  } else if (stream.match() != before) {
    advance_commit(ground);
  }
}

// Those who elected us come at once or not at all: they may have changed their mind
// (ZOOKEEPER-3109), and their votes may have been old when we counted them. The time for
// synchronization is for the transfer of an image and much longer; and whoever has come would wait
// with us, though the others may have a leader already.
void Leader::await_quorum(const Ground& ground) {
  deadlines_.quorum =
      ground.now + std::max(ground.options.failure_timeout, 4 * ground.options.finalize);
}

bool Leader::quorum_has_come(const Ground& ground) const {
  std::set<ServerId> come{ground.self()};
  for (const auto& [conn, stream] : streams_) {
    if (stream.who.counts) {
      come.insert(stream.who.id);
    }
  }
  return discovery_.is_quorum(come);
}

// A learner whose answer was lost with its connection has promised our epoch and cannot do so again
// (R12). When a quorum has answered and nobody's answer is still to come, waiting for more promises
// is waiting for a voter that may be dead; the next epoch is there for everybody.
bool Leader::epoch_is_spent(const Ground& ground) const {
  if (discovered_ || !accepted_durable_) {
    return false;
  }
  std::set<ServerId> answered{ground.self()};
  for (const auto& [conn, stream] : streams_) {
    if (!stream.who.counts) {
      continue;
    }
    if (stream.stage < LearnerStage::kEpochAcked) {
      return false;
    }
    answered.insert(stream.who.id);
  }
  return discovery_.is_quorum(answered);
}

void Leader::tick(Ground& ground) {
  if (established_ || quorum_has_come(ground)) {
    await_quorum(ground);
  }
  if (!established_ && ground.now > deadlines_.establish) {
    ground.leave("not established in time");
  } else if (ground.now > deadlines_.quorum) {
    ground.leave("no quorum has come");
  } else if (epoch_is_spent(ground)) {
    ground.leave("epoch " + to_string(epoch()) + " was promised before by too many");
  }
  if (ground.is_leaving() || ground.now < deadlines_.heartbeat) {
    return;
  }
  deadlines_.heartbeat = ground.now + ground.options.heartbeat;
  supervise(ground);
  if (!ground.is_leaving()) {
    begin_round(ground);
  }
}

// R24, at every heartbeat.
void Leader::supervise(Ground& ground) {
  if (established_ && !quorum_heard(ground)) {
    ground.leave("no quorum heard within the failure timeout");
    return;
  }
  std::vector<std::pair<ConnId, std::string>> late;
  for (const auto& [conn, stream] : streams_) {
    if (auto reason = stream.overdue(ground)) {
      late.emplace_back(conn, std::move(*reason));
    }
  }
  for (auto& [conn, reason] : late) {
    drop(ground, conn, std::move(reason));
  }
}

bool Leader::quorum_heard(const Ground& ground) const {
  std::set<ServerId> heard{ground.self()};
  for (const auto& [conn, stream] : streams_) {
    const bool counts = stream.who.counts || stream.stage >= LearnerStage::kNewLeaderAcked;
    if (counts && stream.stage >= LearnerStage::kEpochSent &&
        ground.now - stream.pulse.heard <= ground.options.failure_timeout) {
      heard.insert(stream.who.id);
    }
  }
  return ground.quorum.is_quorum(heard);
}

}  // namespace holdfast::zab
