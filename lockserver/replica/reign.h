#pragma once

#include <cstdint>
#include <vector>

#include "lockserver/replica/admit.h"
#include "lockserver/replica/leases.h"
#include "lockserver/replica/timers.h"
#include "lockserver/state/effects.h"
#include "lockserver/state/state_machine.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// What a leader keeps besides the core, from the moment at which its state is that of the whole
// initial history until it stops to serve: leases, timers, its stamps. It decides which commands
// the cell itself needs; they become true only when they are committed.
class Reign {
 public:
  void begin(const state::StateMachine& state, Ticks now);
  void end();
  bool is_on() const { return is_on_; }

  // The stamp of the next command.
  state::Stamp stamp(const Stamps::Time& time) { return stamps_.next(time); }
  // The command is on its way for this session, or the session was heard from.
  void touch(SessionId session) { leases_.touch(session); }

  // An entry was applied. `kOwnEpoch`: it is the EpochBegun of this reign, which restarts all
  // delays and waits.
  enum class Entry { kOrdinary, kOwnEpoch };
  void on_applied(const state::Effects& effects, const state::StateMachine& state, Entry entry);

  // What is to be proposed now, each once: expiries, ends of delays and of waits that still stand.
  std::vector<state::Op> on_tick(const state::StateMachine& state, Ticks now);
  // One of those could not be proposed: it comes again.
  void not_proposed(const state::Op& op, Ticks now);

 private:
  bool is_on_ = false;
  Stamps stamps_;
  Leases leases_;
  Timers timers_;
};

}  // namespace holdfast::replica
