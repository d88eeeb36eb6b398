#pragma once

#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "client/core_io.h"
#include "client/lease_clock.h"
#include "client/wire.h"

namespace holdfast::client {

// The one order of what a session hears (LOCKS.md §5): each event once, in order, and before every
// reply and every extension of the lease that shows a later state. Only what was told to the
// program is acknowledged, because the acknowledgement of a LOCK_LOST lets the lock pass on.
class EventStream {
 public:
  // While the program is being told the last events, the next keep-alive waits at most so long for
  // it, lest a slow callback cost the session. Then the events are acknowledged all the same, up to
  // so many that were not told yet.
  static constexpr Ticks kTellingShareOfLease = 4;
  static constexpr std::size_t kUntoldMax = 100'000;

  // What waits for events.
  struct HeldAnswer {
    CallId call;
    Outcome<CallValue> outcome;
  };
  using Item = std::variant<LeaseClock::Extension, HeldAnswer>;

  // All events up to here have been got.
  EventName received() const { return received_; }

  struct Batch {
    std::vector<Event> events;  // Those that are new.
    EventName through;
  };
  // The answer to a keep-alive.
  Batch take_new(Ticks now, const wire::Facts& facts, const wire::KeptAlive& reply, Ticks lease_ms);
  void on_told(EventName through);

  // What the next keep-alive acknowledges, and from when on it may be sent.
  EventName acknowledgement(Ticks now) const;
  Ticks next_keep_alive_at(Ticks now) const;

  // Keeps the item until the events through facts.events_through have been got.
  void hold(const wire::Facts& facts, Item item);
  // Takes out what need not wait (any more), in order.
  std::vector<Item> take_ready();
  void clear() { held_.clear(); }

 private:
  struct Held {
    EventName need;
    Zxid zxid;
    Item item;
  };

  EventName received_;
  EventName told_;
  std::size_t untold_ = 0;
  Ticks telling_until_ = 0;
  std::deque<Held> held_;
};

}  // namespace holdfast::client
