#include "client/lock_guard.h"

#include <utility>

#include "client/blocking.h"
#include "client/guard_state.h"
#include "client/runtime.h"

namespace holdfast::client {

LockGuard& LockGuard::operator=(LockGuard&& other) noexcept {
  LockGuard old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

LockGuard::~LockGuard() {
  if (state_ == nullptr) return;
  // There is nobody to whom a failure could be told: the lease is the last resort, as after a
  // crash.
  try {
    state_->drop();
  } catch (...) {
  }
}

const std::string& LockGuard::path() const {
  return state_->made().path;
}
OwnerId LockGuard::owner() const {
  return state_->made().owner;
}
LockMode LockGuard::mode() const {
  return state_->made().grant.mode;
}
const std::string& LockGuard::sequencer() const {
  return state_->made().grant.sequencer;
}
Zxid LockGuard::generation() const {
  return state_->made().grant.generation;
}
Zxid LockGuard::acquisition() const {
  return state_->made().grant.acquisition;
}

bool LockGuard::held() const {
  return state_ != nullptr && state_->held();
}
Milliseconds LockGuard::remaining() const {
  return state_ == nullptr ? Milliseconds(0) : state_->remaining();
}
bool LockGuard::lost() const {
  return state_ != nullptr && state_->lost();
}
std::stop_token LockGuard::stop_token() const {
  return state_->stop_token();
}

void LockGuard::on_jeopardy(std::function<void()> callback) {
  state_->set_on_jeopardy(std::move(callback));
}
void LockGuard::on_safe(std::function<void()> callback) {
  state_->set_on_safe(std::move(callback));
}
void LockGuard::on_lost(std::function<void(const Loss&)> callback) {
  state_->set_on_lost(std::move(callback));
}

Outcome<Released> LockGuard::release() {
  return release(CallOptions{});
}

Outcome<Released> LockGuard::release(const CallOptions& options) {
  return detail::wait_for<Released>(state_->runtime().runs_here(), options.timeout,
                                    [&](auto done) { release(options, std::move(done)); });
}

void LockGuard::release(const CallOptions& options, std::function<void(Outcome<Released>)> done) {
  state_->release(detail::to_ticks(options.timeout), std::move(done));
}

}  // namespace holdfast::client
