#pragma once

#include <cstddef>
#include <string>

#include "zab/message_kind.h"

namespace holdfast::zab {

// Where a learner stands on its way to its leader.
enum class JoinStage {
  kConnecting,  // No connection yet.
  kInfoSent,    // LearnerInfo sent, the new epoch awaited.
  kAccepting,   // LeaderInfo received; the accepted epoch is on its way to the disk.
  kEpochAcked,  // AckEpoch sent, the start of synchronization awaited.
  kImage,       // Snap received, chunks are coming.
  kEntries,     // Entries up to NewLeader are coming.
  kFinishing,   // NewLeader received; history and current epoch are on their way to the disk.
  kSynced,      // AckNewLeader sent.
  kActive       // UpToDate received.
};
inline constexpr std::size_t kJoinStages = 9;

// Voters get proposals and commits, observers get informs.
enum class LearnerKind { kVoter, kObserver };

// The source of truth for what a leader may say in which stage (R10). `message` is
// Message::index().
Verdict learner_verdict(JoinStage stage, LearnerKind learner, std::size_t message);

std::string to_string(JoinStage stage);

}  // namespace holdfast::zab
