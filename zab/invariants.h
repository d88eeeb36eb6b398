#pragma once

#include <optional>
#include <string>

#include "zab/core_state.h"
#include "zab/types.h"

namespace holdfast::zab {

// What one replica alone can know to be true of itself (ZAB.md §5.2). Tests and the simulator ask
// after every input; the predicates over a whole cell are the simulator's.

// What check_delta compares; a copy, so that it can be kept while the core goes on.
struct Milestones {
  Epoch accepted;
  Epoch current;
  Zxid committed;
  Zxid delivered;
  Zxid applied;
  Zxid image_durable;
  Zxid base;
  Token persisted;
  std::uint64_t generation = 0;
  std::size_t role = 0;  // Index of the role's kind.
  Epoch leading;         // The epoch that it leads, when established.
};
Milestones milestones_of(const CoreState& state);

// The first invariant of a single state that does not hold, or nothing.
std::optional<std::string> check_basic(const CoreState& state);
// The first invariant of a step from one state to a later one of the same run that does not hold,
// or nothing.
std::optional<std::string> check_delta(const Milestones& before, const Milestones& after);

}  // namespace holdfast::zab
