#include "zab/learner_rules.h"

#include <array>

namespace holdfast::zab {

namespace {

using Row = std::array<bool, kMessageKinds>;

template <typename... Messages>
constexpr Row handles() {
  Row row{};
  ((row[kind<Messages>()] = true), ...);
  return row;
}

// One row a stage, in the order of the enumeration; whatever a row does not name closes the
// connection. Pings come as soon as an epoch is agreed on. Commit and Proposal stand for a voter;
// an observer's row has Inform in their place.
constexpr std::array<Row, kJoinStages> kTable = {
    handles<>(),                                                     // kConnecting
    handles<LeaderInfo>(),                                           // kInfoSent
    handles<Ping>(),                                                 // kAccepting
    handles<Diff, Trunc, Snap, Ping>(),                              // kEpochAcked
    handles<SnapChunk, SnapEnd, Ping>(),                             // kImage
    handles<Proposal, Commit, NewLeader, Ping>(),                    // kEntries
    handles<Proposal, Commit, Ping>(),                               // kFinishing
    handles<Proposal, Commit, Ping, UpToDate>(),                     // kSynced
    handles<Proposal, Commit, Ping, ReadIndexReply, RequestReply>()  // kActive
};

}  // namespace

Verdict learner_verdict(JoinStage stage, LearnerKind learner, std::size_t message) {
  const Row& row = kTable[static_cast<std::size_t>(stage)];
  bool handled = row[message];
  if (learner == LearnerKind::kObserver) {
    if (message == kind<Inform>()) {
      handled = row[kind<Proposal>()];
    } else if (message == kind<Proposal>() || message == kind<Commit>()) {
      handled = false;
    }
  }
  // A connection that is not open has no messages; one that comes all the same is stale (R19).
  if (stage == JoinStage::kConnecting) {
    return Verdict::kIgnore;
  }
  return handled ? Verdict::kHandle : Verdict::kClose;
}

std::string to_string(JoinStage stage) {
  constexpr std::array<const char*, kJoinStages> kNames = {"connecting",  "info-sent", "accepting",
                                                           "epoch-acked", "image",     "entries",
                                                           "finishing",   "synced",    "active"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace holdfast::zab
