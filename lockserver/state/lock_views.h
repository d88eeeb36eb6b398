#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/rooms.h"
#include "lockserver/state/state_machine.h"

// Questions about locks, asked by the operations and from outside. They change nothing.

namespace holdfast::state {

LockParty party_of(const Rooms& rooms, const LockRequest& request);
// Of a holder.
Sequencer sequencer_of(const Rooms& rooms, std::string_view path, const LockRequest& holder);
Granted granted(const Rooms& rooms, std::string_view path, const LockRequest& holder);

// An event of a lock, concerning the one who made this request.
Event lock_event(const Rooms& rooms, EventKind kind, std::string_view path,
                 const LockRequest& request);

// The lock at the path is held, or closed.
Error lock_held(const Rooms& rooms, std::string_view path);
Error lock_delayed(const Rooms& rooms, std::string_view path);

// Why a sequencer is not valid (STALE_SEQUENCER); nothing when it is.
std::optional<Error> judge_sequencer(const Rooms& rooms, const Sequencer& sequencer);

// What became of an acquire that was answered Waiting: Waiting, Granted, or the Error of its end.
struct AskedBefore {
  Party party;
  RequestNumber request;
};
Reply acquire_state(const Rooms& rooms, std::string_view path, const AskedBefore& asked);

std::optional<LockInfo> lock_info(const Rooms& rooms, std::string_view path);
struct LockPage {
  std::string_view prefix;
  std::string_view after;
  std::size_t limit = 0;
};
std::vector<LockInfo> list_locks(const Rooms& rooms, const LockPage& page);

// When a delay that begins (or goes on) is over, and a wait; nothing for a wait without limit.
std::int64_t delay_ends(const Rooms& rooms, const LockDelay& delay);
std::optional<Due> wait_due(const Rooms& rooms, std::string_view path, const LockRequest& waiter);
std::vector<Due> dues_of(const Rooms& rooms, std::string_view path);

std::vector<Op> acknowledged(const Rooms& rooms, SessionId session, EventName through);

}  // namespace holdfast::state
