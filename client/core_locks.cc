#include <algorithm>
#include <utility>

#include "client/core.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

// The first answer of an acquire that has to wait comes at once: from then on the cell need not
// keep its result, so that a long wait does not stand in the way of other requests.
constexpr std::int32_t kFirstHoldMs = 1;
constexpr std::int32_t kHoldMs = 10'000;
// The leader ends a wait in time; only when it changed meanwhile, or is out of reach, do we.
constexpr Ticks kWaitSlackMs = 500;
constexpr Ticks kAnswerSlackMs = 1'500;

using Withdrawn = Call::Acquiring::Withdrawn;

}  // namespace

CallId Core::acquire(Ticks now, const AcquireAsk& ask) {
  begin_input(now);
  wire::Acquire request{.path = short_path(ask.path),
                        .mode = ask.mode,
                        .wait_ms = ask.wait_ms.value_or(-1),
                        .lock_delay_ms = ask.lock_delay_ms,
                        .owner = ask.owner,
                        .description = ask.description,
                        .create = ask.create,
                        .max_hold_ms = kFirstHoldMs};
  Call call{.request = std::move(request),
            .kind = Call::Kind::kAcquire,
            .is_mutating = true,
            .acquiring = Call::Acquiring{.lost_at_jeopardy = ask.lost_at_jeopardy}};
  if (ask.wait_ms && *ask.wait_ms > 0) {
    call.acquiring->wait_end = now_ + *ask.wait_ms + kWaitSlackMs;
    call.deadline = now_ + *ask.wait_ms + kAnswerSlackMs;
  }
  if (ask.timeout_ms) call.deadline = now_ + *ask.timeout_ms;
  CallId id;
  if (std::optional<Error> error = refusal()) {
    id = newest_call_ = newest_call_.next();
    put(Answered{id, std::move(*error)});
  } else {
    id = add_call(std::move(call));
  }
  end_input();
  return id;
}

void Core::withdraw(Ticks now, CallId acquire) {
  begin_input(now);
  Call* call = calls_.find(acquire);
  const bool waits = call != nullptr && call->acquiring && call->stage != Call::Stage::kHeld &&
                     call->acquiring->withdrawn == Withdrawn::kNo;
  if (waits) begin_withdrawal(acquire, Withdrawn::kByProgram);
  end_input();
}

// The acquire stays open: its own answer says whether the withdrawal came too late.
void Core::begin_withdrawal(CallId id, Withdrawn why) {
  Call& call = *calls_.find(id);
  const bool was_withdrawn = call.acquiring->withdrawn != Withdrawn::kNo;
  call.acquiring->withdrawn = why;
  if (!call.was_sent) {
    const Error error = acquire_error(call, {.code = ErrorCode::kCancelled});
    return finish(id, error);
  }
  // Somebody waits for this answer: he must have it soon, also if the cell is out of reach.
  if (!call.is_abandoned) {
    const Ticks soon = now_ + kAnswerSlackMs - kWaitSlackMs;
    call.deadline = std::min(call.deadline.value_or(soon), soon);
  }
  set_alarm(id);
  if (was_withdrawn) return;
  calls_.on_withdrawn(id);
  const auto& request = std::get<wire::Acquire>(call.request);
  add_background(wire::Cancel{.path = request.path, .owner = request.owner});
}

void Core::add_background(wire::Request request) {
  add_call({.request = std::move(request), .kind = Call::Kind::kBackground, .is_mutating = true});
}

// What nobody wants any more; unless another guard stands for the same acquisition.
void Core::give_back(const std::string& path, OwnerId owner, Zxid acquisition) {
  if (!guards_.of(path, owner, acquisition).empty()) return;
  add_background(wire::Release{.path = path, .owner = owner});
}

// A grant that an open acquire of this owner may still be told is over.
void Core::on_released(const wire::Release& release, Zxid zxid) {
  for (auto& [id, call] : calls_.all()) {
    if (!call.acquiring || call.stage == Call::Stage::kHeld) continue;
    const auto& request = std::get<wire::Acquire>(call.request);
    if (request.path == release.path && request.owner == release.owner) {
      call.acquiring->released = std::max(call.acquiring->released, zxid);
    }
  }
}

void Core::on_acquired(CallId id, const wire::Facts& facts, const wire::Acquired& acquired) {
  if (acquired.grant) return on_granted(id, facts, *acquired.grant);
  Call& call = *calls_.find(id);
  calls_.unpin(id);
  std::get<wire::Acquire>(call.request).max_hold_ms = kHoldMs;
  call.retries = 0;
  if (!call.is_abandoned) put(Queued{id, acquired.waiters_ahead});
  calls_.on_stage(id, Call::Stage::kUnsent);
}

void Core::on_granted(CallId id, const wire::Facts& facts, const LockGrant& grant) {
  Call& call = *calls_.find(id);
  const auto& request = std::get<wire::Acquire>(call.request);
  if (call.is_abandoned) {
    give_back(request.path, request.owner, grant.acquisition);
    return calls_.erase(id);
  }
  // The acquisition may be one that a release on its way gives back, or has given back: the owner
  // asks for one of its own when that is done.
  const bool is_over = calls_.is_releasing(request.path, request.owner) ||
                       grant.acquisition <= call.acquiring->released;
  if (is_over) return ask_anew(id);
  const GuardId guard = guards_.add({.path = request.path,
                                     .owner = request.owner,
                                     .grant = grant,
                                     .lost_at_jeopardy = call.acquiring->lost_at_jeopardy});
  call.acquiring->guard = guard;
  put(GuardMade{guard, request.path, request.owner, grant});
  const Call::Acquiring acquiring = *call.acquiring;
  hold_answer(id, facts, CallValue(Granted{guard}));
  if (acquiring.lost_acquisition == grant.acquisition) {
    lose(guard, acquiring.loss);
  } else if (acquiring.lost_at_jeopardy && lease_.state() == SessionState::kJeopardy) {
    lose_at_jeopardy();
  } else if (acquiring.is_doubtful) {
    verify(guard);
  }
}

void Core::ask_anew(CallId id) {
  Call& call = *calls_.find(id);
  if (call.acquiring->withdrawn != Withdrawn::kNo) {
    const Error error = acquire_error(call, {.code = ErrorCode::kCancelled});
    return finish(id, error);
  }
  call.acquiring->released = Zxid();
  std::get<wire::Acquire>(call.request).max_hold_ms = kFirstHoldMs;
  calls_.renew(id);
  set_alarm(id);
}

// What the program is told of an acquire that came to nothing.
Error Core::acquire_error(const Call& call, const Error& error) const {
  // A copy that comes after the end of the wait is not told who ended it, only that it is over.
  const bool is_ended = error.code == ErrorCode::kCancelled ||
                        (error.code == ErrorCode::kTimeout &&
                         call.acquiring->withdrawn == Call::Acquiring::Withdrawn::kByProgram);
  if (!is_ended) return error;
  const std::string& path = std::get<wire::Acquire>(call.request).path;
  switch (call.acquiring->withdrawn) {
    case Withdrawn::kNo:
      return error;
    case Withdrawn::kByProgram:
      return {.code = ErrorCode::kCancelled,
              .message = "The wait for the lock " + path + " was ended by the program.",
              .path = path};
    case Withdrawn::kWaitIsOver:
    case Withdrawn::kAbandoned:
      return {.code = ErrorCode::kTimeout,
              .message = "The lock " + path + " was not had within the time to wait.",
              .path = path};
  }
  return error;
}

CallId Core::release(Ticks now, GuardId guard, std::optional<Ticks> timeout_ms) {
  begin_input(now);
  CallId id;
  if (std::optional<GuardTable::Guard> held = guards_.take(guard)) {
    for (const GuardId twin : guards_.of(held->path, held->owner, held->grant.acquisition)) {
      guards_.take(twin);
      put(GuardReleased{twin});
    }
    Call call{.request = wire::Release{.path = held->path, .owner = held->owner},
              .kind = Call::Kind::kRelease,
              .is_mutating = true};
    if (timeout_ms) call.deadline = now_ + *timeout_ms;
    id = add_call(std::move(call));
  } else {
    id = newest_call_ = newest_call_.next();
    put(Answered{id, Error{.code = ErrorCode::kNotHeld, .message = "The lock is not held."}});
  }
  end_input();
  return id;
}

void Core::lose(GuardId guard, const Loss& loss) {
  if (guards_.take(guard)) put(GuardLost{guard, loss});
}

// The cell does not know that they gave up: it is told as soon as it can be heard again.
void Core::lose_at_jeopardy() {
  for (const GuardId id : guards_.lost_at_jeopardy()) {
    const GuardTable::Guard guard = *guards_.find(id);
    lose(id, {.reason = LossReason::kJeopardy,
              .message = "The lease was not confirmed in time, and the lock was to be given up."});
    give_back(guard.path, guard.owner, guard.grant.acquisition);
  }
}

void Core::on_lock_lost(const Event& event) {
  if (event.session != facts_.id) return;
  const Loss loss{.reason = LossReason::kTaken, .message = event.reason};
  for (const GuardId guard : guards_.lost_by(event)) lose(guard, loss);
  for (auto& [id, call] : calls_.all()) {
    if (!call.acquiring) continue;
    const auto& request = std::get<wire::Acquire>(call.request);
    if (request.path == event.path && request.owner == event.owner) {
      call.acquiring->lost_acquisition = event.acquisition;
      call.acquiring->loss = loss;
    }
  }
}

// Events are gone, and among them may have been the loss of any lock.
void Core::doubt_everything() {
  std::vector<GuardId> guards;
  for (const auto& [id, guard] : guards_.all()) guards.push_back(id);
  for (const GuardId id : guards) verify(id);
  for (auto& [id, call] : calls_.all()) {
    if (call.acquiring) call.acquiring->is_doubtful = true;
  }
}

// The guards whose locks go with their nodes if the request is carried out.
std::vector<GuardId> Core::removed_by(const wire::Request& request) const {
  std::vector<GuardId> found;
  const auto add = [&](const Remove& op) {
    for (const GuardId id : guards_.of(short_path(op.path), op.owner)) found.push_back(id);
  };
  if (const auto* one = std::get_if<Remove>(&request)) add(*one);
  if (const auto* multi = std::get_if<Multi>(&request)) {
    for (const Multi::Op& op : multi->ops()) {
      if (const auto* each = std::get_if<Remove>(&op)) add(*each);
    }
  }
  return found;
}

// From when the request may be carried out until its outcome is known.
void Core::doubt_removed(const wire::Request& request) {
  for (const GuardId id : removed_by(request)) doubt(id);
}

void Core::verify_removed(const wire::Request& request) {
  for (const GuardId id : removed_by(request)) verify(id);
}

void Core::doubt(GuardId id) {
  if (guards_.find(id)->is_doubtful) return;
  guards_.set_doubtful(id, true);
  put(GuardDoubtful{id});
}

void Core::verify(GuardId id) {
  const GuardTable::Guard& guard = *guards_.find(id);
  Call call{.request = wire::GetSequencer{.path = guard.path, .owner = guard.owner},
            .kind = Call::Kind::kVerify,
            .guard = id};
  doubt(id);
  add_call(std::move(call));
}

void Core::on_verified(const Call& call, const wire::Answer& answer) {
  const GuardTable::Guard* guard = guards_.find(call.guard);
  if (guard == nullptr) return;
  if (const auto* error = std::get_if<Error>(&answer.body)) {
    const bool is_known = error->code == ErrorCode::kNotHeld || error->code == ErrorCode::kNoNode;
    if (!is_known) {
      leave(to_string(*error));
      return verify(call.guard);
    }
    return lose(call.guard, {.reason = LossReason::kTaken,
                             .message = "The cell says that the lock is not held any more."});
  }
  const LockGrant& grant = std::get<wire::SequencerGot>(std::get<wire::Reply>(answer.body)).grant;
  if (grant.acquisition != guard->grant.acquisition) {
    return lose(call.guard, {.reason = LossReason::kTaken,
                             .message = "The cell says that the lock was lost and taken again."});
  }
  // One that is on its way may yet remove it; its answer is followed by another question.
  for (const auto& [id, other] : calls_.all()) {
    const std::vector<GuardId> removed = removed_by(other.request);
    if (std::ranges::find(removed, call.guard) != removed.end()) return;
  }
  guards_.set_doubtful(call.guard, false);
  put(GuardCertain{call.guard});
}

}  // namespace holdfast::client
