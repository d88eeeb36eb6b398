// The way of a client's call: into its lane, to what it waits for, and out again.

#include <algorithm>
#include <utility>

#include "lockserver/replica/parts.h"
#include "zab/base/limits.h"

namespace holdfast::replica {

namespace {

constexpr Ticks kTimeoutDefaultMs = 10'000;
constexpr Ticks kTimeoutMaxMs = 600'000;
constexpr const char* kOvertakes =
    "An earlier request of the session was turned away on this connection; it comes first.";

// Answers a call that never was in a lane.
void refuse_at_the_door(Call& call, const Facts& facts, const Refusal& refusal) {
  if (auto* write = std::get_if<WriteCall>(&call.body)) {
    write->done(WriteAnswer{facts, refusal});
  } else if (auto* read = std::get_if<ReadCall>(&call.body)) {
    read->refuse(facts, refusal);
  } else {
    KeepAliveAnswer answer;
    answer.facts = facts;
    answer.refusal = refusal;
    std::get<KeepAliveCall>(call.body).done(std::move(answer));
  }
}

bool may_be_without_session(const state::Op& op) {
  return std::holds_alternative<state::OpenSession>(op) ||
         std::holds_alternative<state::KillSession>(op) ||
         std::holds_alternative<state::BreakLock>(op);
}

}  // namespace

std::optional<CallId> Replica::Parts::enter(const Asked& asked, const Terms& terms, Call call) {
  now = std::max(now, world.clock->now());
  const Ticks timeout =
      terms.timeout_ms > 0 ? std::min(terms.timeout_ms, kTimeoutMaxMs) : kTimeoutDefaultMs;
  call.lane = asked.lane;
  call.session = asked.session;
  call.last_seen = terms.last_seen;
  call.arrived = now;
  call.deadline = now + timeout;
  if (dead || is_stopping()) {
    refuse_at_the_door(call, facts(asked.session),
                       refuse_no_quorum("This replica is being stopped."));
    return std::nullopt;
  }
  if (!clients.lanes.is_open(asked.lane)) {
    return std::nullopt;  // Its connection has gone; nobody is there to be answered.
  }
  const CallId id = clients.newest_call.next();
  switch (clients.lanes.enter(asked.lane, {id, asked.kind, asked.session})) {
    case Lanes::Entered::kYes:
      break;
    case Lanes::Entered::kLaneFull:
      refuse_at_the_door(call, facts(asked.session),
                         refuse_full({.name = "connection_pending_max",
                                      .limit = limits::kConnectionPendingMax,
                                      .actual = limits::kConnectionPendingMax + 1}));
      return std::nullopt;
    case Lanes::Entered::kSessionFull:
      refuse_at_the_door(call, facts(asked.session),
                         refuse_full({.name = "pending_per_session_max",
                                      .limit = limits::kPendingPerSessionMax,
                                      .actual = limits::kPendingPerSessionMax + 1}));
      return std::nullopt;
  }
  clients.newest_call = id;
  clients.alarms.set(id, call.deadline);
  clients.calls.emplace(id, std::move(call));
  clients.stirred.insert(asked.lane);
  return id;
}

void Replica::Parts::run_lanes() {
  while (!clients.stirred.empty() && !dead) {
    run_lane(clients.stirred.extract(clients.stirred.begin()).value());
  }
}

void Replica::Parts::run_lane(LaneId lane) {
  while (true) {
    while (const auto next = clients.lanes.start_next(lane)) {
      start(*next);
    }
    const auto front = clients.lanes.front(lane);
    if (!front || !take_turn(*front)) {
      return;
    }
  }
}

void Replica::Parts::start(CallId id) {
  Call& call = clients.calls.at(id);
  if (call.refusal) {
    return;
  }
  if (std::holds_alternative<WriteCall>(call.body)) {
    start_write(id);
  } else if (auto* read = std::get_if<ReadCall>(&call.body)) {
    if (read->needs_barrier) {
      clients.reads.want(id, read->touched);
    } else {
      call.confirmed = true;
    }
  } else {
    start_keep_alive(id);
  }
}

void Replica::Parts::start_write(CallId id) {
  Call& call = clients.calls.at(id);
  WriteCall& write = std::get<WriteCall>(call.body);
  if (call.session.is_none() ? !may_be_without_session(write.command->op)
                             : !clients.lanes.is_bound(call.lane, call.session)) {
    refuse(id, refuse_not_bound(call.session));
    return;
  }
  if (is_of_the_cell(write.command->op)) {
    refuse(id, refuse_bad_argument("Only the cell itself gives this command."));
    return;
  }
  if (would_overtake(call, *write.command)) {
    refuse(id, refuse_no_quorum(kOvertakes));
    return;
  }
  write.command->origin = {
      .server = options.core.self, .incarnation = options.core.incarnation, .call = id.value};
  if (write.acquire) {
    // An acquire that waits already needs no second entry in the log: the confirmed state tells
    // what has become of it.
    const auto known = machine.state.acquire_state(call.session, write.acquire->owner,
                                                   write.acquire->path, write.acquire->request);
    if (known && std::holds_alternative<state::Waiting>(*known)) {
      write.confirming = true;
      clients.lanes.become(call.lane, id, Lanes::Kind::kRead);
      clients.reads.want(id, call.session);
      return;
    }
  }
  clients.pending.add(id, std::move(*std::exchange(write.command, nullptr)));
}

// It came as a write so that it starts only when what binds its session to the lane has been
// answered.
void Replica::Parts::start_keep_alive(CallId id) {
  const Call& call = clients.calls.at(id);
  if (!clients.lanes.is_bound(call.lane, call.session)) {
    refuse(id, refuse_not_bound(call.session));
    return;
  }
  clients.lanes.become(call.lane, id, Lanes::Kind::kRead);
  clients.reads.want_some_time(id, call.session);
}

// True when the call has left the front of its lane.
bool Replica::Parts::take_turn(CallId id) {
  Call& call = clients.calls.at(id);
  if (call.refusal) {
    deliver_refusal(id);
    return true;
  }
  if (auto* write = std::get_if<WriteCall>(&call.body)) {
    if (write->answer) {
      Call answered = take(id);
      WriteCall& it = std::get<WriteCall>(answered.body);
      it.done(std::move(*it.answer));
      return true;
    }
    return write->confirming && is_ready(call) && resolve_repeated(id);
  }
  if (std::holds_alternative<KeepAliveCall>(call.body)) {
    set_aside_keep_alive(id);
    return true;
  }
  if (!is_ready(call)) {
    return false;
  }
  // It takes out the call that owns it.
  const std::function<void(CallId)> run = std::get<ReadCall>(call.body).run;
  run(id);
  return true;
}

bool Replica::Parts::is_ready(const Call& call) {
  if (!call.confirmed) {
    return false;
  }
  const Zxid needed = call.served_from();
  if (machine.state.applied() >= needed) {
    return true;
  }
  clients.awaiting_applied.emplace(needed, call.lane);
  return false;
}

// The confirmed state says what has become of a wait. True when the call has left the front of its
// lane.
bool Replica::Parts::resolve_repeated(CallId id) {
  Call& call = clients.calls.at(id);
  WriteCall& write = std::get<WriteCall>(call.body);
  write.confirming = false;
  const auto known = machine.state.acquire_state(call.session, write.acquire->owner,
                                                 write.acquire->path, write.acquire->request);
  if (!known) {
    refuse(id, refuse_expired(call.session));
    deliver_refusal(id);
  } else if (const auto* waiting = std::get_if<state::Waiting>(&*known)) {
    park_acquire(id, *waiting);
  } else {
    answer_write(id, *known);
    return take_turn(id);
  }
  return true;
}

Call Replica::Parts::take(CallId id) {
  auto node = clients.calls.extract(id);
  HOLDFAST_CHECK(!node.empty(), "call " + to_string(id) + " is not open");
  clients.lanes.leave(node.mapped().lane, id);
  clients.alarms.clear(id);
  clients.reads.forget(id);
  clients.pending.erase(id);
  clients.keep_alives.erase(id);
  // A client may claim to have seen what will never be applied.
  clients.keep_alives_to_run.erase({node.mapped().served_from(), id});
  clients.awaiting_applied.erase({node.mapped().served_from(), node.mapped().lane});
  clients.stirred.insert(node.mapped().lane);
  return std::move(node.mapped());
}

// Null for what is no write of a session with a number.
const state::Command* Replica::Parts::numbered_command(CallId id) const {
  const auto* write = std::get_if<WriteCall>(&clients.calls.at(id).body);
  if (write == nullptr) return nullptr;
  const state::Command* command =
      clients.pending.has_command(id) ? &clients.pending.command(id) : write->command.get();
  const bool is_numbered =
      command != nullptr && !command->session.is_none() && !command->request.is_none();
  return is_numbered ? command : nullptr;
}

// A client repeats what was turned away so. What it had sent behind that in its lane goes the same
// way, or it would be carried out first (LOCKS.md §2.6).
void Replica::Parts::note_turned_away(CallId id, const Refusal& refusal) {
  const state::ErrorCode code = refusal.error.code;
  const bool comes_again = code == state::ErrorCode::kNoQuorum ||
                           code == state::ErrorCode::kTimeout || code == state::ErrorCode::kBehind;
  const state::Command* command = comes_again ? numbered_command(id) : nullptr;
  if (command == nullptr) return;
  const LaneId lane = clients.calls.at(id).lane;
  const auto [at, is_new] = clients.turned_away.try_emplace({lane, command->session});
  if (at->second.size() < limits::kPendingPerSessionMax) at->second.insert(command->request);
  if (!is_new) return;
  for (const CallId other : open_calls()) {
    const bool is_behind = other > id && clients.calls.at(other).lane == lane &&
                           !clients.calls.at(other).refusal && !is_set_aside(other) &&
                           !clients.pending.was_sent(other);
    const state::Command* behind = is_behind ? numbered_command(other) : nullptr;
    if (behind != nullptr && behind->session == at->first.second &&
        clients.pending.has_command(other)) {
      refuse(other, refuse_no_quorum(kOvertakes));
    }
  }
}

bool Replica::Parts::would_overtake(const Call& call, const state::Command& command) {
  const auto found = clients.turned_away.find({call.lane, command.session});
  if (found == clients.turned_away.end() || command.request.is_none()) return false;
  std::set<state::RequestNumber>& earlier = found->second;
  earlier.erase(earlier.begin(), command.answered_below.is_none()
                                     ? earlier.end()
                                     : earlier.lower_bound(command.answered_below));
  earlier.erase(command.request);
  if (!earlier.empty()) return *earlier.begin() < command.request;
  clients.turned_away.erase(found);
  return false;
}

// The answer waits for the call's turn, unless it has been set aside.
void Replica::Parts::refuse(CallId id, Refusal refusal) {
  note_turned_away(id, refusal);
  Call& call = clients.calls.at(id);
  const bool is_aside = is_set_aside(id);
  call.refusal = std::make_unique<Refusal>(std::move(refusal));
  clients.alarms.clear(id);
  clients.reads.forget(id);
  clients.pending.erase(id);
  if (is_aside) {
    deliver_refusal(id);
  } else {
    clients.stirred.insert(call.lane);
  }
}

void Replica::Parts::deliver_refusal(CallId id) {
  Call call = take(id);
  refuse_at_the_door(call, facts(call.session), *call.refusal);
}

void Replica::Parts::on_alarm(CallId id) {
  if (clients.keep_alives.holds(id)) {
    answer_keep_alive(id, WhenEmpty::kAnswer);
  } else if (clients.pending.is_parked(id)) {
    answer_waiting(id);
  } else {
    refuse(id, overdue(id, clients.calls.at(id)));
  }
}

// A leader was given the command; or it is a repeated acquire, whose earlier call stands in the
// queue.
bool Replica::Parts::is_outcome_open(CallId id, const Call& call) const {
  const auto* write = std::get_if<WriteCall>(&call.body);
  return clients.pending.was_sent(id) || (write != nullptr && write->confirming);
}

Refusal Replica::Parts::overdue(CallId id, const Call& call) const {
  if (is_outcome_open(id, call)) {
    return refuse_timeout(OutcomeIs::kOpen);
  }
  if (!serving && !call.confirmed) {
    return refuse_no_quorum("This replica has no leader with a quorum behind it.");
  }
  if (machine.state.applied() < call.last_seen) {
    return refuse_behind(call.last_seen, machine.state.applied());
  }
  return refuse_timeout(OutcomeIs::kNothing);
}

// Without a leader, what no leader was ever given is held for a while and then refused (LOCKS.md
// §2.7).
void Replica::Parts::refuse_leaderless() {
  if (serving) {
    return;
  }
  std::vector<CallId> waiting = clients.pending.never_sent();
  for (const CallId id : clients.reads.waiting()) {
    waiting.push_back(id);
  }
  for (const CallId id : waiting) {
    const Call& call = clients.calls.at(id);
    const Ticks since = std::max(call.arrived, not_serving_since);
    if (!call.refusal && now - since >= options.no_leader_hold_ms && !is_outcome_open(id, call)) {
      refuse(id, refuse_no_quorum("This replica has no leader with a quorum behind it."));
    }
  }
}

void Replica::Parts::begin_barriers() {
  if (!serving || dead) {
    return;
  }
  const bool leads = reign.is_on();
  for (const Reads::Kind kind : {Reads::Kind::kTouching, Reads::Kind::kPlain}) {
    if (!clients.reads.has_waiting(kind)) {
      continue;
    }
    const bool touches = kind == Reads::Kind::kTouching;
    if (touches && now < next_touching_barrier && !clients.reads.is_urgent()) {
      continue;  // A tick comes back to it.
    }
    // An expiry that was proposed before the touch is then applied before the answer; for a learner
    // the leader sees to that.
    const Zxid floor = touches && leads ? core.view().last : Zxid();
    const auto barrier = clients.reads.begin(kind, floor);
    if (!barrier) {
      continue;
    }
    if (leads) {
      for (const SessionId session : barrier->touched) {
        reign.touch(session);
      }
    } else if (touches) {
      core.touch(barrier->touched);
    }
    if (!core.read_barrier(barrier->tag)) {
      clients.reads.put_back(barrier->tag);
    } else if (touches) {
      next_touching_barrier = now + options.keep_alive_gather_ms;
    }
  }
}

void Replica::Parts::on_confirmed(const Reads::Confirmed& confirmed) {
  for (const CallId id : confirmed.calls) {
    Call& call = clients.calls.at(id);
    call.confirmed = true;
    call.needed = confirmed.needed;
    clients.stirred.insert(call.lane);
    if (clients.keep_alives.waits(id)) {
      clients.keep_alives_to_run.emplace(call.served_from(), id);
    }
  }
  run_keep_alives();
}

}  // namespace holdfast::replica
