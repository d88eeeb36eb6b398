#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "client/recipes/following.h"
#include "client/recipes/wait_end.h"

namespace holdfast::client::detail {

// One wait until something in the cell is such, within a time that counts from now.
template <typename T>
class Await : public std::enable_shared_from_this<Await<T>> {
 public:
  using Done = std::function<void(Outcome<T>)>;

  explicit Await(Done done) : done_(std::move(done)) {}

  // `wanted` is asked about each state, in their order, on the dispatcher.
  void start(const SessionRef& session, typename Following<T>::Plan plan,
             std::function<bool(const T&)> wanted, const CallOptions& options) {
    const auto self = this->shared_from_this();
    auto wait_end = std::make_unique<WaitEnd>(
        session, options.timeout, std::stop_token(),
        [weak = this->weak_from_this(), path = plan.watch.path](ErrorCode why) {
          const auto there = weak.lock();
          if (there == nullptr) return;
          there->finish(Error{.code = why,
                              .message = "It did not come about in the time given.",
                              .retryable = true,
                              .path = path});
        });
    {
      const std::lock_guard lock(mutex_);
      wait_end_ = std::move(wait_end);
    }
    plan.on_change = [self, wanted = std::move(wanted)](const T& state) {
      if (wanted(state)) self->finish(state);
    };
    plan.on_end = [self](const Error& error) { self->finish(error); };
    Following<T>::start(session, std::move(plan),
                        [self](Outcome<std::shared_ptr<Following<T>>> started) {
                          if (!started) return self->finish(started.error());
                          self->keep(std::move(started).value());
                        });
  }

 private:
  void keep(std::shared_ptr<Following<T>> following) {
    {
      const std::lock_guard lock(mutex_);
      if (done_) following_.swap(following);
    }
    if (following != nullptr) following->stop();
  }

  void finish(Outcome<T> outcome) {
    Done done;
    std::shared_ptr<Following<T>> following;
    std::unique_ptr<WaitEnd> wait_end;
    {
      const std::lock_guard lock(mutex_);
      done.swap(done_);
      following.swap(following_);
      wait_end.swap(wait_end_);
    }
    if (following != nullptr) following->stop();
    if (done) done(std::move(outcome));
  }

  std::mutex mutex_;
  Done done_;  // Empty once it has answered.
  std::shared_ptr<Following<T>> following_;
  std::unique_ptr<WaitEnd> wait_end_;
};

}  // namespace holdfast::client::detail
