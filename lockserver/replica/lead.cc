// Commands on their way to the log, at a leader and at those that forward to it.

#include <utility>

#include "lockserver/replica/parts.h"
#include "lockserver/state/command_codec.h"
#include "zab/base/limits.h"

namespace holdfast::replica {

namespace {

// Commands of other replicas that wait at the leader for room in the core.
constexpr std::size_t kHeldForwardsMax = 10'000;

Refusal refuse_in_flight() {
  return refuse_full({.name = "in_flight_entries_max",
                      .limit = limits::kInFlightEntriesMax,
                      .actual = limits::kInFlightEntriesMax + 1});
}

bool is_full(const std::variant<zab::ProposeResult, Refusal>& what) {
  const auto* result = std::get_if<zab::ProposeResult>(&what);
  const auto* not_proposed = result != nullptr ? std::get_if<zab::NotProposed>(result) : nullptr;
  return not_proposed != nullptr && *not_proposed == zab::NotProposed::kFull;
}

bool is_proposed(const std::variant<zab::ProposeResult, Refusal>& what) {
  const auto* result = std::get_if<zab::ProposeResult>(&what);
  return result != nullptr && std::holds_alternative<zab::Proposed>(*result);
}

}  // namespace

// ---- own clients --------------------------------------------------------------------------------

void Replica::Parts::send_writes() {
  if (!serving || dead || is_stopping() || !propose_held()) {
    return;
  }
  while (const auto next = clients.pending.next_to_send()) {
    if (send_own(*next) == Sent::kLater) {
      return;
    }
  }
}

Replica::Parts::Sent Replica::Parts::send_own(CallId id) {
  const state::Command& command = clients.pending.command(id);
  if (!reign.is_on()) {
    SharedBytes payload(state::encode_command(command));
    if (payload.size() > limits::kProposalBytesMax) {
      refuse(id, refuse_too_large({.name = "proposal_bytes_max",
                                   .limit = limits::kProposalBytesMax,
                                   .actual = payload.size()}));
      return Sent::kYes;
    }
    if (!core.forward(std::move(payload))) {
      return Sent::kLater;
    }
    clients.pending.on_sent(id);
    return Sent::kYes;
  }
  const auto what = propose(command);
  if (const auto* refusal = std::get_if<Refusal>(&what)) {
    refuse(id, *refusal);
    return Sent::kYes;
  }
  if (!is_proposed(what)) {
    return Sent::kLater;
  }
  clients.pending.on_sent(id);
  return Sent::kYes;
}

// For what nobody here waits for; false when there is no way to the log now.
bool Replica::Parts::send_of_the_cell(state::Op op) {
  if (!serving || dead || is_stopping()) {
    return false;
  }
  state::Command command;
  command.op = std::move(op);
  return reign.is_on() ? is_proposed(propose(std::move(command)))
                       : core.forward(SharedBytes(state::encode_command(command)));
}

// ---- the leader ---------------------------------------------------------------------------------

// An earlier copy has been carried out, or may yet be: what this one is answered must be true of
// that one as well, so the log tells it.
bool Replica::Parts::is_repeated(const state::Command& command) const {
  return under_way.contains({command.session, command.request}) ||
         machine.state.remembered(command.session, command.request).has_value();
}

std::variant<zab::ProposeResult, Refusal> Replica::Parts::propose(state::Command command) {
  if (!space.has_space(now) && !only_frees(command.op) && !is_repeated(command)) {
    return refuse_no_space();
  }
  command.stamp = reign.stamp({.now = now, .wall_ms = world.clock->wall_ms()});
  SharedBytes payload(state::encode_command(command));
  const std::size_t bytes = payload.size();
  const zab::ProposeResult result = core.propose(std::move(payload));
  if (const auto* not_proposed = std::get_if<zab::NotProposed>(&result)) {
    if (*not_proposed == zab::NotProposed::kTooLarge) {
      return refuse_too_large(
          {.name = "proposal_bytes_max", .limit = limits::kProposalBytesMax, .actual = bytes});
    }
    return result;
  }
  if (!command.session.is_none() && !command.request.is_none()) {
    under_way.emplace(command.session, command.request);
  }
  // Its commit will show the session's contact to its client (LOCKS.md §2.3).
  reign.touch(command.session);
  if (const auto* open = std::get_if<state::OpenSession>(&command.op)) {
    reign.touch(machine.state.session_of(open->secret).value_or(SessionId()));
  }
  return result;
}

// The stamps go on from the last one of the history, so all of it must be applied before the first
// command of the epoch.
void Replica::Parts::try_begin_reign() {
  if (!reign_begins_at || machine.state.applied() < *reign_begins_at) {
    return;
  }
  reign_begins_at.reset();
  reign.begin(machine.state, now);
  space.begin_reign();
  state::Command command;
  command.op = state::EpochBegun{options.core.self};
  if (!is_proposed(propose(std::move(command)))) {
    reign.end();
    core.resign("the first command of the epoch could not be proposed");
    return;
  }
  serving = true;
}

void Replica::Parts::lead() {
  if (!reign.is_on() || dead || is_stopping()) {
    return;
  }
  space.observe({.id = options.core.self, .free_bytes = world.disk->free_bytes()},
                core.view().learners, now);
  for (const state::Op& op : reign.on_tick(machine.state, now)) {
    if (!send_of_the_cell(op)) {
      reign.not_proposed(op, now);
    }
  }
}

void Replica::Parts::on_forwarded(const zab::ForwardedRequest& request) {
  if (is_stopping()) {
    return;  // Its replica repeats it to the next leader.
  }
  Result<state::Command> decoded = state::decode_command(request.payload.view());
  if (!decoded.ok()) {
    say("event=request-refused from=" + to_string(request.from) + " reason=\"" +
        decoded.status().message() + "\"");
    refuse_forward(request.conn, {CallId(), refuse_bad_argument(decoded.status().message())});
    return;
  }
  state::Command command = std::move(decoded).value();
  if (is_of_the_cell(command.op) ? !may_be_forwarded(command.op)
                                 : command.origin.server != request.from) {
    say("event=request-refused from=" + to_string(request.from) +
        " reason=\"not a command that this replica may forward\"");
    refuse_forward(request.conn, {CallId(command.origin.call),
                                  refuse_bad_argument("Not a command that may be forwarded.")});
    return;
  }
  if (held.size() >= kHeldForwardsMax && !is_repeated(command)) {
    refuse_forward(request.conn, {CallId(command.origin.call), refuse_in_flight()});
    return;
  }
  held.push_back(HeldForward{request.conn, std::move(command)});
  propose_held();
}

// Other replicas may only report that a client has acknowledged its losses.
bool Replica::Parts::may_be_forwarded(const state::Op& op) const {
  if (const auto* delay = std::get_if<state::EndLockDelay>(&op)) {
    return !delay->acknowledged_by.is_none();
  }
  const auto* expiry = std::get_if<state::ExpireSession>(&op);
  const Machine::Living* session = expiry != nullptr ? machine.living(expiry->session) : nullptr;
  return session != nullptr && session->killed;
}

// False while the core is full, so that nobody overtakes those who wait.
bool Replica::Parts::propose_held() {
  while (reign.is_on() && !held.empty()) {
    HeldForward next = std::move(held.front());
    held.pop_front();
    const CallId call(next.command.origin.call);
    const auto what = propose(next.command);
    if (is_full(what)) {
      held.push_front(std::move(next));
      return false;
    }
    if (const auto* refusal = std::get_if<Refusal>(&what)) {
      refuse_forward(next.conn, {call, *refusal});
    }
  }
  return true;
}

void Replica::Parts::refuse_forward(ConnId conn, const ForwardRefusal& refusal) {
  core.reply_to(conn, encode_forward_refusal(refusal));
}

}  // namespace holdfast::replica
