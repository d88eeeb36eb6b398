#include "zab/leader_rules.h"

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
// connection. A Pong may come as soon as an epoch is agreed on, because pings go out from then on.
// An Ack in kSyncing moves the window of the stream and counts for nothing else (R18).
constexpr std::array<Row, kLearnerStages> kTable = {
    handles<LearnerInfo>(),                       // kWaitInfo
    handles<>(),                                  // kInfo
    handles<AckEpoch, Pong>(),                    // kEpochSent
    handles<Pong>(),                              // kEpochAcked
    handles<SnapAck, Ack, AckNewLeader, Pong>(),  // kSyncing
    handles<Ack, Pong>(),                         // kNewLeaderAcked
    handles<Ack, Pong, ReadIndex, Request>()      // kActive
};

}  // namespace

Verdict leader_verdict(LearnerStage stage, std::size_t message) {
  return kTable[static_cast<std::size_t>(stage)][message] ? Verdict::kHandle : Verdict::kClose;
}

std::string to_string(LearnerStage stage) {
  constexpr std::array<const char*, kLearnerStages> kNames = {
      "wait-info", "info", "epoch-sent", "epoch-acked", "syncing", "newleader-acked", "active"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace holdfast::zab
