#include "client/session_ref.h"

#include <algorithm>

#include "client/blocking.h"
#include "client/boot_clock.h"
#include "client/runtime.h"

namespace holdfast::client::detail {

void SessionRef::acquire(std::string path, AcquireOptions options,
                         std::function<void(Outcome<LockGuard>)> done) const {
  if (!options.owner) {
    return runtime_->post_callback([done = std::move(done)] {
      done(Error{.code = ErrorCode::kBadArgument,
                 .message = "An asynchronous acquire names its owner; see new_owner()."});
    });
  }
  AcquireAsk ask{.path = std::move(path),
                 .mode = options.mode,
                 .wait_ms = to_ticks(options.wait),
                 .timeout_ms = to_ticks(options.timeout),
                 .lock_delay_ms = options.lock_delay.count(),
                 .owner = *options.owner,
                 .description = std::move(options.description),
                 .create = options.create,
                 .lost_at_jeopardy = options.lost_at_jeopardy};
  runtime_->acquire(std::move(ask), std::move(options.stop), std::move(options.on_waiting),
                    std::move(done));
}

void SessionRef::submit(AnyRequest request, const CallOptions& options,
                        std::function<void(Outcome<AnyReply>)> done) const {
  runtime_->submit(std::move(request), to_ticks(options.timeout),
                   [done = std::move(done)](Outcome<CallValue> outcome) {
                     if (!outcome) return done(std::move(outcome).error());
                     done(std::get<AnyReply>(std::move(outcome).value()));
                   });
}

void SessionRef::watch(WatchOptions options, std::function<void(const Event&)> on_event,
                       std::function<void(Outcome<Watch>)> done) const {
  runtime_->watch(std::move(options), std::move(on_event), std::move(done));
}

SessionState SessionRef::state() const {
  const SessionState state = runtime_->state();
  // The clock may be ahead of the thread that watches it.
  return state == SessionState::kLive && remaining().count() == 0 ? SessionState::kJeopardy : state;
}

Milliseconds SessionRef::remaining() const {
  return Milliseconds(std::max<Ticks>(0, runtime_->lease_deadline() - BootClock::now_ms()));
}

void SessionRef::post(std::function<void()> callback) const {
  runtime_->post_callback(std::move(callback));
}

bool SessionRef::is_over() const {
  const SessionState state = runtime_->state();
  return state == SessionState::kExpired || state == SessionState::kClosed;
}

bool SessionRef::runs_here() const {
  return runtime_->runs_here();
}

}  // namespace holdfast::client::detail
