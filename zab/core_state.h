#pragma once

#include <variant>

#include "zab/ground.h"
#include "zab/leader.h"
#include "zab/learner.h"
#include "zab/state_hash.h"

namespace holdfast::zab {

// Looking for a leader: all that is to know stands in the election.
struct Looking {};

using RoleState = std::variant<Looking, Leader, Learner>;

// All state of a core. A change of role destroys what belonged to the role; the ground stays.
struct CoreState {
  CoreState(Options options, const DurableState& start, Ticks now);

  Ground ground;
  RoleState role;
  bool has_stopped = false;  // Fatal was given out; every later input is ignored.
};

// All that decides the future of the core, as `sight` sees it; Core::hash() is the one with the
// default sight. What numbers of one run of one replica (tokens, dials, reads, transfers,
// generations) are in themselves does not count, only how they lie to each other.
std::uint64_t hash_of(const CoreState& state, const Sight& sight);

}  // namespace holdfast::zab
