#include "client/recipes/semaphore.h"

#include "client/blocking.h"
#include "client/recipes/permit_request.h"
#include "client/recipes/places.h"
#include "zab/base/limits.h"

namespace holdfast::client {

Permit& Permit::operator=(Permit&& other) noexcept {
  Permit old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Permit::~Permit() {
  if (state_ == nullptr) return;
  // There is nobody to whom a failure could be told: the lease is the last resort.
  try {
    state_->drop();
  } catch (...) {
  }
}

const std::string& Permit::path() const {
  return state_->guard().path();
}
const std::string& Permit::sequencer() const {
  return state_->guard().sequencer();
}
Zxid Permit::generation() const {
  return state_->guard().generation();
}
bool Permit::held() const {
  return state_ != nullptr && state_->guard().held();
}
Milliseconds Permit::remaining() const {
  return state_ == nullptr ? Milliseconds(0) : state_->guard().remaining();
}
bool Permit::lost() const {
  return state_->guard().lost();
}
std::stop_token Permit::stop_token() const {
  return state_->guard().stop_token();
}
void Permit::on_jeopardy(std::function<void()> callback) {
  state_->guard().on_jeopardy(std::move(callback));
}
void Permit::on_safe(std::function<void()> callback) {
  state_->guard().on_safe(std::move(callback));
}
void Permit::on_lost(std::function<void(const Loss&)> callback) {
  state_->guard().on_lost(std::move(callback));
}

Outcome<Released> Permit::release() {
  return release(CallOptions{});
}

Outcome<Released> Permit::release(const CallOptions& options) {
  return detail::wait_for<Released>(state_->session().runs_here(), options.timeout,
                                    [&](auto done) { release(options, std::move(done)); });
}

void Permit::release(const CallOptions& options, std::function<void(Outcome<Released>)> done) {
  state_->release(options, std::move(done));
}

// ---- the semaphore ------------------------------------------------------------------------------

void Semaphore::open(Session& session, std::string path, std::size_t permits,
                     std::function<void(Outcome<Semaphore>)> done) {
  const detail::SessionRef ref = detail::SessionRef::of(session);
  if (permits == 0 || permits > limits::kListPageMax) {
    return ref.post([done = std::move(done)] {
      done(Error{.code = ErrorCode::kBadArgument,
                 .message = "A semaphore has 1 to 10,000 permits."});
    });
  }
  detail::agree_on(ref, path, std::to_string(permits),
                   [=, done = std::move(done)](Outcome<Contents> agreed) {
                     if (!agreed) return done(std::move(agreed).error());
                     done(Semaphore(ref, path, permits));
                   });
}

Outcome<Semaphore> Semaphore::open(Session& session, std::string path, std::size_t permits) {
  return detail::wait_for<Semaphore>(
      detail::SessionRef::of(session).runs_here(), std::nullopt,
      [&](auto done) { open(session, std::move(path), permits, std::move(done)); });
}

void Semaphore::acquire(PermitOptions options, std::function<void(Outcome<Permit>)> done) {
  std::make_shared<detail::PermitRequest>(*session_, path_, permits_, std::move(options),
                                          std::move(done))
      ->start();
}

Outcome<Permit> Semaphore::acquire(PermitOptions options) {
  return detail::wait_for<Permit>(session_->runs_here(), std::nullopt,
                                  [&](auto done) { acquire(std::move(options), std::move(done)); });
}

}  // namespace holdfast::client
