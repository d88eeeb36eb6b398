#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "lockserver/state/command.h"
#include "zab/base/ids.h"

namespace holdfast::state {

// The name of an event: the entry that caused it and its place among that entry's events, from 0.
// Grows along the history.
struct EventName {
  Zxid zxid;
  std::uint32_t index = 0;
  auto operator<=>(const EventName&) const = default;
};

// Numbers as in thrift/lockservice.thrift.
enum class EventKind : std::uint32_t {
  kContentsChanged = 1,
  kChildAdded = 2,  // On the parent; `child` names it.
  kChildRemoved = 3,
  kNodeDeleted = 4,
  kNodeCreated = 5,
  kLockAcquired = 10,
  kLockReleased = 11,
  kLockLost = 12,      // Its holder's own session gets it without a watch.
  kLockConflict = 13,  // For the holder `to` alone: `session` and `owner` wait for the lock.
  kLeaderChanged = 20  // Path "/", no instance.
};

struct Event {
  EventName name;
  EventKind kind = EventKind::kContentsChanged;
  std::string path;
  std::string child;  // kChildAdded, kChildRemoved: the last component.
  Zxid instance;      // Of the node concerned; none when there is none.
  SessionId session;  // Lock events: the session concerned.
  OwnerId owner;
  SessionId to;     // kLockConflict: the only session that gets it.
  Zxid generation;  // kLockAcquired, kLockReleased, kLockLost.
  Zxid acquisition;
  std::uint64_t content_generation = 0;  // kContentsChanged.
  LockMode mode = LockMode::kExclusive;
  std::string reason;  // kLockLost: why.
  bool operator==(const Event&) const = default;
};

}  // namespace holdfast::state
