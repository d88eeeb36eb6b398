#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "lockserver/state/command.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"

// The pieces of the replicated state that are records of the image, each the value of one key. The
// rooms of the state machine hold them in memory; image_codec.h turns them to bytes.

namespace holdfast::state {

// a + b, but the nearest number that there is instead of an overflow: times may come from foreign
// bytes.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) {
    return sum;
  }
  return a > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

// What counts against state_bytes_max besides the bytes of names, contents, descriptions and
// results: about what such a record takes in memory. Part of the rules of kStateMachineVersion,
// because it decides outcomes.
inline constexpr std::uint64_t kNodeBytes = 256;
inline constexpr std::uint64_t kSessionBytes = 512;
inline constexpr std::uint64_t kLockRequestBytes = 512;
inline constexpr std::uint64_t kLockDelayBytes = 512;
inline constexpr std::uint64_t kResultBytes = 64;
inline constexpr std::uint64_t kEventBytes = 256;

// Of the image as a whole.
struct Meta {
  Zxid applied;
  Stamp stamp;                              // cluster_ms never decreases.
  std::int64_t epoch_began_cluster_ms = 0;  // Lock-delays and waits count from here if it is later.
  bool operator==(const Meta&) const = default;
};

// What is known of a node besides its contents and children.
struct NodeMeta {
  Zxid instance;
  std::uint64_t content_generation = 1;
  std::uint64_t child_generation = 0;
  Zxid lock_generation;  // Of the newest acquisition from free to held; none if never.
  Zxid modified_zxid;
  std::int64_t created_wall_ms = 0;
  std::int64_t modified_wall_ms = 0;
  std::uint64_t contents_checksum = 0;
  std::uint64_t next_sequence = 0;
  SessionId ephemeral_owner;
  NodeKind kind = NodeKind::kPersistent;
  bool operator==(const NodeMeta&) const = default;
};

struct Session {
  SessionId id;
  SecretHash secret;
  std::int64_t lease_ms = 0;
  std::string client_name;
  std::string host;
  std::string instance_name;
  std::int64_t opened_wall_ms = 0;
  bool previous_closed = false;  // As its SessionOpened said.
  bool killed = false;
  RequestNumber answered_below;
  bool operator==(const Session&) const = default;
};

// One thread of a client, as a party in the contest for locks.
struct Party {
  SessionId session;
  OwnerId owner;
  auto operator<=>(const Party&) const = default;
};

// An acquire that holds a lock or waits for it.
struct LockRequest {
  Zxid asked;  // The entry of the first acquire: its place in the queue.
  Party party;
  RequestNumber request;
  LockMode mode = LockMode::kExclusive;
  std::int64_t wait_ms = 0;
  std::int64_t lock_delay_ms = 0;
  std::string description;
  Stamp asked_at;
  Zxid acquisition;  // None while it waits.
  Stamp granted_at;
  bool operator==(const LockRequest&) const = default;
};

// One reason why a lock is closed: a hold that ended without the holder's doing. The lock is closed
// as long as there is one.
struct LockDelay {
  struct Key {
    Zxid since;  // The entry that began it.
    Party party;
    auto operator<=>(const Key&) const = default;
  };
  LockParty holder;
  SecretHash secret;  // Of the holder's session.
  Zxid generation;    // Of the lock when it was lost.
  std::int64_t delay_ms = 0;
  std::int64_t began_cluster_ms = 0;
  std::optional<EventName> lost;  // Ends early when the holder acknowledges this event.
  bool operator==(const LockDelay&) const = default;
};

}  // namespace holdfast::state
