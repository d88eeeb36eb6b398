#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "client/blocking.h"
#include "client/boot_clock.h"
#include "client/recipes/followed.h"
#include "client/runtime.h"
#include "client/session_ref.h"

namespace holdfast::client::detail {

// What is behind a Followed: a watch, and a reading after each of its events. The readings and what
// they bring run on the dispatcher, one at a time; everything may be asked by any thread.
template <typename T>
class Following : public std::enable_shared_from_this<Following<T>> {
 public:
  using Wanted = std::function<bool(const T&)>;
  using Done = std::function<void(Outcome<T>)>;
  struct Plan {
    WatchOptions watch;
    std::function<void(Done)> read;  // Asks the cell; the session's end ends it too.
    std::function<bool(const T&, const T&)> is_same;
    std::function<Zxid(const T&)> as_of;       // What was told up to there is in it; may be empty.
    std::function<void(const T&)> on_change;   // Of each other state, the first included.
    std::function<void(const Error&)> on_end;  // Once, but not after stop().
  };
  using Started = std::function<void(Outcome<std::shared_ptr<Following>>)>;

  Following(SessionRef session, Plan plan)
      : session_(std::move(session)),
        options_(std::move(plan.watch)),
        read_(std::move(plan.read)),
        is_same_(std::move(plan.is_same)),
        as_of_(std::move(plan.as_of)),
        on_change_(std::move(plan.on_change)),
        on_end_(std::move(plan.on_end)) {}

  // `started` is called on the dispatcher, after on_change with the first state.
  static void start(const SessionRef& session, Plan plan, Started started) {
    const auto self = std::make_shared<Following>(session, std::move(plan));
    session.watch(self->options_, {}, [self, started = std::move(started)](Outcome<Watch> watch) {
      if (!watch) return started(std::move(watch).error());
      self->watch_ = std::move(watch).value();
      self->started_ = started;
      self->is_reading_ = true;
      self->take_events();
      self->ask();
    });
  }

  static Followed<T> make(std::shared_ptr<Following> state) {
    return Followed<T>(std::move(state));
  }

  const SessionRef& session() const { return session_; }

  std::shared_ptr<const T> value() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  bool is_current() const {
    const std::lock_guard lock(mutex_);
    return !ended_ && !is_reading_ && session_.state() == SessionState::kLive;
  }

  std::optional<Error> ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  void stop() {
    end({.code = ErrorCode::kCancelled, .message = "It was ended by the program."}, Telling::kNo);
  }

  // Without `wanted`: a state that next() has not given yet.
  void wait(Wanted wanted, const std::optional<Milliseconds>& timeout, Done done);

 private:
  enum class Telling { kNo, kYes };
  struct Waiter {
    Wanted wanted;
    Done done;
    std::unique_ptr<BootTimer> timer;
  };
  using Waiters = std::map<std::size_t, Waiter>;

  void take_events();
  void on_event(const Event& event);
  void ask();
  void on_read(Outcome<T> outcome);
  void settle(Waiters waiters, const std::shared_ptr<const T>& state);
  void end(const Error& error, Telling telling);
  void on_time(std::size_t waiter);
  std::optional<Outcome<T>> answer_or_keep(Waiter& waiter, bool is_wanted,
                                           const std::optional<Milliseconds>& timeout);

  const SessionRef session_;
  const WatchOptions options_;
  const std::function<void(Done)> read_;
  const std::function<bool(const T&, const T&)> is_same_;
  const std::function<Zxid(const T&)> as_of_;
  Watch watch_;  // Set before anybody has this.

  mutable std::mutex mutex_;  // For what follows; never held while a function of others runs.
  std::function<void(const T&)> on_change_;
  std::function<void(const Error&)> on_end_;
  Started started_;
  bool is_reading_ = false;
  Zxid news_{};            // Of the last event that came while it read.
  bool is_dirty_ = false;  // One came of which nobody can tell whether the reading has it.
  std::shared_ptr<const T> value_;
  std::size_t version_ = 0;  // Counts the states.
  std::size_t taken_ = 0;    // The last of them that next() has given.
  std::optional<Error> ended_;
  Waiters waiters_;
  std::size_t newest_waiter_ = 0;
};

template <typename T>
void Following<T>::take_events() {
  // Once the session is over the calls below answer at once, one within the other.
  if (session_.is_over()) {
    return end({.code = ErrorCode::kSessionExpired, .message = "The session is over."},
               Telling::kYes);
  }
  watch_.next({}, [self = this->shared_from_this()](const Outcome<Event>& event) {
    if (!event) return self->end(event.error(), Telling::kYes);
    self->on_event(*event);
    self->take_events();
  });
}

template <typename T>
void Following<T>::on_event(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    const bool may_be_known = as_of_ && event.kind != EventKind::kEventsLost;
    if (is_reading_) {
      if (may_be_known) news_ = std::max(news_, event.name.zxid);
      is_dirty_ = is_dirty_ || !may_be_known;
      return;
    }
    if (may_be_known && event.name.zxid <= as_of_(*value_)) return;
    is_reading_ = true;
  }
  ask();
}

template <typename T>
void Following<T>::ask() {
  read_(
      [self = this->shared_from_this()](Outcome<T> outcome) { self->on_read(std::move(outcome)); });
}

template <typename T>
void Following<T>::on_read(Outcome<T> outcome) {
  if (!outcome) return end(outcome.error(), Telling::kYes);
  std::function<void(const T&)> on_change;
  std::shared_ptr<const T> told;
  Waiters waiters;
  Started started;
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    again = std::exchange(is_dirty_, false) || (as_of_ && news_ > as_of_(*outcome));
    // Before anybody hears of the state: who does may ask at once whether it is current.
    is_reading_ = again;
    const bool is_other = value_ == nullptr || !is_same_(*value_, *outcome);
    value_ = std::make_shared<const T>(std::move(outcome).value());
    started.swap(started_);
    if (is_other) {
      ++version_;
      told = value_;
      on_change = on_change_;
      waiters.swap(waiters_);
    }
  }
  if (on_change) on_change(*told);
  if (told != nullptr) settle(std::move(waiters), told);
  if (started) started(this->shared_from_this());
  if (again && !ended()) ask();
}

template <typename T>
void Following<T>::settle(Waiters waiters, const std::shared_ptr<const T>& state) {
  std::vector<Done> met;
  std::vector<Done> failed;
  std::optional<Error> ended;
  for (auto& [id, waiter] : waiters) {
    const bool is_met = !waiter.wanted || waiter.wanted(*state);
    const std::lock_guard lock(mutex_);
    if (is_met) {
      if (!waiter.wanted) taken_ = version_;
      waiter.timer.reset();
      met.push_back(std::move(waiter.done));
    } else if (ended_) {
      ended = ended_;
      waiter.timer.reset();
      failed.push_back(std::move(waiter.done));
    } else {
      waiters_.emplace(id, std::move(waiter));
    }
  }
  for (const Done& done : met) done(*state);
  for (const Done& done : failed) done(*ended);
}

template <typename T>
void Following<T>::end(const Error& error, Telling telling) {
  std::function<void(const Error&)> on_end;
  Started started;
  Waiters waiters;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = error;
    on_change_ = nullptr;
    on_end.swap(on_end_);
    started.swap(started_);
    waiters.swap(waiters_);
    for (auto& [id, waiter] : waiters) waiter.timer.reset();
  }
  watch_.cancel();
  // Who stops it may be in the midst of something that must not be called into.
  session_.post([waiters = std::make_shared<Waiters>(std::move(waiters)), error] {
    for (const auto& [id, waiter] : *waiters) waiter.done(error);
  });
  if (telling == Telling::kNo) return;
  if (started) started(error);
  if (on_end) on_end(error);
}

template <typename T>
void Following<T>::wait(Wanted wanted, const std::optional<Milliseconds>& timeout, Done done) {
  Waiter waiter{.wanted = std::move(wanted), .done = done};
  std::optional<Outcome<T>> answer;
  while (true) {
    std::shared_ptr<const T> state;
    std::size_t version = 0;
    {
      const std::lock_guard lock(mutex_);
      state = value_;
      version = version_;
    }
    const bool is_wanted = waiter.wanted && waiter.wanted(*state);
    const std::lock_guard lock(mutex_);
    if (version != version_) continue;
    answer = answer_or_keep(waiter, is_wanted, timeout);
    break;
  }
  if (!answer) return;
  session_.post([done = std::move(done), answer = std::move(*answer)] { done(answer); });
}

// Under the mutex.
template <typename T>
std::optional<Outcome<T>> Following<T>::answer_or_keep(Waiter& waiter, bool is_wanted,
                                                       const std::optional<Milliseconds>& timeout) {
  const bool is_new = !waiter.wanted && version_ > taken_;
  if (is_new) taken_ = version_;
  if (is_new || is_wanted) return Outcome<T>(*value_);
  if (ended_) return Outcome<T>(*ended_);
  const std::size_t id = ++newest_waiter_;
  if (timeout) {
    waiter.timer = std::make_unique<BootTimer>(session_.runtime().callbacks());
    waiter.timer->expires_after(*timeout);
    waiter.timer->async_wait(
        [self = this->shared_from_this(), id](boost::system::error_code cancelled) {
          if (!cancelled) self->on_time(id);
        });
  }
  waiters_.emplace(id, std::move(waiter));
  return std::nullopt;
}

template <typename T>
void Following<T>::on_time(std::size_t waiter) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiters_.find(waiter);
    if (found == waiters_.end()) return;
    done = std::move(found->second.done);
    waiters_.erase(found);
  }
  done(Error{.code = ErrorCode::kTimeout,
             .message = "It did not change so in the time given.",
             .retryable = true,
             .path = options_.path});
}

}  // namespace holdfast::client::detail

// ---- what the public class does, for the files that make one ------------------------------------

namespace holdfast::client {

template <typename T>
Followed<T>& Followed<T>::operator=(Followed&& other) noexcept {
  Followed old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

template <typename T>
Followed<T>::~Followed() {
  // There is nobody to whom a failure could be told; the session ends it at the latest.
  try {
    cancel();
  } catch (...) {
  }
}

template <typename T>
T Followed<T>::value() const {
  return *state_->value();
}

template <typename T>
bool Followed<T>::is_current() const {
  return state_->is_current();
}

template <typename T>
std::optional<Error> Followed<T>::ended() const {
  return state_->ended();
}

template <typename T>
Outcome<T> Followed<T>::next() {
  return next(CallOptions{});
}

template <typename T>
Outcome<T> Followed<T>::next(const CallOptions& options) {
  return detail::wait_for<T>(state_->session().runs_here(), options.timeout,
                             [&](auto done) { next(options, std::move(done)); });
}

template <typename T>
void Followed<T>::next(const CallOptions& options, std::function<void(Outcome<T>)> done) {
  state_->wait({}, options.timeout, std::move(done));
}

template <typename T>
Outcome<T> Followed<T>::wait_until(std::function<bool(const T&)> wanted,
                                   const CallOptions& options) {
  return detail::wait_for<T>(state_->session().runs_here(), options.timeout, [&](auto done) {
    wait_until(std::move(wanted), options, std::move(done));
  });
}

template <typename T>
void Followed<T>::wait_until(std::function<bool(const T&)> wanted, const CallOptions& options,
                             std::function<void(Outcome<T>)> done) {
  state_->wait(std::move(wanted), options.timeout, std::move(done));
}

template <typename T>
void Followed<T>::cancel() {
  if (state_ != nullptr) state_->stop();
}

}  // namespace holdfast::client
