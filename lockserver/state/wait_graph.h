#pragma once

#include <string>
#include <vector>

#include "lockserver/state/lock_table.h"
#include "lockserver/state/reply.h"

namespace holdfast::state {

// A wait that is about to begin, behind all who wait for that lock already.
struct NewWait {
  Party party;
  std::string path;
  LockMode mode = LockMode::kExclusive;
};

// The circle that this wait would close, beginning with it; empty when there is none. An owner
// waits for the holders of a lock and for all earlier waiters whose mode conflicts with his. Owner
// 0 of a session stands for threads that nobody can tell apart, so he neither closes nor continues
// a circle.
std::vector<WaitEdge> find_cycle(const LockTable& locks, const NewWait& wait);

}  // namespace holdfast::state
