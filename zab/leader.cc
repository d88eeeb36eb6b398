#include "zab/leader.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::zab {

namespace {

// Connections that have not told whose they are; a learner that reconnects may have left some
// behind.
constexpr std::size_t kNamelessMax = 64;

Discovery::Kind kind_for(const Ground& ground) {
  return ground.shown_membership() == Membership::kFresh ? Discovery::Kind::kBootstrap
                                                         : Discovery::Kind::kOrdinary;
}

}  // namespace

Leader::Leader(Ground& ground)
    : discovery_(ground.quorum, kind_for(ground)), elected_current_(ground.promises.current) {
  HOLDFAST_CHECK(ground.is_voter() && ground.promises.membership != Membership::kRejoining,
                 "a replica that counts nowhere was elected");
  ground.election.settle(Role::kLeading, ground.self(), Epoch());
  ground.announce(Role::kLeading, phase(), epoch(), ground.self());
  deadlines_.heartbeat = ground.now + ground.options.heartbeat;
  progress(ground);
  await_quorum(ground);
  discovery_.add_info(ground.self(), ground.promises.accepted);
  advance_discovery(ground);
  for (const auto& [conn, held] : std::exchange(ground.held, {})) {
    on_accept(ground, conn);
    if (held.info) {
      on_message(ground, conn, *held.info);
    }
  }
}

void Leader::on_accept(Ground& ground, ConnId conn) {
  const auto nameless = std::count_if(streams_.begin(), streams_.end(), [](const auto& item) {
    return item.second.stage == LearnerStage::kWaitInfo;
  });
  if (static_cast<std::size_t>(nameless) >= kNamelessMax) {
    ground.close(conn, "too many connections without a name");
    return;
  }
  streams_.emplace(conn, LearnerStream(ground.now));
}

void Leader::on_closed(Ground& ground, ConnId conn) {
  const auto at = streams_.find(conn);
  if (at != streams_.end()) {
    at->second.release(ground);
    streams_.erase(at);
  }
}

void Leader::drop(Ground& ground, ConnId conn, std::string reason) {
  ground.close(conn, std::move(reason));
  on_closed(ground, conn);
}

void Leader::on_message(Ground& ground, ConnId conn, const Message& message) {
  const auto at = streams_.find(conn);
  if (at == streams_.end()) {
    return;  // R19: of a connection that is closed.
  }
  LearnerStream& stream = at->second;
  if (leader_verdict(stream.stage, message.index()) != Verdict::kHandle) {
    drop(ground, conn,
         zab::describe(message) + " is not expected in stage " + to_string(stream.stage));
    return;
  }
  const auto message_epoch = epoch_of(message);
  if (message_epoch && *message_epoch != epoch()) {  // R9
    drop(ground, conn, zab::describe(message) + " in epoch " + to_string(epoch()));
    return;
  }
  stream.pulse.heard = ground.now;
  handle(ground, conn, message);
}

void Leader::handle(Ground& ground, ConnId conn, const Message& message) {
  if (const auto* info = std::get_if<LearnerInfo>(&message)) {
    on_info(ground, conn, *info);
  } else if (const auto* ack_epoch = std::get_if<AckEpoch>(&message)) {
    on_ack_epoch(ground, conn, *ack_epoch);
  } else if (const auto* staged = std::get_if<SnapAck>(&message)) {
    if (auto reason = streams_.at(conn).on_snap_ack(ground, staged->chunks)) {
      drop(ground, conn, std::move(*reason));
    } else {
      progress(ground);
    }
  } else if (std::holds_alternative<AckNewLeader>(message)) {
    on_ack_newleader(ground, conn);
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    on_ack(ground, conn, *ack);
  } else if (const auto* pong = std::get_if<Pong>(&message)) {
    on_pong(ground, conn, *pong);
  } else if (const auto* read = std::get_if<ReadIndex>(&message)) {
    on_read_index(ground, conn, *read);
  } else if (const auto* request = std::get_if<Request>(&message)) {
    ground.out.push(ForwardedRequest{conn, streams_.at(conn).who.id, request->payload});
  } else {
    HOLDFAST_CHECK(false, "no handler for " + zab::describe(message));
  }
}

void Leader::on_gate(Ground& ground, const Gate& gate) {
  if (gate.action == GatedAction::kLeaderAccepted) {
    accepted_durable_ = true;
    discovery_.add_promise(ground.self());
    send_leader_infos(ground);
    finish_discovery(ground);
  } else if (gate.action == GatedAction::kLeaderCurrent) {
    current_durable_ = true;
    check_established(ground);
  } else {
    HOLDFAST_CHECK(false, "a learner's gate opened for a leader");
  }
}

void Leader::on_log_read(Ground& ground, std::uint64_t read, const std::vector<Entry>& entries) {
  for (auto& [conn, stream] : streams_) {
    if (stream.on_log_read(ground, channel(conn), read, entries)) {
      return;
    }
  }
}

void Leader::on_image_opened(Ground& ground, const OpenImage& which, Zxid zxid) {
  for (auto& [conn, stream] : streams_) {
    if (stream.on_image_opened(ground, channel(conn), which, zxid)) {
      return;
    }
  }
}

void Leader::on_image_chunk(Ground& ground, std::uint64_t transfer, SharedBytes bytes,
                            bool is_last) {
  const SnapChunk chunk{epoch(), std::move(bytes)};
  for (auto& [conn, stream] : streams_) {
    if (stream.on_image_chunk(ground, channel(conn), transfer, chunk, is_last)) {
      return;
    }
  }
}

void Leader::reply_to(Ground& ground, ConnId conn, SharedBytes payload) {
  const auto at = streams_.find(conn);
  if (at != streams_.end() && at->second.stage == LearnerStage::kActive) {
    ground.out.send(conn, RequestReply{epoch(), std::move(payload)});
  }
}

void Leader::flush(Ground& ground) {
  for (auto& [conn, stream] : streams_) {
    stream.pump(ground, channel(conn));
  }
  if (reads_.wants_round()) {
    begin_round(ground);
  }
  for (auto& [conn, stream] : streams_) {
    stream.flush_commit(ground, channel(conn));
  }
}

void Leader::depart(Ground& ground, std::string_view reason) {
  for (auto& [conn, stream] : streams_) {
    stream.release(ground);
    ground.close(conn, std::string(reason));
  }
  streams_.clear();
  if (!established_) {
    ground.election.on_join_failed(ground.self(), ground.now);
  }
}

Phase Leader::phase() const {
  if (established_) {
    return Phase::kBroadcast;
  }
  return discovered_ ? Phase::kSynchronization : Phase::kDiscovery;
}

Zxid Leader::purgeable(const Ground& ground, Zxid through) const {
  for (const auto& [conn, stream] : streams_) {
    if (const auto needed = stream.needs_after(ground)) {
      through = std::min(through, *needed);
    }
  }
  return through;
}

std::vector<CoreView::Learner> Leader::learners() const {
  std::vector<CoreView::Learner> learners;
  for (const auto& [conn, stream] : streams_) {
    if (stream.stage != LearnerStage::kWaitInfo) {
      learners.push_back(CoreView::Learner{.id = stream.who.id,
                                           .observer = stream.who.observer,
                                           .active = stream.stage == LearnerStage::kActive,
                                           .match = stream.match(),
                                           .free_bytes = stream.pulse.free_bytes});
    }
  }
  std::sort(learners.begin(), learners.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return learners;
}

void Leader::hash_into(StateHash& hash) const {
  discovery_.hash_into(hash);
  reads_.hash_into(hash);
  hash.add_set(streams_, [](StateHash& one, const auto& item) {
    one.add(item.first).add(item.second.pulse.round);
    item.second.hash_into(one);
  });
  hash.add(elected_current_).add(accepted_durable_).add(current_durable_).add(discovered_);
  hash.add(established_).add(initial_last_).add(in_flight_.size()).add(in_flight_bytes_);
  hash.add_time(deadlines_.heartbeat).add_time(deadlines_.establish).add_time(deadlines_.quorum);
}

std::string Leader::describe() const {
  std::string text = "leader epoch=" + to_string(epoch()) + " " + to_string(phase()) + " " +
                     discovery_.describe() + " learners=[";
  for (const auto& [conn, stream] : streams_) {
    text += " " + stream.describe();
  }
  return text + " ]";
}

}  // namespace holdfast::zab
