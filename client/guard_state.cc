#include "client/guard_state.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "client/boot_clock.h"
#include "client/runtime.h"

namespace holdfast::client::detail {
namespace {

constexpr std::chrono::milliseconds kDropPatience(1'000);

Error not_held(const std::string& path) {
  return {.code = ErrorCode::kNotHeld,
          .message = "The lock " + path + " was lost before it was released.",
          .path = path};
}

}  // namespace

GuardState::GuardState(std::shared_ptr<Runtime> runtime, GuardMade made)
    : runtime_(std::move(runtime)), made_(std::move(made)) {}

Milliseconds GuardState::remaining() const {
  if (phase_.load() != Phase::kHeld) return Milliseconds(0);
  return Milliseconds(std::max<Ticks>(0, runtime_->lease_deadline() - BootClock::now_ms()));
}

void GuardState::set_on_jeopardy(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_jeopardy_ = std::move(callback);
}

void GuardState::set_on_safe(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_safe_ = std::move(callback);
}

void GuardState::set_on_lost(std::function<void(const Loss&)> callback) {
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    tell = is_loss_told_ && !on_lost_;
    on_lost_ = std::move(callback);
  }
  // The loss came before anybody wanted to know of it.
  if (tell) {
    runtime_->post_callback([self = shared_from_this()] {
      std::function<void(const Loss&)> late;
      {
        const std::lock_guard lock(self->mutex_);
        late = self->on_lost_;
      }
      if (late) late(*self->loss_);
    });
  }
}

bool GuardState::to_released() {
  Phase phase = phase_.load();
  while (phase == Phase::kHeld || phase == Phase::kDoubtful) {
    if (phase_.compare_exchange_weak(phase, Phase::kReleased)) return true;
  }
  return false;
}

void GuardState::release(std::optional<Ticks> timeout_ms,
                         std::function<void(Outcome<Released>)> done) {
  const bool was_held = to_released();
  bool begins = false;
  std::optional<Outcome<Released>> known;
  {
    const std::lock_guard lock(mutex_);
    if (!was_held && !is_releasing_ && !released_) released_ = not_held(made_.path);
    known = released_;
    begins = was_held && !is_releasing_;
    if (begins) is_releasing_ = true;
    if (!known) waiting_.push_back(done);
  }
  if (known) {
    return runtime_->post_callback([done = std::move(done), known] { done(*known); });
  }
  if (!begins) return;
  runtime_->release(made_.guard, timeout_ms, Runtime::Where::kDispatcher,
                    [self = shared_from_this()](Outcome<CallValue> outcome) {
                      if (outcome) {
                        self->finish_release(std::get<Released>(*outcome));
                      } else {
                        self->finish_release(outcome.error());
                      }
                    });
}

void GuardState::finish_release(const Outcome<Released>& outcome) {
  std::vector<std::function<void(Outcome<Released>)>> waiting;
  {
    const std::lock_guard lock(mutex_);
    released_ = outcome;
    waiting.swap(waiting_);
  }
  for (const auto& done : waiting) done(outcome);
}

void GuardState::drop() {
  if (!to_released()) return;
  const auto answered = std::make_shared<std::promise<void>>();
  std::future<void> wait = answered->get_future();
  runtime_->release(made_.guard, std::nullopt, Runtime::Where::kInput,
                    [answered](const Outcome<CallValue>&) { answered->set_value(); });
  if (!runtime_->runs_here()) wait.wait_for(kDropPatience);
}

bool GuardState::on_lost(const Loss& loss) {
  Phase phase = phase_.load();
  while (phase == Phase::kHeld || phase == Phase::kDoubtful) {
    if (phase_.compare_exchange_weak(phase, Phase::kLost)) {
      const std::lock_guard lock(mutex_);
      loss_ = loss;
      return true;
    }
  }
  return false;
}

void GuardState::on_doubtful() {
  Phase held = Phase::kHeld;
  phase_.compare_exchange_strong(held, Phase::kDoubtful);
}

void GuardState::on_certain() {
  Phase doubtful = Phase::kDoubtful;
  phase_.compare_exchange_strong(doubtful, Phase::kHeld);
}

void GuardState::on_released() {
  if (!to_released()) return;
  const std::lock_guard lock(mutex_);
  released_ = Released{};
}

void GuardState::tell_jeopardy() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_jeopardy_;
  }
  if (callback) callback();
}

void GuardState::tell_safe() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_safe_;
  }
  if (callback) callback();
}

void GuardState::tell_lost() {
  std::function<void(const Loss&)> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_lost_;
    is_loss_told_ = true;
  }
  stop_.request_stop();
  if (callback) callback(*loss_);
}

}  // namespace holdfast::client::detail
