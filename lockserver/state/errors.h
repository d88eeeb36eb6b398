#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lockserver/state/reply.h"
#include "zab/base/status.h"

// The refusals of the state machine, each a sentence that names what it is about. Foreign names are
// made printable.

namespace holdfast::state {

// Listed in an error, so that a refusal stays small however many there are.
inline constexpr std::size_t kHoldersInErrorMax = 16;
// Edges of a circle listed in DEADLOCK.
inline constexpr std::size_t kCycleInErrorMax = 100;
// Listed in the answer of BreakLock.
inline constexpr std::size_t kPartiesInReplyMax = 100;

Error bad_argument(const std::string& message);
Error bad_path(const Status& why, std::string_view path);
Error no_node(std::string_view path);
Error node_exists(std::string_view path);
Error not_empty(std::string_view path);
Error no_children_for_ephemerals(std::string_view parent);
Error stale_instance(std::string_view path, Zxid actual);
Error bad_generation(std::string_view path, std::uint64_t actual);
Error not_held(std::string_view path);
Error session_expired(SessionId session);
Error cancelled(std::string_view path);
Error wait_ended(std::string_view path);  // TIMEOUT.

// A limit that is reached, or a part that is too large.
struct Excess {
  std::string_view name;  // Of the limit, as docs/operations.md has it.
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;  // What it would have come to.
};
Error limit_reached(const Excess& excess);
Error too_large(const Excess& excess);
Error no_space(const Excess& excess);

// Of an image that is loaded: what its lock is or has that it must not.
Status corrupt_lock(std::string_view path, const std::string& what);

}  // namespace holdfast::state
