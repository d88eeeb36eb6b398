#include "client/core.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::client {

Core::Core(CoreOptions options)
    : options_(std::move(options)),
      walk_(options_.endpoints, Random(options_.seed)),
      lease_(options_.grace_ms) {}

void Core::start(Ticks now) {
  HOLDFAST_CHECK(opening_ == Opening::kNo, "a session is opened once");
  now_ = now;
  if (with_session()) {
    opening_ = Opening::kTrying;
    if (options_.open_timeout_ms) open_deadline_ = now_ + *options_.open_timeout_ms;
  }
  end_input();
}

void Core::tick(Ticks now) {
  begin_input(now);
  end_input();
}

std::vector<Output> Core::take() {
  return std::exchange(outputs_, {});
}

bool Core::is_over() const {
  return opening_ == Opening::kFailed || lease_.state() == SessionState::kExpired ||
         lease_.state() == SessionState::kClosed;
}

// Time comes first in every input: what it ends must not be saved by a message that came too late.
void Core::begin_input(Ticks now) {
  const std::optional<Ticks> wake = link_.wake_at();
  // This process itself was stopped or starved: what the replica said meanwhile may lie unread.
  if (wake && now > *wake + Link::kSilenceMaxMs / 2) link_.on_pause(now);
  now_ = std::max(now_, now);
  if (opening_ == Opening::kTrying && open_deadline_ && now_ >= *open_deadline_) {
    fail_open({.code = ErrorCode::kNoQuorum,
               .message = "No replica opened the session in time" +
                          (last_failure_.empty() ? "." : "; the last said: " + last_failure_),
               .retryable = true});
  }
  if (opening_ == Opening::kDone) {
    while (const std::optional<LeaseClock::Change> change = lease_.advance(now_)) {
      on_change(*change);
    }
  }
  if (closing_ && now_ >= closing_->deadline) {
    const CallId call = std::exchange(closing_, std::nullopt)->call;
    put(Answered{call, Error{.code = ErrorCode::kTimeout,
                             .message = "The cell was not heard to close the session.",
                             .retryable = false,
                             .outcome_pending = true}});
  }
  while (const std::optional<CallId> call = calls_.take_alarm(now_)) on_alarm(*call);
}

void Core::end_input() {
  pass_ready();
  see_to_link();
  if (link_.is_ready() && !is_over()) {
    send_watches();
    send_keep_alive();
    send_calls();
  }
}

void Core::on_change(LeaseClock::Change change) {
  switch (change) {
    case LeaseClock::Change::kJeopardy:
      put(StateChanged{SessionState::kJeopardy});
      lose_at_jeopardy();
      return;
    case LeaseClock::Change::kSafe:
      put(StateChanged{SessionState::kLive});
      return;
    case LeaseClock::Change::kExpired:
      end_session(SessionState::kExpired,
                  {.reason = LossReason::kExpired,
                   .message = "The cell was not heard of within the grace period."},
                  {.code = ErrorCode::kSessionExpired,
                   .message = "The cell was not heard of within the grace period."});
      return;
  }
}

// Answers and extensions of the lease whose events have been got. What one of them ends (a grant
// that nobody wants) may hold nothing further, so one round is enough.
void Core::pass_ready() {
  for (EventStream::Item& item : events_.take_ready()) {
    if (const auto* extension = std::get_if<LeaseClock::Extension>(&item)) {
      const Ticks before = lease_.deadline();
      const std::optional<LeaseClock::Change> change = lease_.extend(now_, *extension);
      if (lease_.deadline() != before) put(LeaseMoved{lease_.deadline()});
      if (change) on_change(*change);
    } else {
      pass_answer(std::get<EventStream::HeldAnswer>(std::move(item)));
    }
  }
}

void Core::end_session(SessionState state, const Loss& loss, const Error& error) {
  if (state == SessionState::kExpired) {
    lease_.expire();
  } else {
    lease_.close();
  }
  put(StateChanged{state});
  while (!guards_.all().empty()) lose(guards_.all().begin()->first, loss);
  events_.clear();
  for (const auto& [id, call] : calls_.all()) {
    const bool is_told = call.kind == Call::Kind::kVerify || call.kind == Call::Kind::kBackground ||
                         call.is_abandoned;
    if (is_told) continue;
    Error told = error;
    told.outcome_pending = call.is_mutating && call.was_sent;
    put(Answered{id, std::move(told)});
  }
  calls_.clear();
  end_watches(error);
}

void Core::fail_open(Error error) {
  opening_ = Opening::kFailed;
  put(OpenFailed{std::move(error)});
}

CallId Core::close(Ticks now, Ticks timeout_ms) {
  begin_input(now);
  newest_call_ = newest_call_.next();
  if (is_over() || opening_ != Opening::kDone) {
    put(Answered{newest_call_, CallValue(Closed{})});
  } else {
    end_session(SessionState::kClosed,
                {.reason = LossReason::kClosed, .message = "The session was closed."},
                {.code = ErrorCode::kSessionExpired, .message = "The session was closed."});
    closing_ = Closing{.call = newest_call_, .deadline = now_ + timeout_ms};
    if (link_.is_ready()) bind();
  }
  end_input();
  return newest_call_;
}

std::optional<Ticks> Core::wake_at() const {
  std::optional<Ticks> wake;
  const auto consider = [&wake](std::optional<Ticks> at) {
    if (at && (!wake || *at < *wake)) wake = at;
  };
  consider(link_.wake_at());
  if (link_.phase() == Link::Phase::kIdle && wants_link()) consider(walk_.wake_at());
  consider(calls_.first_alarm());
  if (opening_ == Opening::kTrying) consider(open_deadline_);
  if (opening_ == Opening::kDone) consider(lease_.wake_at());
  if (closing_) consider(closing_->deadline);
  const bool asks = link_.is_ready() && opening_ == Opening::kDone && !is_over();
  if (asks && !link_.expects(Link::What::kKeepAlive)) consider(events_.next_keep_alive_at(now_));
  return wake;
}

}  // namespace holdfast::client
