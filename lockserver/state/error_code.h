#pragma once

#include <cstdint>

namespace holdfast::state {

// The closed set of errors (LOCKS.md §6). The numbers are those of ErrorCode in
// thrift/lockservice.thrift, whose comments say what each means; the edge checks that they are the
// same. The state machine itself answers only some of them.
enum class ErrorCode : std::int32_t {
  kBadArgument = 1,
  kNoNode = 2,
  kNodeExists = 3,
  kNotEmpty = 4,
  kBadGeneration = 5,
  kStaleInstance = 6,
  kNoChildrenForEphemerals = 7,
  kLockHeld = 10,
  kLockDelayed = 11,
  kNotHeld = 12,
  kStaleSequencer = 13,
  kDeadlock = 14,
  kCancelled = 15,
  kTimeout = 20,
  kSessionExpired = 30,
  kWrongSecret = 31,
  kSessionNotBound = 32,
  kNoQuorum = 40,
  kBehind = 41,
  kTooLarge = 50,
  kLimit = 51,
  kNoSpace = 52,
  kWrongCell = 60
  // 70 is reserved for DENIED and 71 to 79 for access control lists.
};

}  // namespace holdfast::state
