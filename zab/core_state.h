#pragma once

#include <variant>

#include "zab/ground.h"
#include "zab/leader.h"
#include "zab/learner.h"

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

}  // namespace holdfast::zab
