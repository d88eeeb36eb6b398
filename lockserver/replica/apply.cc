// Committed entries and installed images on their way into the state, and whom that wakes.

#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "lockserver/replica/parts.h"
#include "lockserver/state/command_codec.h"

namespace holdfast::replica {

namespace {

constexpr std::size_t kAppliedInTurnMax = 512;  // A few milliseconds.

// What operators did is told on every replica, with who and why (LOCKS.md §3).
std::string line_for_operators(Zxid zxid, const state::Op& op) {
  if (const auto* killed = std::get_if<state::KillSession>(&op)) {
    return "event=kill-session zxid=" + to_string(zxid) +
           " session=" + to_string(Zxid(killed->session.value)) + " who=\"" + killed->who +
           "\" reason=\"" + killed->reason + "\" now=" + (killed->now ? "yes" : "no");
  }
  if (const auto* broken = std::get_if<state::BreakLock>(&op)) {
    return "event=break-lock zxid=" + to_string(zxid) + " path=" + broken->path + " who=\"" +
           broken->who + "\" reason=\"" + broken->reason + "\" now=" + (broken->now ? "yes" : "no");
  }
  return {};
}

}  // namespace

Status Machine::load(const ImageRecords& image) {
  for (const state::Write& record : image.records) {
    if (!record.value) {
      return {StatusCode::kInvalid, "A record of the image has no value."};
    }
    if (Status status = state.load(record.key, *record.value); !status.ok()) {
      return status;
    }
  }
  if (Status status = state.finish_load(); !status.ok()) {
    return status;
  }
  sessions.clear();
  for (const state::SessionInfo& session :
       state.sessions(SessionId(), std::numeric_limits<std::size_t>::max())) {
    sessions[session.id] = {.lease_ms = session.lease_ms, .killed = session.killed};
  }
  if (state.applied() != image.applied) {
    return {StatusCode::kCorrupt, "The image is said to be of " + to_string(image.applied) +
                                      ", but its records are of " + to_string(state.applied()) +
                                      "."};
  }
  return {};
}

const Machine::Living* Machine::living(SessionId session) const {
  const auto found = sessions.find(session);
  return found == sessions.end() ? nullptr : &found->second;
}

void Machine::note_sessions(const state::Effects& effects) {
  for (const SessionId id : effects.sessions_opened) {
    if (const auto session = state.session(id)) {
      sessions[id] = {.lease_ms = session->lease_ms, .killed = session->killed};
    }
  }
  for (const SessionId id : effects.sessions_killed) {
    sessions[id].killed = true;
  }
  for (const SessionId id : effects.sessions_ended) {
    sessions.erase(id);
  }
}

void Replica::Parts::apply_all(std::vector<zab::Entry> entries) {
  machine.deferred.insert(machine.deferred.end(), std::make_move_iterator(entries.begin()),
                          std::make_move_iterator(entries.end()));
  apply_deferred();
}

// No more in one turn than leaves the strand free for heartbeats: who was away for long has much to
// apply, and would lose its leader over it.
void Replica::Parts::apply_deferred() {
  if (machine.loading || machine.deferred.empty()) {
    return;
  }
  while (!machine.deferred.empty() && (applied_in_turn < kAppliedInTurnMax || !world.soon)) {
    apply(machine.deferred.front());
    if (dead) {
      return;
    }
    machine.deferred.pop_front();
    ++applied_in_turn;
  }
  if (!machine.deferred.empty()) {
    drain_soon();
  }
  on_applied_through();
}

void Replica::Parts::apply(const zab::Entry& entry) {
  const Result<state::Command> decoded = state::decode_command(entry.payload.view());
  if (!decoded.ok()) {
    const bool is_newer = decoded.status().code() == StatusCode::kUnavailable;
    die("Entry " + to_string(entry.zxid) +
        " of the log cannot be applied: " + decoded.status().message() +
        (is_newer ? " Start a holdfastd of the release that runs on the other replicas." : ""));
    return;
  }
  const state::Command& command = *decoded;
  state::Effects effects = machine.state.apply(entry.zxid, command);
  machine.note_sessions(effects);
  under_way.erase({command.session, command.request});
  machine.meter.add(entry.zxid, entry.payload.size());
  if (const std::string line = line_for_operators(entry.zxid, command.op); !line.empty()) {
    say(line);
  }
  const auto* epoch = std::get_if<state::EpochBegun>(&command.op);
  const bool is_ours = epoch != nullptr && epoch->leader == options.core.self;
  reign.on_applied(effects, machine.state,
                   is_ours ? Reign::Entry::kOwnEpoch : Reign::Entry::kOrdinary);
  machine.writer.add(entry.zxid, entry.payload.size(), now);
  tell_clients(command, effects);
}

void Replica::Parts::tell_clients(const state::Command& command, const state::Effects& effects) {
  // First, so that every answer below names the events of this entry.
  const std::vector<SessionId> awake = clients.hub.on_events(effects.events);
  if (command.origin.server == options.core.self &&
      command.origin.incarnation == options.core.incarnation) {
    wake(CallId(command.origin.call), effects.reply);
  }
  for (const state::Outcome& outcome : effects.outcomes) {
    for (const CallId id : clients.pending.take_parked(outcome.session, outcome.request)) {
      if (!clients.calls.contains(id)) {
        continue;  // An answer before has closed its lane.
      }
      const Facts as_of = leased_facts(outcome.session, state::EventName());
      Call call = take(id);
      std::get<WriteCall>(call.body).done(WriteAnswer{as_of, Applied{outcome.reply}});
    }
  }
  for (const SessionId session : effects.sessions_ended) {
    end_keep_alives(session);
    clients.hub.on_session_ended(session);
  }
  wake_soon(awake);
}

void Replica::Parts::end_keep_alives(SessionId session) {
  for (const CallId id : clients.keep_alives.of(session)) {
    if (clients.keep_alives.holds(id)) {
      refuse(id, refuse_expired(session));
    }
  }
}

void Replica::Parts::on_applied_through() {
  const Zxid applied = machine.state.applied();
  auto& awaiting = clients.awaiting_applied;
  while (!awaiting.empty() && awaiting.begin()->first <= applied) {
    clients.stirred.insert(awaiting.extract(awaiting.begin()).value().second);
  }
  run_keep_alives();
  core.on_applied(applied);
  try_begin_reign();
}

void Replica::Parts::on_image_loaded(const ImageRecords& image) {
  const state::EventName seen = machine.state.newest_event();
  machine.state = state::StateMachine(options.limits, options.cell_id.substr(0, 16));
  if (Status status = machine.load(image); !status.ok()) {
    die("The state cannot be built from the image that the leader sent: " + status.message());
    return;
  }
  machine.writer.restart({.generation = image.generation, .applied = image.applied}, now);
  machine.meter.restart(image.applied);
  machine.loading = false;
  const std::vector<SessionId> awake = clients.hub.on_state_loaded(machine.state, seen);
  recheck_parked();
  wake_soon(awake);
  on_applied_through();
  world.disk->remove_garbage();
  apply_deferred();
}

// What happened between the old state and the loaded one came without effects: those who wait for
// them are asked about one by one.
void Replica::Parts::recheck_parked() {
  for (const SessionId session : clients.keep_alives.sessions()) {
    if (machine.living(session) == nullptr) {
      end_keep_alives(session);
    }
  }
  for (const CallId id : clients.pending.parked()) {
    auto found = clients.calls.find(id);
    if (found == clients.calls.end()) {
      continue;
    }
    const WriteCall& write = std::get<WriteCall>(found->second.body);
    const auto known = machine.state.acquire_state(found->second.session, write.acquire->owner,
                                                   write.acquire->path, write.acquire->request);
    if (!known || !std::holds_alternative<state::Waiting>(*known)) {
      answer_waiting(id);
    }
  }
}

}  // namespace holdfast::replica
