#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "client/error.h"
#include "client/options.h"

namespace holdfast::client {

namespace detail {
template <typename T>
class Following;
}

// Something in the cell that is read again whenever it changes: the value of a ConfigWatch, the
// leader of an election, the members of a group. Made when the first state is known.
//
// Goes on over lost connections and leader changes, and reads again after kEventsLost, so that the
// last state is always seen; states in quick succession may be seen as one, the last. It ends with
// the session, or by cancel(), or when the cell refuses to read.
//
// May be moved to and asked on any thread; value(), is_current() and ended() by several at once.
// Does not keep the session open, and may outlive it.
template <typename T>
class Followed {
 public:
  Followed() = default;  // Of nothing; only to be assigned to.
  Followed(Followed&&) noexcept = default;
  Followed& operator=(Followed&& other) noexcept;
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;
  ~Followed();  // As cancel().

  bool valid() const { return state_ != nullptr; }  // False if of nothing or moved from.

  // The members below need a valid one.

  // The last state known. Stays what it was in jeopardy and after the end.
  T value() const;
  // True while value() is the last thing that the cell has told and a change would be told. False
  // in jeopardy (true again when the session is safe), from the news of a change until it has been
  // read, and after the end. A value that was read under a lease can be as old as that lease: who
  // needs the state of this moment asks the cell (Session::get).
  bool is_current() const;
  // Why it has ended: SESSION_EXPIRED, CANCELLED, …; nothing while it goes on.
  std::optional<Error> ended() const;

  // The first state that next() has not given yet: at first the one that is known, then each other
  // one. TIMEOUT when none came in time; the reason of the end when all have been taken.
  Outcome<T> next();
  Outcome<T> next(const CallOptions& options);
  // The form on which the others are made; `done` is called on the dispatcher.
  void next(const CallOptions& options, std::function<void(Outcome<T>)> done);

  // The state, as soon as it is such that wanted(state). `wanted` is called on the calling thread
  // and on the dispatcher. TIMEOUT when it did not come in time.
  Outcome<T> wait_until(std::function<bool(const T&)> wanted, const CallOptions& options);
  void wait_until(std::function<bool(const T&)> wanted, const CallOptions& options,
                  std::function<void(Outcome<T>)> done);

  // No callback begins after it, except one that runs at this moment. Who waits hears CANCELLED.
  void cancel();

 protected:
  friend class detail::Following<T>;
  explicit Followed(std::shared_ptr<detail::Following<T>> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<detail::Following<T>> state_;
};

}  // namespace holdfast::client
