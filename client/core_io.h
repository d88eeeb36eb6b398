#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/error.h"
#include "client/lock_guard.h"
#include "client/options.h"
#include "client/requests.h"
#include "client/session.h"
#include "client/values.h"
#include "zab/base/ids.h"

// What goes into the session's core (client/core.h) and what comes out of it, as values.

namespace holdfast::client {

// Given by the core, ascending, never reused.
using CallId = StrongId<struct ClientCallTag>;
using GuardId = StrongId<struct ClientGuardTag>;
using WatchId = StrongId<struct ClientWatchTag>;
using ConnectionId = StrongId<struct ClientConnectionTag>;

struct CoreOptions {
  std::vector<std::string> endpoints;  // Valid, and not empty.
  bool with_session = true;
  std::uint64_t seed = 0;  // For the jitter.
  std::size_t open_calls_max = 10'000;
  std::string cell_name;
  std::string cell_id;

  // Of a session only.
  Ticks lease_ms = 12'000;
  Ticks grace_ms = 45'000;
  std::optional<Ticks> open_timeout_ms;
  std::string client_name;
  std::string host;
  std::string secret;  // 16 bytes.
  std::string instance_name;
  std::optional<PreviousSession> previous;
};

struct AcquireAsk {
  std::string path;
  LockMode mode = LockMode::kExclusive;
  std::optional<Ticks> wait_ms = 0;  // None: without limit.
  std::optional<Ticks> timeout_ms;   // Of the call; see AcquireOptions::timeout.
  Ticks lock_delay_ms = 0;
  OwnerId owner;
  std::string description;
  CreateMode create = CreateMode::kNo;
  bool lost_at_jeopardy = false;
};

// ---- outputs, to be carried out in their order --------------------------------------------------

struct Connect {
  ConnectionId connection;
  std::string address;  // "10.0.0.1:7101", "[fd00::1]:7101".
};
struct Disconnect {
  ConnectionId connection;  // Nothing is to be heard of it any more.
};
struct Send {
  ConnectionId connection;
  std::string bytes;  // Whole frames.
};

// A name or a service is to be looked up; then Core::on_resolved(), once, within seconds.
struct Resolve {
  std::string endpoint;
};

struct SessionFacts {
  SessionId id;
  Ticks lease_ms = 0;
  std::string cell_name;
  std::string cell_id;
};
struct Opened {
  SessionFacts facts;
};
struct OpenFailed {
  Error error;
};

// Until then, and no longer, the locks may be believed to be held.
struct LeaseMoved {
  Ticks deadline = 0;
};
struct StateChanged {
  SessionState state = SessionState::kLive;
};

// A lock was granted; the call that asked is answered by a Granted of this guard, perhaps later.
struct GuardMade {
  GuardId guard;
  std::string path;
  OwnerId owner;
  LockGrant grant;
};
// The guard must not be believed until GuardCertain or GuardLost says more.
struct GuardDoubtful {
  GuardId guard;
};
struct GuardCertain {
  GuardId guard;
};
struct GuardLost {
  GuardId guard;
  Loss loss;
};
// Another guard of the same acquisition is being released.
struct GuardReleased {
  GuardId guard;
};
// The call that asked for it has been answered TIMEOUT; the lock is being given back.
struct GuardUnwanted {
  GuardId guard;
};

// The acquire stands in the queue.
struct Queued {
  CallId call;
  std::size_t waiters_ahead = 0;
};

// To be told to the watches named, in this order; then Core::on_told(through).
struct EventTold {
  Event event;
  std::vector<WatchId> watches;
};
struct EventsCame {
  std::vector<EventTold> events;
  EventName through;
};
struct WatchEnded {
  WatchId watch;
  Error error;
};

struct Granted {
  GuardId guard;
};
struct WatchStarted {
  WatchId watch;
  Zxid active_from;
};
using CallValue = std::variant<AnyReply, Granted, Released, WatchStarted, Closed>;
struct Answered {
  CallId call;
  Outcome<CallValue> outcome;
};

using Output = std::variant<Connect, Disconnect, Send, Opened, OpenFailed, LeaseMoved, StateChanged,
                            GuardMade, GuardDoubtful, GuardCertain, GuardLost, GuardReleased,
                            GuardUnwanted, Queued, EventsCame, WatchEnded, Answered, Resolve>;

}  // namespace holdfast::client
