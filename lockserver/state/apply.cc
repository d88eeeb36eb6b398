#include "lockserver/state/apply.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "lockserver/state/errors.h"
#include "lockserver/state/image_codec.h"
#include "lockserver/state/lock_ops.h"
#include "lockserver/state/lock_views.h"
#include "lockserver/state/node_ops.h"
#include "lockserver/state/session_ops.h"
#include "lockserver/state/turn.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

// Who does what. One line an operation: a forgotten one does not compile.
struct Carry {
  Rooms& rooms;
  Turn& turn;

  Reply operator()(const OpenSession& op) const { return SessionOps(rooms, turn).apply(op); }
  Reply operator()(const CloseSession& op) const { return SessionOps(rooms, turn).apply(op); }
  Reply operator()(const ExpireSession& op) const { return SessionOps(rooms, turn).apply(op); }
  Reply operator()(const KillSession& op) const { return SessionOps(rooms, turn).apply(op); }
  Reply operator()(const Acquire& op) const { return LockOps(rooms, turn).apply(op); }
  Reply operator()(const CancelWait& op) const { return LockOps(rooms, turn).apply(op); }
  Reply operator()(const Release& op) const { return LockOps(rooms, turn).apply(op); }
  Reply operator()(const BreakLock& op) const { return LockOps(rooms, turn).apply(op); }
  Reply operator()(const EndLockDelay& op) const { return LockOps(rooms, turn).apply(op); }
  Reply operator()(const Create& op) const { return NodeOps(rooms, turn).apply(op); }
  Reply operator()(const Remove& op) const { return NodeOps(rooms, turn).apply(op); }
  Reply operator()(const SetContents& op) const { return NodeOps(rooms, turn).apply(op); }
  Reply operator()(const Multi& op) const { return NodeOps(rooms, turn).apply(op); }

  // Lock-delays and waits count from here: delay_ends() and wait_due() take the later of their
  // beginning and this.
  Reply operator()(const EpochBegun&) const {
    rooms.meta.epoch_began_cluster_ms = turn.stamp.cluster_ms;
    Event event;
    event.kind = EventKind::kLeaderChanged;
    event.path = "/";
    turn.emit(std::move(event));
    return Done{};
  }
};

// Whether the operation is one that a client does in the name of a session.
struct NeedsSession {
  bool operator()(const OpenSession&) const { return false; }
  bool operator()(const CloseSession&) const { return true; }
  bool operator()(const ExpireSession&) const { return false; }
  bool operator()(const KillSession&) const { return false; }
  bool operator()(const Acquire&) const { return true; }
  bool operator()(const CancelWait& op) const { return op.why == CancelWait::Why::kCancelled; }
  bool operator()(const Release&) const { return true; }
  bool operator()(const BreakLock&) const { return false; }
  bool operator()(const EndLockDelay&) const { return false; }
  bool operator()(const EpochBegun&) const { return false; }
  bool operator()(const Create&) const { return true; }
  bool operator()(const Remove&) const { return true; }
  bool operator()(const SetContents&) const { return true; }
  bool operator()(const Multi&) const { return true; }
};

Reply carry_out(Rooms& rooms, Turn& turn) {
  if (turn.command.guard) {
    if (auto error = judge_sequencer(rooms, *turn.command.guard)) return *error;
  }
  return std::visit(Carry{rooms, turn}, turn.command.op);
}

// The answer to a request that was applied before; nothing when it was not.
std::optional<Reply> answer_again(const Rooms& rooms, const Turn& turn) {
  const Command& command = turn.command;
  const Sessions::Entry& entry = *rooms.sessions.find(command.session);
  const auto* acquire = std::get_if<Acquire>(&command.op);
  const auto result = entry.results.find(command.request);
  std::optional<Reply> first;
  if (result != entry.results.end()) first = decode_reply(result->second).value();
  const bool forgotten = !first && command.request < entry.session.answered_below;
  // A wait counts as answered when it began; what became of it is lock state.
  if (acquire != nullptr && (forgotten || (first && std::holds_alternative<Waiting>(*first)))) {
    return acquire_state(rooms, acquire->path,
                         {.party = turn.party(acquire->owner), .request = command.request});
  }
  if (forgotten) {
    return bad_argument("The session has said that it has the answer of request " +
                        to_string(command.request) + ".");
  }
  return first;
}

// A session whose client does not say which answers it has gets no further ones, but may go.
std::optional<Error> judge_results(const Sessions::Entry& entry, const Op& op) {
  if (std::holds_alternative<CloseSession>(op)) return std::nullopt;
  if (entry.results.size() >= limits::kResultsPerSessionMax) {
    return limit_reached({.name = "results_per_session_max",
                          .limit = limits::kResultsPerSessionMax,
                          .actual = entry.results.size() + 1});
  }
  if (entry.result_bytes >= limits::kResultBytesPerSessionMax) {
    return limit_reached({.name = "result_bytes_per_session_max",
                          .limit = limits::kResultBytesPerSessionMax,
                          .actual = entry.result_bytes + 1});
  }
  return std::nullopt;
}

Reply answer_in_session(Rooms& rooms, Turn& turn) {
  const Command& command = turn.command;
  const Sessions::Entry* entry = rooms.sessions.find(command.session);
  const bool closes = std::holds_alternative<CloseSession>(command.op);
  if (entry == nullptr || (entry->session.killed && !closes)) {
    return session_expired(command.session);
  }
  rooms.sessions.forget_below(command.session, command.answered_below);
  if (command.request.is_none()) return carry_out(rooms, turn);
  if (auto again = answer_again(rooms, turn)) return *std::move(again);
  if (auto error = judge_results(*entry, command.op)) return *error;
  Reply reply = carry_out(rooms, turn);
  // The command may have ended its own session.
  if (rooms.sessions.find(command.session) != nullptr) {
    rooms.sessions.remember(command.session, command.request, encode_reply(reply));
  }
  return reply;
}

Reply answer(Rooms& rooms, Turn& turn) {
  if (!turn.command.session.is_none()) return answer_in_session(rooms, turn);
  if (std::visit(NeedsSession{}, turn.command.op)) {
    return bad_argument("This request needs a session.");
  }
  return carry_out(rooms, turn);
}

}  // namespace

Effects apply_command(Rooms& rooms, Zxid zxid, const Command& command) {
  HOLDFAST_CHECK(command.version <= kStateMachineVersion,
                 "a command of a later version at " + to_string(zxid));
  HOLDFAST_CHECK(zxid > rooms.meta.applied,
                 to_string(zxid) + " comes after " + to_string(rooms.meta.applied));
  Stamp stamp = command.stamp;
  stamp.cluster_ms = std::max(stamp.cluster_ms, rooms.meta.stamp.cluster_ms);
  rooms.meta.applied = zxid;
  rooms.meta.stamp = stamp;
  Turn turn{.zxid = zxid,
            .command = command,
            .stamp = stamp,
            .effects = {},
            .removed = {},
            .unsettled = {},
            .timers = {}};
  turn.effects.reply = answer(rooms, turn);
  LockOps(rooms, turn).settle();
  rooms.history.append(zxid, turn.effects.events);
  return std::move(turn.effects);
}

}  // namespace holdfast::state
