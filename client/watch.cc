#include "client/watch.h"

#include <utility>

#include "client/blocking.h"
#include "client/runtime.h"
#include "client/watch_state.h"

namespace holdfast::client {

Watch& Watch::operator=(Watch&& other) noexcept {
  Watch old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Watch::~Watch() {
  if (state_ == nullptr) return;
  // The session ends the watch at the latest; there is nobody to whom a failure could be told.
  try {
    state_->cancel();
  } catch (...) {
  }
}

Outcome<Event> Watch::next() {
  return next(CallOptions{});
}

Outcome<Event> Watch::next(const CallOptions& options) {
  return detail::wait_for<Event>(state_->runtime().runs_here(), options.timeout,
                                 [&](auto done) { next(options, std::move(done)); });
}

void Watch::next(const CallOptions& options, std::function<void(Outcome<Event>)> done) {
  state_->next(detail::to_ticks(options.timeout), std::move(done));
}

Zxid Watch::active_from() const {
  return state_->active_from();
}

void Watch::cancel() {
  if (state_ != nullptr) state_->cancel();
}

}  // namespace holdfast::client
