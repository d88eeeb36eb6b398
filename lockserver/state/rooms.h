#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/event_history.h"
#include "lockserver/state/lock_table.h"
#include "lockserver/state/node_tree.h"
#include "lockserver/state/records.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/sessions.h"
#include "lockserver/state/state_machine.h"

namespace holdfast::state {

// The replicated state, room by room. Only the operations (node_ops, lock_ops, session_ops, apply)
// change it.
struct Rooms {
  StateLimits limits;
  std::uint64_t cell_prefix = 0;
  Meta meta;
  NodeTree nodes;
  LockTable locks;
  Sessions sessions;
  EventHistory history;

  Rooms(const StateLimits& state_limits, std::uint64_t prefix)
      : limits(state_limits), cell_prefix(prefix), history(state_limits.event_history_bytes) {}

  std::uint64_t bytes() const { return nodes.bytes() + locks.bytes() + sessions.bytes(); }
  // What changed in the image since the last call, with the meta record; ascending by key.
  std::vector<Write> take_writes();
  std::vector<Write> all_writes() const;  // The whole image, ascending by key.
  // kCorrupt if the rooms contradict themselves or each other: each requester's session and each
  // awaited lock's node exist, each ephemeral node's owner is open, and so on. O(n).
  Status audit() const;
};

// NO_SPACE if so many bytes more would be too many. A cell full of data still opens sessions and
// grants locks: those may use an eighth beyond the limit.
enum class Growth { kData, kLocks };
std::optional<Error> check_space(const Rooms& rooms, Growth growth, std::uint64_t bytes);

}  // namespace holdfast::state
