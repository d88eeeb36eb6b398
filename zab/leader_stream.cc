#include "zab/leader_stream.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"
#include "zab/log_view.h"

namespace holdfast::zab {

namespace {

// What an entry costs in a message beside its payload.
constexpr std::size_t kEntryOverheadBytes = 32;

std::size_t bytes_of(const std::vector<Entry>& entries) {
  std::size_t bytes = 0;
  for (const Entry& entry : entries) {
    bytes += entry.payload.size() + kEntryOverheadBytes;
  }
  return bytes;
}

}  // namespace

void LearnerStream::on_ack_epoch(LearnerLog log) {
  stage = LearnerStage::kEpochAcked;
  log_ = std::move(log);
}

void LearnerStream::begin_sync(Ground& ground, const Channel& channel) {
  HOLDFAST_CHECK(stage == LearnerStage::kEpochAcked, describe());
  stage = LearnerStage::kSyncing;
  pulse.progress = ground.now;
  // The learner holds the initial history when it has come this far: before establishment all of
  // our log, afterwards our log of this moment. An observer is only ever sent what is committed.
  newleader_last_ = who.observer ? ground.committed : ground.log.last();
  const SyncCost cost{.image_bytes = ground.image_bytes,
                      .snap_percent = ground.options.snap_percent};
  const SyncPlan plan = plan_sync(ground.log, log_, cost);
  if (plan.mode == SyncPlan::Mode::kSnap) {
    transfer_ = ImageTransfer{.id = ++ground.next_id, .checksum = kHashSeed};
    ground.out.push(OpenImage{transfer_->id});
    return;
  }
  start_entries(ground, channel, plan.from);
}

void LearnerStream::start_entries(Ground& ground, const Channel& channel, Zxid from) {
  if (from == last_of(log_.epochs)) {
    ground.out.send(channel.conn, Diff{channel.epoch, from});
  } else {
    ground.out.send(channel.conn, Trunc{channel.epoch, from});
  }
  cursor_ = acked_ = from;
  newleader_last_ = std::max(newleader_last_, from);
}

void LearnerStream::pump(Ground& ground, const Channel& channel) {
  if (stage < LearnerStage::kSyncing || reading_) {
    return;
  }
  if (transfer_) {
    pump_image(ground);
    return;
  }
  const Zxid end = who.observer ? std::max(ground.committed, newleader_last_) : ground.log.last();
  while (true) {
    if (!newleader_sent_ && cursor_ == newleader_last_) {
      ground.out.send(channel.conn, NewLeader{channel.epoch, newleader_last_});
      newleader_sent_ = true;
    }
    const Zxid through = newleader_sent_ ? end : newleader_last_;
    if (cursor_ >= through || in_flight_bytes_ >= ground.options.learner_in_flight_bytes) {
      return;
    }
    auto run = ground.log.slice(cursor_, through, ground.options.proposal_run_bytes);
    if (!run) {
      reading_ = ++ground.next_id;
      ground.out.push(ReadLog{*reading_, cursor_, std::min(through, ground.log.durable()),
                              ground.options.proposal_run_bytes});
      return;
    }
    send_run(ground, channel, std::move(*run));
  }
}

void LearnerStream::send_run(Ground& ground, const Channel& channel, std::vector<Entry> entries) {
  HOLDFAST_CHECK(entries.front().prev == cursor_, "the stream stands at " + to_string(cursor_) +
                                                      " and was given " +
                                                      to_string(entries.front().zxid));
  const SentRun run{entries.back().zxid, bytes_of(entries), ground.now};
  cursor_ = run.last;
  in_flight_.push_back(run);
  in_flight_bytes_ += run.bytes;
  if (stage == LearnerStage::kSyncing) {
    pulse.progress = ground.now;
  }
  if (who.observer) {
    ground.out.send(channel.conn, Inform{channel.epoch, std::move(entries)});
    return;
  }
  const Zxid committed = committed_for(ground);
  committed_sent_ = std::max(committed_sent_, committed);
  ground.out.send(channel.conn, Proposal{channel.epoch, std::move(entries), committed});
}

Zxid LearnerStream::committed_for(const Ground& ground) const {
  return std::min(ground.committed, cursor_);
}

void LearnerStream::flush_commit(Ground& ground, const Channel& channel) {
  const Zxid committed = committed_for(ground);
  if (stage == LearnerStage::kActive && !who.observer && committed > committed_sent_) {
    committed_sent_ = committed;
    ground.out.send(channel.conn, Commit{channel.epoch, committed});
  }
}

void LearnerStream::ping(Ground& ground, const Channel& channel, std::uint64_t round) {
  const Zxid committed = transfer_ ? Zxid() : committed_for(ground);
  committed_sent_ = std::max(committed_sent_, committed);
  ground.out.send(channel.conn, Ping{channel.epoch, round, committed});
}

void LearnerStream::on_ack_newleader() {
  stage = LearnerStage::kNewLeaderAcked;
  acked_ = std::max(acked_, newleader_last_);
  match_ = acked_;
  forget_acknowledged();
}

void LearnerStream::forget_acknowledged() {
  while (!in_flight_.empty() && in_flight_.front().last <= acked_) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
}

void LearnerStream::send_up_to_date(Ground& ground, const Channel& channel) {
  stage = LearnerStage::kActive;
  committed_sent_ = std::max(committed_sent_, ground.committed);
  ground.out.send(channel.conn, UpToDate{channel.epoch, ground.committed});
}

std::optional<std::string> LearnerStream::on_ack(const Ground& ground, Zxid durable) {
  if (durable > cursor_ || transfer_) {
    return "acknowledged " + to_string(durable) + ", was sent " + to_string(cursor_);
  }
  if (durable <= acked_) {
    return std::nullopt;
  }
  if (durable >= ground.log.base() && !ground.log.holds(durable)) {
    return "acknowledged " + to_string(durable) + ", which is no entry";
  }
  acked_ = durable;
  pulse.progress = ground.now;
  forget_acknowledged();
  if (stage >= LearnerStage::kNewLeaderAcked) {
    match_ = acked_;
  }
  return std::nullopt;
}

bool LearnerStream::on_log_read(Ground& ground, const Channel& channel, std::uint64_t read,
                                const std::vector<Entry>& entries) {
  if (reading_ != read) {
    return false;
  }
  reading_.reset();
  HOLDFAST_CHECK(!entries.empty(), "a log read after " + to_string(cursor_) + " gave nothing");
  send_run(ground, channel, entries);
  return true;
}

std::optional<Zxid> LearnerStream::needs_after(const Ground& ground) const {
  if (stage < LearnerStage::kSyncing) {
    return std::nullopt;
  }
  return transfer_ && !transfer_->opened ? ground.log.base() : cursor_;
}

std::optional<std::string> LearnerStream::overdue(const Ground& ground) const {
  const Options& options = ground.options;
  const Ticks silence = ground.now - pulse.heard;
  switch (stage) {
    case LearnerStage::kWaitInfo:
      return silence > options.init_timeout ? std::optional("said nothing") : std::nullopt;
    case LearnerStage::kInfo:
      return std::nullopt;  // It waits for us.
    case LearnerStage::kEpochSent:
    case LearnerStage::kEpochAcked:
    case LearnerStage::kSyncing:
      if (stage == LearnerStage::kSyncing && ground.now - pulse.progress > options.init_timeout) {
        return "its synchronization stands still";
      }
      return silence > options.init_timeout ? std::optional("is silent") : std::nullopt;
    case LearnerStage::kNewLeaderAcked:
    case LearnerStage::kActive:
      break;
  }
  // Pings alone must not keep a learner whose disk is stuck: the age of the oldest proposal decides
  // (ZOOKEEPER-87).
  if (!in_flight_.empty() && ground.now - in_flight_.front().at > 2 * options.failure_timeout) {
    return "has not acknowledged " + to_string(in_flight_.front().last) + " in time";
  }
  return silence > 2 * options.failure_timeout ? std::optional("is silent") : std::nullopt;
}

void LearnerStream::hash_into(StateHash& hash) const {
  hash.add(who.id).add(who.observer).add(who.counts).add(stage);
  hash.add(cursor_).add(acked_).add(match_).add(newleader_last_).add(newleader_sent_);
  hash.add(committed_sent_).add(reading_.has_value()).add(in_flight_.size());
  for (const SentRun& run : in_flight_) {
    hash.add(run.last).add(run.bytes).add_time(run.at);
  }
  hash.add(log_.floor).add(log_.epochs.size());
  for (const EpochEnd& end : log_.epochs) {
    hash.add(end.epoch).add(end.last_counter);
  }
  hash.add(transfer_.has_value());
  if (transfer_) {
    hash.add(transfer_->opened).add(transfer_->reading).add(transfer_->zxid);
    hash.add(transfer_->chunks_sent).add(transfer_->chunks_acked).add(transfer_->checksum);
  }
  hash.add_time(pulse.heard).add_time(pulse.progress).add(pulse.applied);
}

std::string LearnerStream::describe() const {
  return to_string(who.id) + (who.observer ? "(observer)" : "") + ":" + to_string(stage) +
         " cursor=" + to_string(cursor_) + " match=" + to_string(match_) +
         (transfer_ ? " image=" + to_string(transfer_->zxid) : "");
}

}  // namespace holdfast::zab
