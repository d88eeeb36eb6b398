#include "lockserver/replica/reign.h"

#include <cstddef>
#include <limits>
#include <variant>

namespace holdfast::replica {

namespace {

// A wait may have ended by a command that this replica has not heard of when its time comes.
bool still_stands(const state::Op& op, const state::StateMachine& state) {
  const auto* wait = std::get_if<state::CancelWait>(&op);
  if (wait == nullptr) {
    return true;
  }
  const auto now = state.acquire_state(wait->session, wait->owner, wait->path, wait->waiter);
  return now && std::holds_alternative<state::Waiting>(*now);
}

}  // namespace

void Reign::begin(const state::StateMachine& state, Ticks now) {
  is_on_ = true;
  stamps_.begin_reign(state.last_stamp(), now);
  timers_.end_reign();
  const std::vector<state::SessionInfo> sessions =
      state.sessions(SessionId(), std::numeric_limits<std::size_t>::max());
  std::vector<Leases::Lease> leases;
  leases.reserve(sessions.size());
  for (const state::SessionInfo& session : sessions) {
    leases.push_back({session.id, session.lease_ms});
  }
  leases_.begin_reign(now, leases);
  for (const state::SessionInfo& session : sessions) {
    if (session.killed) {
      leases_.freeze(session.id);
    }
  }
}

void Reign::end() {
  is_on_ = false;
  leases_.end_reign();
  timers_.end_reign();
}

void Reign::on_applied(const state::Effects& effects, const state::StateMachine& state,
                       Entry entry) {
  if (!is_on_) {
    return;
  }
  for (const SessionId id : effects.sessions_opened) {
    if (const auto session = state.session(id)) {
      leases_.add({id, session->lease_ms});
    }
  }
  for (const SessionId id : effects.sessions_killed) {
    leases_.freeze(id);
  }
  for (const SessionId id : effects.sessions_ended) {
    leases_.remove(id);
  }
  if (entry == Entry::kOwnEpoch) {
    timers_.begin_reign(state.dues());
    return;
  }
  for (const state::Due& due : effects.dues) {
    timers_.add(due);
  }
  for (const state::Outcome& outcome : effects.outcomes) {
    timers_.on_outcome(outcome);
  }
}

std::vector<state::Op> Reign::on_tick(const state::StateMachine& state, Ticks now) {
  std::vector<state::Op> ops;
  for (const SessionId session : leases_.on_tick(now)) {
    ops.emplace_back(state::ExpireSession{session});
  }
  for (state::Due& due : timers_.take_due(stamps_.cluster_ms(now))) {
    if (still_stands(due.op, state)) {
      ops.push_back(std::move(due.op));
    }
  }
  return ops;
}

void Reign::not_proposed(const state::Op& op, Ticks now) {
  if (const auto* expiry = std::get_if<state::ExpireSession>(&op)) {
    leases_.name_again(expiry->session);
  } else {
    timers_.add(state::Due{.cluster_ms = stamps_.cluster_ms(now), .op = op});
  }
}

}  // namespace holdfast::replica
