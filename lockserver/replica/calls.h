#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/state_machine.h"
#include "zab/base/ids.h"
#include "zab/core.h"

// What the edge (lockserver/net) asks of a replica, in plain values: it turns Thrift requests into
// these and the answers into Thrift replies. All of it happens on the strand. Every call is
// answered exactly once, possibly before it returns.

namespace holdfast::replica {

// One client connection: its calls are carried out in order (LOCKS.md §2.6), but for those that
// wait. Never reused.
using LaneId = StrongId<struct LaneIdTag>;

// From RequestHeader. The edge has checked cell name and id, and parsed the guard.
struct Terms {
  SessionId session;
  state::RequestNumber request;
  state::RequestNumber answered_below;
  Zxid last_seen;
  std::optional<Sequencer> guard;
  Ticks timeout_ms = 10'000;
};

// For ReplyHeader.
struct Facts {
  Zxid zxid;
  state::EventName events_through;
  std::int64_t lease_ms = 0;  // 0: says nothing about the lease.
};

// A refusal by this replica, or by the leader at admission: it is not in the history.
struct Refusal {
  state::Error error;
  bool retryable = false;
  bool outcome_pending = false;
  std::string leader_endpoint;
};

struct Applied {
  state::Reply reply;  // An Error in it is a refusal that is part of the history.
};
struct WriteAnswer {
  Facts facts;
  std::variant<Applied, Refusal> outcome;
};
using OnWritten = std::function<void(WriteAnswer)>;

enum class Consistency { kLinearizable, kStale };
struct ReadAnswer {
  Facts facts;
  const state::StateMachine* state = nullptr;  // Valid during the call; null when refused.
  std::optional<Refusal> refusal;
};
// Called when this replica may answer; reads the state and replies.
using OnReadable = std::function<void(const ReadAnswer&)>;

struct KeepAlive {
  state::EventName acknowledged;
  Ticks max_wait_ms = 0;
};
struct KeepAliveAnswer {
  Facts facts;
  std::vector<state::Event> events;
  bool events_lost = false;  // One EVENTS_LOST stands before the events.
  state::EventName delivered_through;
  bool more = false;
  std::optional<Refusal> refusal;
};
using OnKeptAlive = std::function<void(KeepAliveAnswer)>;

struct Watch {
  std::uint64_t id = 0;
  std::string path;
  bool recursive = false;
  std::set<state::EventKind> kinds;
  std::optional<state::EventName> after;
};
struct WatchAnswer {
  Facts facts;
  Zxid active_from;
  std::optional<Refusal> refusal;
};
using OnWatched = std::function<void(WatchAnswer)>;

// For cell_status.
struct StatusFacts {
  zab::CoreView core;
  Zxid image_zxid;
  Ticks uptime_ms = 0;
  std::uint64_t lanes = 0;
  std::uint64_t local_sessions = 0;
  std::uint64_t held_calls = 0;
  std::uint64_t watches = 0;
  bool has_space = true;
};

}  // namespace holdfast::replica
