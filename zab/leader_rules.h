#pragma once

#include <cstddef>
#include <string>

#include "zab/message_kind.h"

namespace holdfast::zab {

// Where a learner stands in its leader's eyes (R10). It only moves forward; a learner that comes
// again has a new connection.
enum class LearnerStage {
  kWaitInfo,  // Connected.
  kInfo,  // LearnerInfo received. Voters wait for the new epoch, observers and rejoining ones for
          // establishment.
  kEpochSent,       // LeaderInfo sent.
  kEpochAcked,      // AckEpoch received; waits for the end of discovery.
  kSyncing,         // Registered for the stream of entries; NewLeader is on its way.
  kNewLeaderAcked,  // AckNewLeader received: from now on its acks count.
  kActive           // UpToDate sent.
};
inline constexpr std::size_t kLearnerStages = 7;

// The source of truth for what a learner may say in which stage. `message` is Message::index().
Verdict leader_verdict(LearnerStage stage, std::size_t message);

std::string to_string(LearnerStage stage);

}  // namespace holdfast::zab
