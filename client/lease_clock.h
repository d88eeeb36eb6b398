#pragma once

#include <optional>

#include "client/values.h"
#include "zab/base/ids.h"

namespace holdfast::client {

// What this client may believe of its lease (LOCKS.md §2.5). It ends here before it can end in the
// cell: it is counted from the sending of the request whose reply extends it, less a margin for
// clocks that do not run at the same rate.
class LeaseClock {
 public:
  // The margin is this fraction of the lease: 1/64, far more than clocks differ.
  static constexpr Ticks kMarginDivisor = 64;

  explicit LeaseClock(Ticks grace_ms) : grace_ms_(grace_ms) {}

  SessionState state() const { return state_; }
  // Until then the session is live; meaningless before the first extension.
  Ticks deadline() const { return deadline_; }

  // Time has come to `now`. Answers the states that were entered, in order.
  enum class Change { kJeopardy, kSafe, kExpired };
  std::optional<Change> advance(Ticks now);  // Call again until there is nothing.

  // A reply says that the lease runs for so long from when its request was sent. kSafe if that ends
  // the jeopardy. Never shortens the lease.
  struct Extension {
    Ticks sent_at = 0;
    Ticks lease_ms = 0;
  };
  std::optional<Change> extend(Ticks now, const Extension& extension);

  void expire() { state_ = SessionState::kExpired; }
  void close() { state_ = SessionState::kClosed; }

  // When advance() has something to say; none when the session is over.
  std::optional<Ticks> wake_at() const;

 private:
  Ticks grace_ms_;
  SessionState state_ = SessionState::kLive;
  Ticks deadline_ = 0;
};

}  // namespace holdfast::client
