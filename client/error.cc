#include "client/error.h"

namespace holdfast::client {

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadArgument:
      return "BAD_ARGUMENT";
    case ErrorCode::kNoNode:
      return "NO_NODE";
    case ErrorCode::kNodeExists:
      return "NODE_EXISTS";
    case ErrorCode::kNotEmpty:
      return "NOT_EMPTY";
    case ErrorCode::kBadGeneration:
      return "BAD_GENERATION";
    case ErrorCode::kStaleInstance:
      return "STALE_INSTANCE";
    case ErrorCode::kNoChildrenForEphemerals:
      return "NO_CHILDREN_FOR_EPHEMERALS";
    case ErrorCode::kLockHeld:
      return "LOCK_HELD";
    case ErrorCode::kLockDelayed:
      return "LOCK_DELAYED";
    case ErrorCode::kNotHeld:
      return "NOT_HELD";
    case ErrorCode::kStaleSequencer:
      return "STALE_SEQUENCER";
    case ErrorCode::kDeadlock:
      return "DEADLOCK";
    case ErrorCode::kCancelled:
      return "CANCELLED";
    case ErrorCode::kTimeout:
      return "TIMEOUT";
    case ErrorCode::kSessionExpired:
      return "SESSION_EXPIRED";
    case ErrorCode::kWrongSecret:
      return "WRONG_SECRET";
    case ErrorCode::kSessionNotBound:
      return "SESSION_NOT_BOUND";
    case ErrorCode::kNoQuorum:
      return "NO_QUORUM";
    case ErrorCode::kBehind:
      return "BEHIND";
    case ErrorCode::kTooLarge:
      return "TOO_LARGE";
    case ErrorCode::kLimit:
      return "LIMIT";
    case ErrorCode::kNoSpace:
      return "NO_SPACE";
    case ErrorCode::kWrongCell:
      return "WRONG_CELL";
  }
  return "UNKNOWN";
}

std::string to_string(const Error& error) {
  return std::string(error_name(error.code)) + ": " + error.message;
}

}  // namespace holdfast::client
