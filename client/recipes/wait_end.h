#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "client/boot_clock.h"
#include "client/error.h"
#include "client/options.h"
#include "client/runtime.h"
#include "client/session_ref.h"

namespace holdfast::client::detail {

// The end of a wait, by its time or by the program: calls `on_end` on the dispatcher with kTimeout
// or kCancelled, as long as this lives. Not moved, and destroyed by one thread.
class WaitEnd {
 public:
  WaitEnd(const SessionRef& session, const std::optional<Milliseconds>& wait,
          const std::stop_token& stop, std::function<void(ErrorCode)> on_end) {
    if (wait) {
      timer_ = std::make_unique<BootTimer>(session.runtime().callbacks());
      timer_->expires_after(*wait);
      timer_->async_wait([on_end](boost::system::error_code cancelled) {
        if (!cancelled) on_end(ErrorCode::kTimeout);
      });
    }
    if (stop.stop_possible()) {
      on_stop_ = std::make_unique<OnStop>(stop, [session, on_end = std::move(on_end)] {
        // What it runs at once, after the end of the session, may destroy this.
        SessionRef(session).post([on_end] { on_end(ErrorCode::kCancelled); });
      });
    }
  }
  WaitEnd(const WaitEnd&) = delete;
  WaitEnd& operator=(const WaitEnd&) = delete;

 private:
  using OnStop = std::stop_callback<std::function<void()>>;

  std::unique_ptr<BootTimer> timer_;
  std::unique_ptr<OnStop> on_stop_;
};

}  // namespace holdfast::client::detail
