#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "thrift/sequencer.h"
#include "zab/base/ids.h"

// What the log carries: commands with everything that is not deterministic already in them. A
// replica judges a command when it applies it, and only then; a refused command is a committed
// command whose reply is a refusal.

namespace holdfast::state {

// One logical thread of a client; 0 stands for the whole session (LOCKS.md §3).
using OwnerId = StrongId<struct OwnerIdTag>;
// Number of a mutating request within its session; 0 = not numbered.
using RequestNumber = StrongId<struct RequestNumberTag>;

// SHA-256 of a session's secret: the secret itself is neither stored nor logged.
struct SecretHash {
  std::string bytes;  // 32 bytes.
  auto operator<=>(const SecretHash&) const = default;
};

// Names the caller that waits at some replica. Effects carry it back; other replicas ignore it.
struct Origin {
  ServerId server;
  Incarnation incarnation;
  std::uint64_t call = 0;
  bool operator==(const Origin&) const = default;
};

// Set by the leader when it proposes.
struct Stamp {
  // The leaders' monotonic time, carried on from the last stamp; never decreases.
  std::int64_t cluster_ms = 0;
  std::int64_t wall_ms = 0;  // Unix time of the leader, for display only.
  bool operator==(const Stamp&) const = default;
};

enum class LockCreate { kNo, kPersistent, kUntilFree };
enum class NodeKind { kPersistent, kEphemeral, kUntilFree };
using LockMode = holdfast::LockMode;  // kShared, kExclusive; from thrift/sequencer.h.

// Sessions. OpenSession is idempotent by its secret. `previous` asserts that the process which held
// that session is dead (LOCKS.md §2.8).
struct PreviousSession {
  std::string instance_name;
  SecretHash secret;
  bool operator==(const PreviousSession&) const = default;
};
struct OpenSession {
  SecretHash secret;
  std::int64_t lease_ms = 0;  // As asked for; clamped at apply.
  std::string client_name;
  std::string host;
  std::string instance_name;  // Empty when none was given.
  std::optional<PreviousSession> previous;
  bool operator==(const OpenSession&) const = default;
};
struct CloseSession {
  bool operator==(const CloseSession&) const = default;
};
// Proposed by the leader only.
struct ExpireSession {
  SessionId session;
  bool operator==(const ExpireSession&) const = default;
};
struct KillSession {
  SessionId session;
  std::string reason;
  std::string who;
  bool now = false;
  bool operator==(const KillSession&) const = default;
};

// Locks.
struct Acquire {
  std::string path;
  LockMode mode = LockMode::kExclusive;
  std::int64_t wait_ms = 0;  // 0 = try; -1 = without limit.
  std::int64_t lock_delay_ms = 0;
  OwnerId owner;
  std::string description;
  LockCreate create = LockCreate::kNo;
  bool operator==(const Acquire&) const = default;
};
// By the client (kCancelled), or by the leader when a wait has lasted its time (kTimedOut; then
// `waiter` names it).
struct CancelWait {
  enum class Why { kCancelled, kTimedOut };
  std::string path;
  OwnerId owner;
  Why why = Why::kCancelled;
  SessionId session;     // kTimedOut: whose wait.
  RequestNumber waiter;  // kTimedOut: number of the acquire; a wait of another is left alone.
  bool operator==(const CancelWait&) const = default;
};
struct Release {
  std::string path;
  OwnerId owner;
  bool operator==(const Release&) const = default;
};
struct BreakLock {
  std::string path;
  Zxid acquisition;  // Only this holder; none = all holders.
  std::string reason;
  std::string who;
  bool now = false;  // Do not wait for the holder: two may then believe.
  bool operator==(const BreakLock&) const = default;
};
// Proposed by the leader when a lock-delay that began at `since` has lasted its time, or, with
// `acknowledged_by`, by whichever replica learnt that this session has acknowledged its LOCK_LOST
// (StateMachine::acknowledged gives the commands).
struct EndLockDelay {
  std::string path;
  Zxid since;  // Zxid of the entry that began this delay; another delay is left alone.
  SessionId
      acknowledged_by;  // None: its time has come. Else only what waits for this session ends.
  bool operator==(const EndLockDelay&) const = default;
};

// First entry of each epoch: restarts lock-delays, makes the leader-changed event.
struct EpochBegun {
  ServerId leader;
  bool operator==(const EpochBegun&) const = default;
};

// Nodes. Conditions: absent = not checked.
struct Conditions {
  std::optional<Zxid> instance;
  std::optional<std::uint64_t> content_generation;
  bool operator==(const Conditions&) const = default;
};
struct Create {
  std::string path;
  std::string contents;
  NodeKind kind = NodeKind::kPersistent;
  bool sequential = false;
  bool create_parents = false;
  bool operator==(const Create&) const = default;
};
struct Remove {
  std::string path;
  Conditions conditions;
  OwnerId owner;  // A lock on the node held by this owner of this session does not hinder.
  bool operator==(const Remove&) const = default;
};
struct SetContents {
  std::string path;
  std::string contents;
  Conditions conditions;
  bool operator==(const SetContents&) const = default;
};
// Only inside a Multi.
struct Check {
  std::string path;
  bool must_exist = true;  // False: the node must not exist; conditions are then empty.
  Conditions conditions;
  bool operator==(const Check&) const = default;
};
struct CheckHeld {
  Sequencer sequencer;
  bool operator==(const CheckHeld&) const = default;
};
using MultiOp = std::variant<Create, Remove, SetContents, Check, CheckHeld>;
struct Multi {
  std::vector<MultiOp> ops;
  bool operator==(const Multi&) const = default;
};

using Op =
    std::variant<OpenSession, CloseSession, ExpireSession, KillSession, Acquire, CancelWait,
                 Release, BreakLock, EndLockDelay, EpochBegun, Create, Remove, SetContents, Multi>;

// The version of the rules by which commands are judged. Replicas refuse to apply a higher one than
// they know.
inline constexpr std::uint32_t kStateMachineVersion = 1;

struct Command {
  std::uint32_t version = kStateMachineVersion;
  Stamp stamp;
  Origin origin;
  SessionId session;      // None for commands of no session: those of the leader, OpenSession,
                          // and an operator's BreakLock and KillSession. Others are refused.
  RequestNumber request;  // With a session: LOCKS.md §2.6.
  RequestNumber answered_below;  // The client has the answers to all lower numbers.
  std::optional<Sequencer> guard;
  Op op;
  bool operator==(const Command&) const = default;
};

}  // namespace holdfast::state
