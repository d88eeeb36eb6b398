#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"

namespace holdfast::state {

// One change of the image: a put, or a removal when there is no value.
struct Write {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const Write&) const = default;
};

// The end of a wait that a Waiting reply announced: Granted, or an Error: TIMEOUT; CANCELLED (by
// cancel, or because a later acquire of the same owner took its place in the queue); NO_NODE (the
// node was removed); SESSION_EXPIRED.
struct Outcome {
  SessionId session;
  OwnerId owner;
  std::string path;
  RequestNumber request;
  Reply reply;
  bool operator==(const Outcome&) const = default;
};

// What the leader must do by time: when `cluster_ms` has come, propose the command.
struct Due {
  std::int64_t cluster_ms = 0;
  Op op;  // EndLockDelay or CancelWait{kTimedOut}.
  bool operator==(const Due&) const = default;
};

// Everything that applying one command brought about. Same on every replica.
struct Effects {
  Reply reply;                    // To command.origin.
  std::vector<Outcome> outcomes;  // To earlier acquires.
  std::vector<Event> events;      // Ascending by name.

  // What the leader's timers must know. Followers ignore these.
  std::vector<SessionId> sessions_opened;
  std::vector<SessionId> sessions_ended;
  // Killed without `now`: still there, to be told and to acknowledge, but touches no longer extend
  // them, no reply extends their lease, and they expire one lease from now at the latest.
  std::vector<SessionId> sessions_killed;
  // Waits and lock-delays that began, with their times. Those that ended are not named: a command
  // that comes too late for them changes nothing. EpochBegun starts all anew: ask dues() after it.
  std::vector<Due> dues;
  // Paths whose lock-delays or waits began or ended, ascending: for those who ask dues_of().
  std::vector<std::string> timers_changed;

  bool operator==(const Effects&) const = default;
};

}  // namespace holdfast::state
