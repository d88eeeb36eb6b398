// What calls are answered, and when those are that wait for something else than their turn.

#include <algorithm>
#include <utility>

#include "lockserver/replica/parts.h"
#include "zab/base/limits.h"

namespace holdfast::replica {

namespace {

constexpr Ticks kHoldMaxMs = 600'000;
constexpr std::size_t kWokenInTurnMax = 64;

// Who repeats his call whenever it is answered keeps his session alive by that, with two chances to
// spare.
Ticks hold_of(std::int64_t lease_ms) {
  return lease_ms / 3;
}

// When a keep-alive that may be held until then is answered: together with others, if that costs it
// little of its wait.
Ticks in_company(Ticks until, Ticks wait, Ticks gather_ms) {
  constexpr Ticks kShareMin = 8;
  const bool is_short = gather_ms == 0 || wait < kShareMin * gather_ms;
  return is_short ? until : until - until % gather_ms;
}

}  // namespace

Facts Replica::Parts::facts(SessionId session) const {
  return {.zxid = machine.state.applied(),
          .events_through = clients.hub.events_through(session),
          .lease_ms = 0};
}

Facts Replica::Parts::leased_facts(SessionId session, state::EventName heard) const {
  Facts out = facts(session);
  const Machine::Living* living = machine.living(session);
  if (living != nullptr && !living->killed && !clients.hub.has_unheard_loss(session, heard)) {
    out.lease_ms = living->lease_ms;
  }
  return out;
}

// A session's id is the position of its opening, so a state that has come so far and does not know
// it has seen its end.
bool Replica::Parts::has_ended(SessionId session) const {
  return machine.state.applied() >= Zxid(session.value) && machine.living(session) == nullptr;
}

bool Replica::Parts::is_set_aside(CallId id) const {
  return clients.keep_alives.contains(id) || clients.pending.is_parked(id);
}

// ---- writes -------------------------------------------------------------------------------------

void Replica::Parts::wake(CallId id, const state::Reply& reply) {
  auto found = clients.calls.find(id);
  if (found == clients.calls.end() || !clients.pending.has_command(id)) {
    return;
  }
  Call& call = found->second;
  if (const auto* opened = std::get_if<state::SessionOpened>(&reply)) {
    call.session = opened->session;
    if (!clients.lanes.bind(call.lane, opened->session)) {
      refuse(id, refuse_limit({.name = "sessions_per_connection_max",
                               .limit = limits::kSessionsPerConnectionMax,
                               .actual = limits::kSessionsPerConnectionMax + 1}));
      return;
    }
    come_here(opened->session);
  }
  const auto* waiting = std::get_if<state::Waiting>(&reply);
  if (waiting != nullptr && std::get<WriteCall>(call.body).acquire) {
    park_acquire(id, *waiting);
  } else {
    answer_write(id, reply);
  }
}

void Replica::Parts::answer_write(CallId id, state::Reply reply) {
  Call& call = clients.calls.at(id);
  WriteCall& write = std::get<WriteCall>(call.body);
  write.answer = std::make_unique<WriteAnswer>(
      WriteAnswer{leased_facts(call.session, state::EventName()), Applied{std::move(reply)}});
  clients.alarms.clear(id);
  clients.pending.erase(id);
  clients.stirred.insert(call.lane);
}

void Replica::Parts::park_acquire(CallId id, const state::Waiting& waiting) {
  const Call& call = clients.calls.at(id);
  const WriteCall& write = std::get<WriteCall>(call.body);
  const Machine::Living* living = machine.living(call.session);
  const Ticks lease_ms = living != nullptr ? living->lease_ms : 0;
  const Ticks asked = write.max_hold_ms > 0 ? write.max_hold_ms : hold_of(lease_ms);
  const Ticks until = call.arrived + std::min(asked, kHoldMaxMs);
  if (until <= now || is_stopping()) {
    answer_write(id, waiting);
    return;
  }
  clients.pending.park(id, call.session, write.acquire->request);
  clients.lanes.set_aside(call.lane, id);
  clients.alarms.set(id, until);
  clients.stirred.insert(call.lane);
}

// The hold of a waiting acquire is over: it is told how far it has come.
void Replica::Parts::answer_waiting(CallId id) {
  const Call& waiting = clients.calls.at(id);
  const WriteCall& write = std::get<WriteCall>(waiting.body);
  const auto known = machine.state.acquire_state(waiting.session, write.acquire->owner,
                                                 write.acquire->path, write.acquire->request);
  const Facts so_far = leased_facts(waiting.session, state::EventName());
  Call call = take(id);
  WriteAnswer answer{so_far, Applied{known.value_or(state::Waiting{})}};
  if (!known) {
    answer.outcome = refuse_expired(call.session);
  }
  std::get<WriteCall>(call.body).done(std::move(answer));
}

// ---- keep-alives --------------------------------------------------------------------------------

// Calls behind it in its lane do not wait until it is confirmed.
void Replica::Parts::set_aside_keep_alive(CallId id) {
  const Call& call = clients.calls.at(id);
  clients.lanes.set_aside(call.lane, id);
  clients.keep_alives.add(id, call.session);
  if (call.confirmed) {
    clients.keep_alives_to_run.emplace(call.served_from(), id);
    run_keep_alives();
  } else {
    tell_early(id);
  }
}

void Replica::Parts::run_keep_alives() {
  auto& to_run = clients.keep_alives_to_run;
  while (!to_run.empty() && to_run.begin()->first <= machine.state.applied()) {
    const CallId id = to_run.extract(to_run.begin()).value().second;
    if (clients.keep_alives.waits(id)) {  // An answer before may have closed its lane.
      run_keep_alive(id);
    }
  }
}

void Replica::Parts::run_keep_alive(CallId id) {
  const Call& call = clients.calls.at(id);
  const SessionId session = call.session;
  const Machine::Living* living = machine.living(session);
  if (living == nullptr) {
    refuse(id, refuse_expired(session));
    return;
  }
  const KeepAlive& ask = std::get<KeepAliveCall>(call.body).ask;
  acknowledge(session, ask.acknowledged);
  const Ticks wait = std::min(ask.max_wait_ms, hold_of(living->lease_ms));
  const Ticks until = in_company(call.arrived + wait, wait, options.keep_alive_gather_ms);
  clients.keep_alives.park(id, session);
  clients.alarms.set(id, until);
  const bool at_once = until <= now || is_stopping();
  answer_keep_alive(id, at_once ? WhenEmpty::kAnswer : WhenEmpty::kHold);
}

void Replica::Parts::answer_keep_alive(CallId id, WhenEmpty when_empty) {
  const Call& held_call = clients.calls.at(id);
  const SessionId session = held_call.session;
  WatchHub::Batch batch = clients.hub.gather(
      session, std::get<KeepAliveCall>(held_call.body).ask.acknowledged, machine.state);
  if (batch.is_empty() && when_empty == WhenEmpty::kHold) {
    return;
  }
  KeepAliveAnswer answer{.facts = leased_facts(session, batch.through),
                         .events = std::move(batch.events),
                         .events_lost = batch.lost,
                         .delivered_through = batch.through,
                         .more = batch.more,
                         .refusal = std::nullopt};
  if (answer.facts.lease_ms > 0) {
    machine.sessions.at(session).leased_at = held_call.arrived;
  }
  Call call = take(id);
  std::get<KeepAliveCall>(call.body).done(std::move(answer));
}

// Events need not wait until the keep-alive is confirmed; its answer then says nothing of the
// lease. But when half of the lease has gone the confirmation comes first, and soon, or a session
// that always has events would never extend it.
void Replica::Parts::tell_early(CallId id) {
  const Call& waiting = clients.calls.at(id);
  const SessionId session = waiting.session;
  const Machine::Living* living = machine.living(session);
  if (living == nullptr) {
    return;
  }
  const state::EventName acknowledged = std::get<KeepAliveCall>(waiting.body).ask.acknowledged;
  acknowledge(session, acknowledged);
  WatchHub::Batch batch = clients.hub.gather(session, acknowledged, machine.state);
  if (batch.is_empty()) {
    return;
  }
  if (now - living->leased_at > living->lease_ms / 2) {
    clients.reads.hurry(id);
    return;
  }
  KeepAliveAnswer answer{.facts = facts(session),
                         .events = std::move(batch.events),
                         .events_lost = batch.lost,
                         .delivered_through = batch.through,
                         .more = batch.more,
                         .refusal = std::nullopt};
  Call call = take(id);
  std::get<KeepAliveCall>(call.body).done(std::move(answer));
}

void Replica::Parts::wake_soon(const std::vector<SessionId>& sessions) {
  for (const SessionId session : sessions) {
    if (clients.will_wake.insert(session).second) {
      clients.to_wake.push_back(session);
    }
  }
}

// No more in one turn than can be sent in a moment: the first are told while the last are still to
// come, and nobody else is kept waiting by a great many.
void Replica::Parts::wake_some() {
  auto& to_wake = clients.to_wake;
  while (!to_wake.empty() && (woken_in_turn < kWokenInTurnMax || !world.soon)) {
    const SessionId session = to_wake.front();
    to_wake.pop_front();
    clients.will_wake.erase(session);
    ++woken_in_turn;
    wake_session(session);
  }
  if (!to_wake.empty()) {
    drain_soon();
  }
}

void Replica::Parts::wake_session(SessionId session) {
  for (const CallId id : clients.keep_alives.of(session)) {
    if (clients.keep_alives.holds(id)) {  // An answer before may have closed its lane.
      answer_keep_alive(id, WhenEmpty::kHold);
    } else if (clients.keep_alives.waits(id)) {
      tell_early(id);
    }
  }
}

void Replica::Parts::acknowledge(SessionId session, state::EventName through) {
  for (state::Op& op : machine.state.acknowledged(session, through)) {
    send_of_the_cell(std::move(op));
  }
}

void Replica::Parts::come_here(SessionId session) {
  clients.hub.attach(session, machine.state);
}

}  // namespace holdfast::replica
