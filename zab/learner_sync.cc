// The learner's way from LEADERINFO to UPTODATE (ZAB.md §3.2, §3.4).

#include <algorithm>
#include <utility>

#include "zab/base/check.h"
#include "zab/base/hash.h"
#include "zab/learner.h"

namespace holdfast::zab {

namespace {

// Of an image, not yet staged; leaders of other releases may have larger windows than we.
constexpr std::uint64_t kChunksAheadMin = 16;

}  // namespace

void Learner::on_leader_info(Ground& ground, const LeaderInfo& info) {
  const bool is_voter = kind_ == LearnerKind::kVoter;
  const bool fresh_voter = is_voter && ground.promises.membership == Membership::kFresh;
  if (fresh_voter && !info.bootstrap) {
    ground.stop(rejoin_advice(leader_));
    return;
  }
  if (info.bootstrap && !(is_voter && ground.shown_membership() == Membership::kFresh)) {
    refuse(ground, info, "this replica is no part of a first start");
    return;
  }
  if (info.epoch.is_none() || info.epoch.value > ground.options.epoch_max) {
    refuse(ground, info, "an epoch outside the limits");
    return;
  }
  if (info.epoch < ground.promises.accepted) {
    ground.leave("epoch " + to_string(info.epoch) + " of the leader is below the accepted " +
                 to_string(ground.promises.accepted));
    return;
  }
  epoch_ = info.epoch;
  stage_ = JoinStage::kAccepting;
  // R12: an epoch that was accepted before may have been accepted from another leader; the answer
  // says so.
  promised_ = info.epoch > ground.promises.accepted;
  if (promised_) {
    ground.set_accepted(SetAcceptedEpoch{.epoch = info.epoch, .provisions = fresh_voter});
  }
  // The answer describes our log, so everything queued before it has to be durable too (ZAB.md
  // §1.4).
  ground.gate(GatedAction::kSendAckEpoch, 0);
  announce(ground);
}

void Learner::begin_entries(Ground& ground) {
  stage_ = JoinStage::kEntries;
  acked_ = ground.log.last();
  announce(ground);
}

void Learner::on_diff(Ground& ground, const Diff& diff) {
  if (diff.from != ground.log.last()) {
    refuse(ground, diff, "our log ends at " + to_string(ground.log.last()));
    return;
  }
  begin_entries(ground);
}

void Learner::on_trunc(Ground& ground, const Trunc& trunc) {
  const Zxid safe = std::max(ground.floor(), std::min(ground.committed, ground.log.last()));
  if (trunc.to < safe) {
    // Nothing can be right here: a leader lacks what was committed. Going on would lose it for
    // good.
    ground.stop("leader " + to_string(leader_) +
                " asks to forget committed entries: its history ends at " + to_string(trunc.to) +
                ", committed here " + to_string(safe));
    return;
  }
  if (!ground.log.holds(trunc.to) || trunc.to == ground.log.last()) {
    refuse(ground, trunc, "no place to truncate in " + ground.log.describe());
    return;
  }
  ground.truncate(trunc.to);
  begin_entries(ground);
}

// R16: images stand at committed zxids, so a leader whose image is older than what was delivered
// here lacks what is committed.
bool Learner::is_older_than_delivered(Ground& ground, Zxid image) const {
  if (image >= ground.floor()) {
    return false;
  }
  ground.stop("leader " + to_string(leader_) + " sends an image at " + to_string(image) + ", but " +
              to_string(ground.floor()) + " is committed here");
  return true;
}

void Learner::on_snap(Ground& ground, const Snap& snap) {
  if (is_older_than_delivered(ground, snap.zxid)) {
    return;
  }
  if (snap.zxid.epoch() > epoch_) {
    refuse(ground, snap, "an image of a later epoch");
    return;
  }
  if (snap.zxid.epoch().is_none() && !snap.zxid.is_none()) {
    refuse(ground, snap, "epoch 0 has no entries");
    return;
  }
  stage_ = JoinStage::kImage;
  image_ = IncomingImage{.zxid = snap.zxid, .checksum = kHashSeed};
  ground.persist.push(BeginImage{snap.zxid}, ground.out);
  announce(ground);
}

void Learner::on_snap_chunk(Ground& ground, const SnapChunk& chunk) {
  if (chunk.bytes.size() == 0) {
    refuse(ground, chunk, "an empty chunk");
    return;
  }
  // A leader keeps to its own window; what is beyond any window would only fill our memory.
  const std::uint64_t window = 4 * std::uint64_t{ground.options.snap_chunks_in_flight};
  if (image_.chunks - image_.staged >= std::max(window, kChunksAheadMin)) {
    refuse(ground, chunk, "more chunks than were acknowledged may be followed by");
    return;
  }
  ++image_.chunks;
  image_.checksum = hash_bytes(chunk.bytes.view(), image_.checksum);
  ground.persist.push(StageChunk{chunk.bytes}, ground.out);
  ground.gate(GatedAction::kSendSnapAck, image_.chunks);
}

void Learner::on_snap_end(Ground& ground, const SnapEnd& end) {
  if (end.chunks != image_.chunks || end.checksum != image_.checksum) {
    refuse(ground, end, "the image received is not the one sent");
    return;
  }
  // A read of the log that an earlier role began may have delivered more meanwhile.
  if (is_older_than_delivered(ground, image_.zxid)) {
    return;
  }
  ground.install(image_.zxid);  // R5
  ground.raise_committed(image_.zxid);
  begin_entries(ground);
}

void Learner::on_newleader(Ground& ground, const NewLeader& newleader) {
  if (newleader.last != ground.log.last()) {
    refuse(ground, newleader, "our log ends at " + to_string(ground.log.last()));
    return;
  }
  stage_ = JoinStage::kFinishing;
  // Behind the history in the one queue: the epoch is never durable without it (ZOOKEEPER-4643),
  // and the acknowledgement waits for both (ZOOKEEPER-3911, 4646, 4785).
  const bool provisions = ground.promises.membership != Membership::kProvisioned;
  ground.set_current(SetCurrentEpoch{.epoch = epoch_, .provisions = provisions});
  ground.gate(GatedAction::kSendAckNewLeader, 0);
}

void Learner::on_up_to_date(Ground& ground, const UpToDate& up_to_date) {
  // R20: the leader's commit point of this moment. Entries up to it may still be on their way
  // behind this message; they are then of this epoch, and are known to be committed as they come.
  const Zxid committed = up_to_date.committed;
  const bool is_ahead =
      committed > ground.log.last() && committed.epoch() == epoch_ && committed.counter() > 0;
  if (!is_ahead && committed > ground.committed && !ground.log.holds(committed)) {
    refuse(ground, up_to_date, "a commit point that is no entry");
    return;
  }
  stage_ = JoinStage::kActive;
  serve_at_ = committed;
  ground.raise_committed(std::min(committed, ground.log.last()));
  ground.election.settle(role(), leader_, epoch_);
  ground.election.on_join_succeeded();
  announce(ground);
  serve_if_ready(ground);
}

}  // namespace holdfast::zab
