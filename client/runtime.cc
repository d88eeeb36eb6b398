#include "client/runtime.h"

#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "client/guard_state.h"
#include "client/watch_state.h"
#include "zab/base/check.h"

namespace holdfast::client::detail {
namespace {

Error shut_down_error(const CoreOptions& options) {
  if (options.with_session) {
    return {.code = ErrorCode::kSessionExpired, .message = "The session was closed."};
  }
  return {.code = ErrorCode::kCancelled, .message = "The client was destroyed."};
}

}  // namespace

Runtime::Runtime(CoreOptions options, SessionCallbacks callbacks, std::shared_ptr<Threads> threads,
                 std::vector<std::string> dns_servers)
    : threads_(std::move(threads)),
      callbacks_(std::move(callbacks)),
      shut_down_error_(shut_down_error(options)),
      core_(std::move(options)),
      timer_(threads_->io()),
      resolver_(threads_->io(), std::move(dns_servers)) {}

// Inputs run on their executor, in their order; what comes meanwhile goes with the next turn. What
// the core answers to those of one turn is carried out together.
void Runtime::post_input(std::function<void(Runtime&)> run, Done refuse) {
  if (is_shut_down_) {
    if (refuse) refuse(shut_down_error_);
    return;
  }
  {
    const std::lock_guard lock(inputs_mutex_);
    inputs_.push_back({.run = std::move(run), .refuse = std::move(refuse)});
    if (inputs_.size() > 1) return;  // They are going to be taken.
  }
  boost::asio::post(threads_->io(), [self = shared_from_this()] { self->take_inputs(); });
}

void Runtime::take_inputs() {
  std::vector<Input> inputs;
  {
    const std::lock_guard lock(inputs_mutex_);
    inputs.swap(inputs_);
  }
  for (Input& input : inputs) {
    if (!is_shut_down_) {
      input.run(*this);
    } else if (input.refuse) {
      input.refuse(shut_down_error_);
    }
  }
  drain();
}

void Runtime::post_callback(std::function<void()> callback) {
  if (is_shut_down_) return callback();
  boost::asio::post(threads_->callbacks(), std::move(callback));
}

// Those of one turn go together.
void Runtime::tell(std::function<void()> callback) {
  to_tell_.push_back(std::move(callback));
}

void Runtime::post_told() {
  if (to_tell_.empty()) return;
  boost::asio::post(threads_->callbacks(), [callbacks = std::exchange(to_tell_, {})] {
    for (const std::function<void()>& callback : callbacks) callback();
  });
}

void Runtime::start(std::function<void(Outcome<SessionFacts>)> done) {
  post_input(
      [done = std::move(done)](Runtime& self) {
        self.on_opened_ = done;
        self.core_.start(BootClock::now_ms());
      },
      nullptr);
}

void Runtime::submit(AnyRequest request, std::optional<Ticks> timeout_ms, Done done) {
  post_input(
      [request = std::move(request), timeout_ms, done](Runtime& self) mutable {
        const CallId call = self.core_.call(BootClock::now_ms(), std::move(request), timeout_ms);
        self.add(call, {.done = std::move(done)});
      },
      done);
}

void Runtime::acquire(AcquireAsk ask, std::stop_token stop,
                      std::function<void(std::size_t)> on_waiting,
                      std::function<void(Outcome<LockGuard>)> done) {
  const auto refuse = [done](Outcome<CallValue> outcome) { done(std::move(outcome).error()); };
  if (stop.stop_requested()) {
    return post_callback([refuse] {
      refuse(Error{.code = ErrorCode::kCancelled,
                   .message = "The program had ended the wait before it began."});
    });
  }
  post_input(
      [ask = std::move(ask), stop = std::move(stop), on_waiting = std::move(on_waiting),
       done](Runtime& self) {
        const CallId call = self.core_.acquire(BootClock::now_ms(), ask);
        Pending pending{.on_guard = done, .on_waiting = on_waiting};
        if (stop.stop_possible()) {
          pending.stop = std::make_unique<std::stop_callback<std::function<void()>>>(
              stop, [weak = self.weak_from_this(), call] {
                const std::shared_ptr<Runtime> alive = weak.lock();
                if (alive == nullptr) return;
                alive->post_input(
                    [call](Runtime& there) { there.core_.withdraw(BootClock::now_ms(), call); },
                    nullptr);
              });
        }
        self.add(call, std::move(pending));
      },
      refuse);
}

void Runtime::release(GuardId guard, std::optional<Ticks> timeout_ms, Where where, Done done) {
  post_input(
      [guard, timeout_ms, where, done](Runtime& self) {
        self.guards_.erase(guard);
        const CallId call = self.core_.release(BootClock::now_ms(), guard, timeout_ms);
        self.add(call, {.where = where, .done = done});
      },
      done);
}

void Runtime::watch(WatchOptions options, std::function<void(const Event&)> on_event,
                    std::function<void(Outcome<Watch>)> done) {
  start_watch(std::make_shared<WatchState>(shared_from_this(), std::move(on_event)),
              std::move(options), std::move(done));
}

void Runtime::watch_at_once(WatchOptions options, AtOnce told,
                            std::function<void(Outcome<Watch>)> done) {
  auto state = std::make_shared<WatchState>(shared_from_this(), std::move(told.on_event));
  state->be_told_at_once(std::move(told.on_ended));
  start_watch(std::move(state), std::move(options), std::move(done));
}

void Runtime::start_watch(std::shared_ptr<WatchState> state, WatchOptions options,
                          std::function<void(Outcome<Watch>)> done) {
  const auto refuse = [done](Outcome<CallValue> outcome) { done(std::move(outcome).error()); };
  post_input(
      [options = std::move(options), state, done](Runtime& self) {
        const Core::WatchCall made = self.core_.watch(BootClock::now_ms(), options);
        state->on_made(made.watch);
        self.watches_.emplace(made.watch, state);
        self.add(made.call, {.done =
                                 [state, done](Outcome<CallValue> outcome) {
                                   if (!outcome) return done(std::move(outcome).error());
                                   state->on_started(std::get<WatchStarted>(*outcome).active_from);
                                   done(WatchState::make(state));
                                 },
                             .watch = made.watch});
      },
      refuse);
}

void Runtime::unwatch(WatchId watch) {
  post_input(
      [watch](Runtime& self) {
        self.watches_.erase(watch);
        self.core_.unwatch(BootClock::now_ms(), watch);
      },
      nullptr);
}

void Runtime::close(Ticks timeout_ms, Where where, Done done) {
  post_input(
      [timeout_ms, where, done](Runtime& self) {
        const CallId call = self.core_.close(BootClock::now_ms(), timeout_ms);
        self.add(call, {.where = where, .done = done});
      },
      done);
}

void Runtime::shut_down() {
  post_input(
      [](Runtime& self) {
        self.is_shut_down_ = true;
        self.timer_.cancel();
        self.resolver_.close();
        if (self.channel_ != nullptr) self.channel_->close();
        self.channel_ = nullptr;
        std::map<CallId, Pending> open;
        open.swap(self.pending_);
        for (auto& [call, pending] : open) {
          const auto tell = [done = pending.done, on_guard = pending.on_guard,
                             error = self.shut_down_error_] {
            if (on_guard) return on_guard(error);
            done(error);
          };
          boost::asio::post(self.threads_->callbacks(), tell);
        }
        self.guards_.clear();
        self.granting_.clear();
        self.watches_.clear();
      },
      nullptr);
}

// The core may have answered already: what it says is carried out afterwards.
void Runtime::add(CallId call, Pending pending) {
  pending_.emplace(call, std::move(pending));
}

void Runtime::drain() {
  // A connection that fails at once comes back here from within.
  if (is_draining_ || is_shut_down_) return;
  is_draining_ = true;
  for (std::vector<Output> outputs = core_.take(); !outputs.empty(); outputs = core_.take()) {
    for (Output& output : outputs) {
      std::visit([this](auto&& what) { carry_out(std::move(what)); }, std::move(output));
    }
  }
  is_draining_ = false;
  post_told();
  arm_timer();
}

void Runtime::arm_timer() {
  const std::optional<Ticks> wake = core_.wake_at();
  // One that runs out earlier looks again. Most calls are answered long before, so that their time
  // is rarely what the timer waits for.
  if (!wake || (timer_at_ != 0 && timer_at_ <= *wake)) return;
  timer_at_ = *wake;
  timer_.expires_at(BootClock::time_point(BootClock::duration(*wake)));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (cancelled || self->is_shut_down_) return;
    self->timer_at_ = 0;
    self->core_.tick(BootClock::now_ms());
    self->drain();
  });
}

}  // namespace holdfast::client::detail
