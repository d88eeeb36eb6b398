#pragma once

// The safety properties by name, as a violation is reported.

namespace holdfast::sim {

inline constexpr const char* kOneLeader = "ONE-LEADER-PER-EPOCH";
inline constexpr const char* kIntegrity = "INTEGRITY";
inline constexpr const char* kAgreement = "AGREEMENT";
inline constexpr const char* kPrimaryOrder = "PRIMARY-ORDER";
inline constexpr const char* kInitialHistory = "INITIAL-HISTORY";
inline constexpr const char* kHistoryConsistency = "HISTORY-CONSISTENCY";
inline constexpr const char* kCommittedSafe = "COMMITTED-SAFE";
inline constexpr const char* kEpochOrder = "EPOCH-ORDER";
inline constexpr const char* kDurableBeforeSend = "DURABLE-BEFORE-SEND";
inline constexpr const char* kNoTruncateDelivered = "NO-TRUNCATE-DELIVERED";
inline constexpr const char* kContiguity = "CONTIGUITY";
inline constexpr const char* kServe = "SERVE";
inline constexpr const char* kState = "STATE";
inline constexpr const char* kOwn = "OWN";
inline constexpr const char* kNoFatal = "NO-FATAL";
inline constexpr const char* kNoBadMessage = "NO-BAD-MESSAGE";

}  // namespace holdfast::sim
