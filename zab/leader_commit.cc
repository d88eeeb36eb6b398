// The leader's synchronization and broadcast: establishment, proposals, commits (ZAB.md §3.5,
// §3.6).

#include <map>
#include <set>
#include <utility>

#include "zab/base/check.h"
#include "zab/base/limits.h"
#include "zab/leader.h"

namespace holdfast::zab {

void Leader::on_ack_newleader(Ground& ground, ConnId conn) {
  LearnerStream& stream = streams_.at(conn);
  if (!stream.newleader_sent()) {
    drop(ground, conn, "acknowledged a NEWLEADER that it was not sent");
    return;
  }
  stream.on_ack_newleader();
  progress(ground);
  if (established_) {
    stream.send_up_to_date(ground, channel(conn));
    advance_commit(ground);
  } else {
    check_established(ground);
  }
}

void Leader::check_established(Ground& ground) {
  if (established_ || !current_durable_) {
    return;  // Our own disk is part of the quorum (§3.5).
  }
  std::set<ServerId> holders{ground.self()};
  for (const auto& [conn, stream] : streams_) {
    if (stream.stage >= LearnerStage::kNewLeaderAcked) {
      holders.insert(stream.who.id);
    }
  }
  if (!ground.quorum.is_quorum(holders)) {
    return;
  }
  established_ = true;
  // R21: the initial history commits by the acknowledgements of NEWLEADER, and as a whole.
  ground.raise_committed(initial_last_);
  ground.election.settle(Role::kLeading, ground.self(), epoch());
  ground.election.on_join_succeeded();
  ground.announce(Role::kLeading, phase(), epoch(), ground.self());
  ground.serve(Role::kLeading, epoch());
  for (auto& [conn, stream] : streams_) {
    if (stream.stage == LearnerStage::kNewLeaderAcked) {
      stream.send_up_to_date(ground, channel(conn));
    }
  }
  send_leader_infos(ground);
  advance_commit(ground);
}

ProposeResult Leader::propose(Ground& ground, SharedBytes payload) {
  if (!established_ || ground.is_leaving()) {
    return NotProposed::kNotLeader;
  }
  if (payload.size() > limits::kProposalBytesMax) {
    return NotProposed::kTooLarge;
  }
  const Options& options = ground.options;
  const bool is_full =
      in_flight_.size() >= options.in_flight_entries ||
      (!in_flight_.empty() && in_flight_bytes_ + payload.size() > options.in_flight_bytes);
  if (is_full) {
    return NotProposed::kFull;
  }
  const Zxid last = ground.log.last();
  const std::uint32_t counter = last.epoch() == epoch() ? last.counter() : 0;
  // R1: the counter never comes near to carrying into the epoch.
  if (counter >= options.counter_max - options.counter_reserve) {
    ground.leave("the counter of epoch " + to_string(epoch()) + " is used up");
    return NotProposed::kNotLeader;
  }
  const Entry entry{Zxid(epoch(), counter + 1), last, std::move(payload)};
  in_flight_.push_back(InFlight{entry.zxid, entry.payload.size()});
  in_flight_bytes_ += entry.payload.size();
  ground.append(entry);
  return Proposed{entry.zxid};
}

void Leader::advance_commit(Ground& ground) {
  if (!established_) {
    return;
  }
  // R22: our own disk counts as far as it is durable, like any other's, and may come last.
  std::map<ServerId, Zxid> reached{{ground.self(), ground.log.durable()}};
  for (const auto& [conn, stream] : streams_) {
    if (stream.stage >= LearnerStage::kNewLeaderAcked) {
      reached[stream.who.id] = stream.match();
    }
  }
  const Zxid committed = ground.quorum.reached_by_quorum(reached);
  if (committed <= ground.committed) {
    return;
  }
  HOLDFAST_CHECK(ground.log.holds(committed),
                 "commit of " + to_string(committed) + " in " + ground.log.describe());
  ground.raise_committed(committed);
  while (!in_flight_.empty() && in_flight_.front().zxid <= committed) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
}

}  // namespace holdfast::zab
