#include "client/watch_state.h"

#include <utility>

#include "client/runtime.h"

namespace holdfast::client::detail {

WatchState::WatchState(std::shared_ptr<Runtime> runtime, std::function<void(const Event&)> on_event)
    : runtime_(std::move(runtime)), on_event_(std::move(on_event)), timer_(runtime_->callbacks()) {}

void WatchState::next(std::optional<Ticks> timeout_ms, Done done) {
  std::optional<Outcome<Event>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready = take_ready();
    if (!ready && waiting_) {
      ready = Error{.code = ErrorCode::kBadArgument,
                    .message = "Somebody waits for the next event of this watch already."};
    }
    if (!ready) {
      waiting_ = done;
      const std::size_t turn = ++turn_;
      if (timeout_ms) {
        timer_.expires_after(BootClock::duration(*timeout_ms));
        timer_.async_wait([self = shared_from_this(), turn](boost::system::error_code cancelled) {
          if (!cancelled) self->on_time(turn);
        });
      }
    }
  }
  if (ready) {
    runtime_->post_callback([done = std::move(done), ready = std::move(*ready)] { done(ready); });
  }
}

void WatchState::on_time(std::size_t turn) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    if (turn == turn_) done = std::exchange(waiting_, nullptr);
  }
  if (done) {
    done(Error{.code = ErrorCode::kTimeout,
               .message = "No event came in the time given.",
               .retryable = true});
  }
}

std::optional<Outcome<Event>> WatchState::take_ready() {
  if (is_cancelled_) {
    return Error{.code = ErrorCode::kCancelled, .message = "The watch was ended by the program."};
  }
  if (!queue_.empty()) {
    Outcome<Event> event(std::move(queue_.front()));
    queue_.pop_front();
    return event;
  }
  if (ended_) return *ended_;
  return std::nullopt;
}

WatchState::Done WatchState::take_waiting() {
  timer_.cancel();
  return std::exchange(waiting_, nullptr);
}

void WatchState::push(const Event& event) {
  if (queue_.size() < kQueueMax) return queue_.push_back(event);
  // Nobody takes them: one event says so in the place of all.
  queue_.clear();
  queue_.push_back({.name = event.name, .kind = EventKind::kEventsLost, .path = "/"});
}

void WatchState::tell(const Event& event) {
  if (is_cancelled_) return;
  if (on_event_) return on_event_(event);
  Done done;
  {
    const std::lock_guard lock(mutex_);
    done = take_waiting();
    if (!done) push(event);
  }
  if (done) done(event);
}

void WatchState::tell_ended(const Error& error) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    ended_ = error;
    done = take_waiting();
  }
  if (on_ended_at_once_) on_ended_at_once_();
  if (done) done(error);
}

void WatchState::cancel() {
  if (is_cancelled_.exchange(true)) return;
  Done done;
  {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    done = take_waiting();
  }
  runtime_->unwatch(id_);
  if (done) {
    runtime_->post_callback([done = std::move(done)] {
      done(Error{.code = ErrorCode::kCancelled, .message = "The watch was ended by the program."});
    });
  }
}

}  // namespace holdfast::client::detail
