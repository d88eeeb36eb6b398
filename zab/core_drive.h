#pragma once

#include "zab/core_state.h"
#include "zab/election.h"

namespace holdfast::zab {

// What every input of a core ends with, and what comes before its outputs are taken.

// The end of every input: departures, a leader's election, gates that have opened, until nothing is
// left to do. `result` is what the election said to the input.
void settle(CoreState& state, Election::Result result);
void settle(CoreState& state);

// Everything that can be put off until the outputs are wanted, so that many inputs share one
// message and one write: streams to learners, rounds, appends to the log, delivery.
void flush(CoreState& state);

}  // namespace holdfast::zab
