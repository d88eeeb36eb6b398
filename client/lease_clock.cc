#include "client/lease_clock.h"

#include <algorithm>

namespace holdfast::client {

std::optional<LeaseClock::Change> LeaseClock::advance(Ticks now) {
  if (state_ == SessionState::kLive && now >= deadline_) {
    state_ = SessionState::kJeopardy;
    return Change::kJeopardy;
  }
  if (state_ == SessionState::kJeopardy && now >= deadline_ + grace_ms_) {
    state_ = SessionState::kExpired;
    return Change::kExpired;
  }
  return std::nullopt;
}

std::optional<LeaseClock::Change> LeaseClock::extend(Ticks now, const Extension& extension) {
  if (state_ == SessionState::kExpired || state_ == SessionState::kClosed) return std::nullopt;
  const Ticks margin = extension.lease_ms / kMarginDivisor + 1;
  const Ticks deadline = extension.sent_at + extension.lease_ms - margin;
  // An answer that comes too late confirms nothing, and must not prolong the grace period either.
  if (deadline <= now) return std::nullopt;
  deadline_ = std::max(deadline_, deadline);
  if (state_ != SessionState::kJeopardy) return std::nullopt;
  state_ = SessionState::kLive;
  return Change::kSafe;
}

std::optional<Ticks> LeaseClock::wake_at() const {
  if (state_ == SessionState::kLive) return deadline_;
  if (state_ == SessionState::kJeopardy) return deadline_ + grace_ms_;
  return std::nullopt;
}

}  // namespace holdfast::client
