#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "client/error.h"
#include "client/options.h"
#include "client/values.h"

namespace holdfast::client {

namespace detail {
class WatchState;
}

// A watch of a session. It goes on over reconnections and leader changes without a gap; if a gap
// cannot be avoided, one kEventsLost stands in its place. Destroying it ends it.
//
// Events come to the callback given to watch(), on the dispatcher, or, without one, by next().
class Watch {
 public:
  Watch() = default;
  Watch(Watch&&) noexcept = default;
  Watch& operator=(Watch&& other) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // The next event, in order. TIMEOUT when none came in time, CANCELLED after cancel(),
  // SESSION_EXPIRED when the session is over and all events before have been taken. At most 10,000
  // events wait to be taken; beyond that they are dropped and one kEventsLost stands for them.
  Outcome<Event> next();
  Outcome<Event> next(const CallOptions& options);
  // The form on which the others are made; `done` is called on the dispatcher. One at a time.
  void next(const CallOptions& options, std::function<void(Outcome<Event>)> done);

  // Every event of the wanted kinds from this position on is delivered.
  Zxid active_from() const;
  // Ends the watch: no callback begins after it, except one that runs at this moment.
  void cancel();
  bool valid() const { return state_ != nullptr; }

 private:
  friend class detail::WatchState;
  explicit Watch(std::shared_ptr<detail::WatchState> state) : state_(std::move(state)) {}

  std::shared_ptr<detail::WatchState> state_;
};

}  // namespace holdfast::client
