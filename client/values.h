#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thrift/sequencer.h"
#include "zab/base/ids.h"

// What the cell tells its clients, as plain values. Times named *_wall_ms are milliseconds since
// 1970 by the leader's wall clock, for display only. Paths are in the short form.

namespace holdfast::client {

// How a lock is held: kExclusive by one owner, kShared by any number.
using holdfast::LockMode;

// One logical thread of a client: owners contend with each other for locks, also within a session.
// 0 is the session as a whole. Owners with the highest bit set are given by the library
// (this_thread_owner, new_owner in client/session.h); a program that numbers its own stays below.
using OwnerId = StrongId<struct OwnerIdTag>;

enum class NodeKind : std::int32_t {
  kPersistent = 1,
  kEphemeral = 2,  // Goes with the session that created it; has no children.
  kUntilFree = 3,  // Goes with its lock's last holder, waiter and lock-delay, and its last child.
};

// Whether acquire makes a missing node (and its missing parents).
enum class CreateMode : std::int32_t { kNo = 0, kPersistent = 1, kUntilFree = 3 };

// What is known about a node besides its contents.
struct Stat {
  Zxid instance{};  // The command that created the node; a later node of the path has another.
  std::uint64_t content_generation = 0;  // 1 at creation, one more with every write.
  std::uint64_t child_generation = 0;
  Zxid lock_generation{};  // Of the last acquisition from free to held; none if there was none.
  Zxid modified{};         // The command that last wrote the contents.
  std::int64_t created_wall_ms = 0;
  std::int64_t modified_wall_ms = 0;
  std::size_t content_length = 0;
  std::uint64_t content_checksum = 0;  // FNV-1a, 64 bits.
  std::size_t children = 0;
  SessionId ephemeral_owner{};  // None for other kinds.
  NodeKind kind = NodeKind::kPersistent;

  bool operator==(const Stat&) const = default;
};

// The proof of an acquisition.
struct LockGrant {
  std::string sequencer{};  // Printable; hand it to servers that act for the holder.
  Zxid generation{};        // Grows with every acquisition from free to held, for ever.
  Zxid acquisition{};       // Equal to the generation for an exclusive holder.
  Zxid instance{};          // Of the node.
  LockMode mode = LockMode::kExclusive;
  std::int64_t lock_delay_ms = 0;

  bool operator==(const LockGrant&) const = default;
};

// One who holds a lock, waits for it, or held it last.
struct LockParty {
  SessionId session{};
  OwnerId owner{};
  std::string client_name{};
  std::string host{};
  std::string description{};
  LockMode mode = LockMode::kExclusive;
  Zxid zxid{};  // Of a holder: the acquisition. Of one who waits: the command by which he asked.
  std::int64_t since_wall_ms = 0;
  std::int64_t lock_delay_ms = 0;

  bool operator==(const LockParty&) const = default;
};

enum class LockState : std::int32_t { kFree = 1, kHeld = 2, kDelayed = 3 };

// A lock with those who hold it and wait for it.
struct LockInfo {
  std::string path{};
  Zxid instance{};  // None if there is no node and only a lock-delay is left.
  LockState state = LockState::kFree;
  Zxid generation{};
  std::vector<LockParty> holders{};  // In the order of acquisition; cut after 100.
  std::vector<LockParty> waiters{};  // In the order of the queue; cut at the limit asked for.
  std::size_t holder_count = 0;
  std::size_t waiter_count = 0;
  std::int64_t delay_remaining_ms = 0;  // If delayed.
  std::optional<LockParty> previous_holder{};

  bool operator==(const LockInfo&) const = default;
};

// One edge of a circle of owners that wait for each other.
struct WaitEdge {
  SessionId session{};
  OwnerId owner{};
  std::string path{};

  bool operator==(const WaitEdge&) const = default;
};

enum class SessionState {
  kLive,
  kJeopardy,  // The lease is not confirmed: calls wait, no guard says held.
  kExpired,   // For good. Calls answer SESSION_EXPIRED.
  kClosed,    // By Session::close(). Calls answer SESSION_EXPIRED.
};

struct SessionInfo {
  SessionId id{};
  std::string client_name{};
  std::string host{};
  std::string instance_name{};  // Empty if none was given.
  std::int64_t lease_ms = 0;
  std::int64_t opened_wall_ms = 0;
  std::size_t locks_held = 0;
  std::size_t locks_waited_for = 0;
  std::size_t ephemeral_nodes = 0;
  std::size_t results_kept = 0;

  bool operator==(const SessionInfo&) const = default;
};

// What a sequencer is worth at the moment of the check.
enum class SequencerState : std::int32_t {
  kValid = 1,
  kStale = 2,      // That acquisition has ended; it will never be valid again.
  kMalformed = 3,  // The string is not a sequencer.
  kOtherCell = 4,
};

// ---- events -------------------------------------------------------------------------------------

// The name of an event; events are ordered by it. Both 0: before every event.
struct EventName {
  Zxid zxid{};
  std::uint32_t index = 0;

  auto operator<=>(const EventName&) const = default;
};

enum class EventKind : std::int32_t {
  kContentsChanged = 1,
  kChildAdded = 2,
  kChildRemoved = 3,
  kNodeDeleted = 4,
  kNodeCreated = 5,
  kLockAcquired = 10,
  kLockReleased = 11,
  kLockLost = 12,
  kLockConflict = 13,
  kLeaderChanged = 20,
  // Events between the last one delivered and this one are gone: read again what is watched.
  kEventsLost = 30,
};

// Something that happened to a node or to the cell. The fields that a kind sets are told at
// EventKind in thrift/lockservice.thrift; the others are empty.
struct Event {
  EventName name{};
  EventKind kind = EventKind::kContentsChanged;
  std::string path{};  // Of the parent for kChildAdded and kChildRemoved.
  Zxid instance{};
  std::string child{};
  SessionId session{};
  OwnerId owner{};
  std::optional<LockMode> mode{};
  Zxid generation{};
  Zxid acquisition{};
  std::uint64_t content_generation = 0;
  std::string reason{};

  bool operator==(const Event&) const = default;
};

// ---- the cell -----------------------------------------------------------------------------------

enum class ReplicaRole : std::int32_t {
  kLooking = 1,
  kSynchronizing = 2,
  kFollower = 3,
  kObserver = 4,
  kLeader = 5,
};

struct MemberInfo {
  ServerId id{};
  bool voter = true;
  std::string peer_endpoint{};
  std::string client_endpoint{};  // Empty if the replica asked does not know.
  bool connected = false;
  Zxid durable{};  // Leader only: what the member has said to have on its disk.

  bool operator==(const MemberInfo&) const = default;
};

struct LimitInfo {
  std::string name{};
  std::int64_t limit = 0;
  std::int64_t used = -1;  // -1 if it is not counted.

  bool operator==(const LimitInfo&) const = default;
};

// The replica that was asked, about itself.
struct ReplicaStatus {
  ServerId id{};
  ReplicaRole role = ReplicaRole::kLooking;
  bool serving = false;  // It answers linearizable requests.
  ServerId leader{};     // None if it knows none.
  std::string leader_endpoint{};
  Epoch current_epoch{};
  Epoch accepted_epoch{};
  Zxid last_logged{};
  Zxid durable{};
  Zxid committed{};
  Zxid applied{};
  Zxid image{};
  Zxid log_start{};
  std::int64_t uptime_ms = 0;
  std::size_t connections = 0;
  std::size_t local_sessions = 0;
  std::size_t held_calls = 0;
  std::size_t watches = 0;
  bool has_space = true;

  bool operator==(const ReplicaStatus&) const = default;
};

struct StateStatus {
  std::size_t sessions = 0;
  std::size_t nodes = 0;
  std::size_t locks = 0;  // That are not free.
  std::uint64_t bytes = 0;
  std::int64_t cluster_ms = 0;
  std::int64_t wall_ms = 0;

  bool operator==(const StateStatus&) const = default;
};

}  // namespace holdfast::client
