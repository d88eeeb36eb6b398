// A learner in broadcast: entries, commit points, rounds, its clients' reads and writes (ZAB.md
// §3.4, §3.6).

#include <algorithm>
#include <utility>

#include "zab/base/limits.h"
#include "zab/learner.h"

namespace holdfast::zab {

namespace {

// Epoch 0 has no entries: a log that begins with one would be refused at the next start.
bool follows(Zxid zxid, Zxid prev) {
  if (zxid.epoch().is_none()) {
    return false;
  }
  return zxid.epoch() == prev.epoch() ? zxid.value == prev.value + 1
                                      : zxid.epoch() > prev.epoch() && zxid.counter() == 1;
}

// A leader stops at its own window. One that did not would fill our memory while our disk is slow;
// what several leaders in a row have sent may add up.
std::uint64_t unsaved_bytes_max(const Options& options) {
  return 4 * std::uint64_t{options.learner_in_flight_bytes} + limits::kPeerFrameBytesMax;
}

}  // namespace

// R17 at every append: a hole would spread (ZOOKEEPER-4925).
bool Learner::append_all(Ground& ground, const Message& message,
                         const std::vector<Entry>& entries) {
  if (entries.empty()) {
    refuse(ground, message, "it carries no entries");
    return false;
  }
  if (ground.log.unsaved_bytes() > unsaved_bytes_max(ground.options)) {
    refuse(ground, message, "more than our disk has taken so far may be followed by");
    return false;
  }
  for (const Entry& entry : entries) {
    const Zxid last = ground.log.last();
    if (entry.prev != last || !follows(entry.zxid, last) || entry.zxid.epoch() > epoch_) {
      refuse(ground, message,
             to_string(entry.zxid) + " after " + to_string(entry.prev) + " does not follow " +
                 to_string(last));
      return false;
    }
    ground.append(entry);
  }
  // UPTODATE's commit point may lie ahead of it (R20).
  if (active()) {
    ground.raise_committed(std::min(serve_at_, ground.log.last()));
  }
  return true;
}

void Learner::on_proposal(Ground& ground, const Proposal& proposal) {
  if (append_all(ground, proposal, proposal.entries)) {
    on_commit(ground, proposal, proposal.committed);
  }
}

void Learner::on_inform(Ground& ground, const Inform& inform) {
  if (append_all(ground, inform, inform.entries)) {
    ground.raise_committed(inform.entries.back().zxid);
  }
}

// A number and no list of pending proposals (ZOOKEEPER-4394): in synchronization it is only
// remembered.
void Learner::on_commit(Ground& ground, const Message& message, Zxid committed) {
  if (committed <= ground.committed) {
    return;
  }
  if (!ground.log.holds(committed)) {
    refuse(ground, message, "it commits what was not proposed");
    return;
  }
  ground.raise_committed(committed);
}

void Learner::on_ping(Ground& ground, const Ping& ping) {
  if (stage_ >= JoinStage::kEntries) {
    on_commit(ground, ping, ping.committed);
  }
  if (!ground.is_leaving()) {
    ground.out.send(conn_, Pong{.epoch = epoch_,
                                .round = ping.round,
                                .applied = ground.delivery.applied(),
                                .free_bytes = ground.free_bytes,
                                .touched = take_touched()});
  }
}

void Learner::on_durable(Ground& ground) {
  if (stage_ >= JoinStage::kEntries && ground.log.durable() > acked_) {
    acked_ = ground.log.durable();
    ground.out.send(conn_, Ack{epoch_, acked_});
  }
}

void Learner::serve_if_ready(Ground& ground) {
  // ZOOKEEPER-3023: not before the state has reached what UPTODATE promised.
  const bool is_ready =
      active() && !ground.delivery.installing() && ground.delivery.applied() >= serve_at_;
  if (is_ready && !ground.serving) {
    ground.serve(role(), epoch_);
  }
}

bool Learner::forward(Ground& ground, SharedBytes payload) {
  if (!ground.serving || !active()) {
    return false;
  }
  ground.out.send(conn_, Request{epoch_, std::move(payload)});
  return true;
}

void Learner::touch(std::span<const SessionId> sessions) {
  touched_.insert(sessions.begin(), sessions.end());
}

std::vector<SessionId> Learner::take_touched() {
  if (!active()) {
    return {};
  }
  std::vector<SessionId> touched(touched_.begin(), touched_.end());
  touched_.clear();
  return touched;
}

void Learner::on_read_index_reply(Ground& ground, const ReadIndexReply& reply) {
  for (const std::uint64_t tag : reads_.answered(reply.tag)) {
    ground.out.push(ReadReady{tag, reply.committed});
  }
}

}  // namespace holdfast::zab
