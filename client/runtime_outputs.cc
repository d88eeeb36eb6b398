#include <utility>

#include "client/guard_state.h"
#include "client/lull.h"
#include "client/runtime.h"
#include "client/watch_state.h"
#include "zab/base/check.h"

namespace holdfast::client::detail {

void Runtime::carry_out(Connect output) {
  connection_ = output.connection;
  const ConnectionId id = output.connection;
  const std::weak_ptr<Runtime> weak = weak_from_this();
  channel_ = std::make_shared<Channel>(
      threads_->io(), Channel::Listener{.on_connected =
                                            [weak, id] {
                                              const std::shared_ptr<Runtime> self = weak.lock();
                                              if (self == nullptr) return;
                                              self->core_.on_connected(BootClock::now_ms(), id);
                                              self->drain();
                                            },
                                        .on_message =
                                            [weak, id](std::string_view message) {
                                              const std::shared_ptr<Runtime> self = weak.lock();
                                              if (self == nullptr) return;
                                              self->core_.on_message(BootClock::now_ms(), id,
                                                                     message);
                                              self->drain();
                                            },
                                        .on_closed =
                                            [weak, id](const std::string& why) {
                                              const std::shared_ptr<Runtime> self = weak.lock();
                                              if (self == nullptr) return;
                                              self->core_.on_closed(BootClock::now_ms(), id, why);
                                              self->drain();
                                            }});
  channel_->open(output.address);
}

void Runtime::carry_out(Resolve output) {
  resolver_.look_up(output.endpoint, [weak = weak_from_this(),
                                      endpoint = output.endpoint](const Resolver::Places& found) {
    const std::shared_ptr<Runtime> self = weak.lock();
    if (self == nullptr) return;
    self->core_.on_resolved(BootClock::now_ms(), endpoint, found);
    self->drain();
  });
}

void Runtime::carry_out(Disconnect output) {
  if (output.connection != connection_ || channel_ == nullptr) return;
  channel_->close();
  channel_ = nullptr;
}

void Runtime::carry_out(Send output) {
  if (output.connection == connection_ && channel_ != nullptr) {
    channel_->send(output.bytes, leave_);
  }
}

void Runtime::carry_out(Opened output) {
  tell([done = std::exchange(on_opened_, nullptr), facts = std::move(output.facts)] {
    done(facts);
  });
}

void Runtime::carry_out(OpenFailed output) {
  state_ = SessionState::kExpired;
  tell([done = std::exchange(on_opened_, nullptr), error = std::move(output.error)] {
    done(error);
  });
}

void Runtime::carry_out(LeaseMoved output) {
  const bool is_over = state_ == SessionState::kExpired || state_ == SessionState::kClosed;
  if (!is_over) lease_deadline_ = output.deadline;
}

void Runtime::carry_out(StateChanged output) {
  state_ = output.state;
  switch (output.state) {
    case SessionState::kLive:
      if (callbacks_.on_safe) tell(callbacks_.on_safe);
      return tell_guards(&GuardState::tell_safe);
    case SessionState::kJeopardy:
      ++jeopardies_;
      if (callbacks_.on_jeopardy) tell(callbacks_.on_jeopardy);
      return tell_guards(&GuardState::tell_jeopardy);
    case SessionState::kExpired:
      lease_deadline_ = 0;
      granting_.clear();
      if (callbacks_.on_expired) tell(callbacks_.on_expired);
      return;
    case SessionState::kClosed:
      lease_deadline_ = 0;
      granting_.clear();
      return;
  }
}

void Runtime::tell_guard(const std::shared_ptr<GuardState>& guard, TellGuard what) {
  tell([guard, what] { (guard.get()->*what)(); });
}

void Runtime::tell_guards(TellGuard what) {
  for (const auto& [id, guard] : guards_) tell_guard(guard, what);
}

std::shared_ptr<GuardState> Runtime::find_guard(GuardId guard) const {
  const auto found = guards_.find(guard);
  return found == guards_.end() ? nullptr : found->second;
}

void Runtime::carry_out(GuardMade output) {
  const GuardId id = output.guard;
  const auto guard = std::make_shared<GuardState>(shared_from_this(), std::move(output));
  guards_.emplace(id, guard);
  granting_.emplace(id, guard);
}

void Runtime::carry_out(GuardDoubtful output) {
  const std::shared_ptr<GuardState> guard = find_guard(output.guard);
  if (guard == nullptr) return;
  guard->on_doubtful();
  // In jeopardy it was told so already.
  if (state_ == SessionState::kLive) tell_guard(guard, &GuardState::tell_jeopardy);
}

void Runtime::carry_out(GuardCertain output) {
  const std::shared_ptr<GuardState> guard = find_guard(output.guard);
  if (guard == nullptr) return;
  guard->on_certain();
  if (state_ == SessionState::kLive) tell_guard(guard, &GuardState::tell_safe);
}

void Runtime::carry_out(GuardLost output) {
  const std::shared_ptr<GuardState> guard = find_guard(output.guard);
  if (guard == nullptr) return;
  guards_.erase(output.guard);
  if (guard->on_lost(output.loss)) tell_guard(guard, &GuardState::tell_lost);
}

void Runtime::carry_out(GuardReleased output) {
  const std::shared_ptr<GuardState> guard = find_guard(output.guard);
  if (guard == nullptr) return;
  guards_.erase(output.guard);
  guard->on_released();
}

void Runtime::carry_out(GuardUnwanted output) {
  guards_.erase(output.guard);
  granting_.erase(output.guard);
}

void Runtime::carry_out(Queued output) {
  const auto found = pending_.find(output.call);
  if (found == pending_.end() || !found->second.on_waiting) return;
  tell(
      [on_waiting = found->second.on_waiting, ahead = output.waiters_ahead] { on_waiting(ahead); });
}

void Runtime::carry_out(EventsCame output) {
  for (const EventTold& told : output.events) {
    for (const WatchId id : told.watches) {
      const auto found = watches_.find(id);
      if (found == watches_.end()) continue;
      if (found->second->is_told_at_once()) {
        found->second->tell(told.event);
        continue;
      }
      tell([watch = found->second, event = told.event] { watch->tell(event); });
    }
  }
  // Behind all of them, and behind the losses that they announced.
  tell([self = shared_from_this(), through = output.through] { self->on_told(through); });
}

// Whoever else is to be told of the same things comes first.
void Runtime::on_told(EventName through) {
  if (is_shut_down_) return;
  Lull::of(threads_->io()).defer(threads_->io(), [self = shared_from_this(), through] {
    if (self->is_shut_down_) return;
    self->core_.on_told(BootClock::now_ms(), through);
    // Nothing else happens here soon with which it could leave.
    self->leave_ = Channel::Leave::kNow;
    self->drain();
    self->leave_ = Channel::Leave::kWithTheTurn;
  });
}

void Runtime::carry_out(WatchEnded output) {
  const auto found = watches_.find(output.watch);
  if (found == watches_.end()) return;
  if (found->second->is_told_at_once()) {
    found->second->tell_ended(output.error);
  } else {
    tell([watch = found->second, error = std::move(output.error)] { watch->tell_ended(error); });
  }
  watches_.erase(found);
}

void Runtime::carry_out(Answered output) {
  answer(output.call, std::move(output.outcome));
}

void Runtime::answer(CallId call, Outcome<CallValue> outcome) {
  auto node = pending_.extract(call);
  HOLDFAST_CHECK(!node.empty(), "the call " + to_string(call) + " is answered twice");
  Pending& pending = node.mapped();
  if (!pending.watch.is_none() && !outcome) watches_.erase(pending.watch);
  if (pending.where == Where::kInput) return pending.done(std::move(outcome));
  if (!pending.on_guard) {
    return tell([done = std::move(pending.done), outcome = std::move(outcome)]() mutable {
      done(std::move(outcome));
    });
  }
  if (!outcome) {
    return tell([done = std::move(pending.on_guard), error = outcome.error()] { done(error); });
  }
  auto granted = granting_.extract(std::get<Granted>(*outcome).guard);
  HOLDFAST_CHECK(!granted.empty(), "a lock was granted without a guard");
  tell([done = std::move(pending.on_guard), guard = std::move(granted.mapped())] {
    done(GuardState::make(guard));
  });
}

}  // namespace holdfast::client::detail
