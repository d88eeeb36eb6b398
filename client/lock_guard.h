#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "client/error.h"
#include "client/options.h"
#include "client/values.h"

namespace holdfast::client {

namespace detail {
class GuardState;
}

struct Released {
  Zxid zxid{};
};

// Why a guard has lost its lock.
enum class LossReason {
  kExpired,   // The session has expired, or the grace period ended without contact.
  kClosed,    // The program closed the session.
  kTaken,     // The cell said LOCK_LOST: broken by an operator, or its node is gone.
  kJeopardy,  // AcquireOptions::lost_at_jeopardy.
};
struct Loss {
  LossReason reason = LossReason::kExpired;
  std::string message{};  // A sentence; of a lock broken with the operator's name and reason.
};

// One acquisition of one lock. What is lost stays lost: a guard never acquires again. May be moved
// to and asked on any thread; one guard is not used by two threads at once, except held(),
// remaining(), lost() and stop_token(), which may be asked at any time from any thread.
class LockGuard {
 public:
  LockGuard() = default;  // Of no lock: held() is false.
  LockGuard(LockGuard&&) noexcept = default;
  LockGuard& operator=(LockGuard&& other) noexcept;
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;
  // Releases, if that has not been done. Waits at most a second for the answer (not on the
  // dispatcher); the library repeats the release after that as long as the session lives.
  ~LockGuard();

  bool valid() const { return state_ != nullptr; }  // False if made without a lock or moved from.

  // The members below need a valid guard.
  const std::string& path() const;
  OwnerId owner() const;
  LockMode mode() const;
  const std::string& sequencer() const;
  Zxid generation() const;
  Zxid acquisition() const;

  // True while the cell gives the lock to nobody else: false from release(), from loss, and while
  // the lease is not confirmed (jeopardy); true again when the session is safe again. Reads a clock
  // that goes on during suspension, so that it is right also after the process was stopped.
  bool held() const;
  // How long held() stays true without further contact to the cell; 0 if it is false.
  Milliseconds remaining() const;
  bool lost() const;  // For good. False after a release.
  // Asked to stop once, when the lock is lost; not by a release.
  std::stop_token stop_token() const;

  // Called on the dispatcher; they replace the one set before. on_jeopardy and on_safe each time,
  // on_lost once (at once if it is lost already).
  void on_jeopardy(std::function<void()> callback);
  void on_safe(std::function<void()> callback);
  void on_lost(std::function<void(const Loss&)> callback);

  // Gives the lock back; held() is false from the call on. NOT_HELD if it was lost. Further calls
  // answer as the first.
  Outcome<Released> release();
  Outcome<Released> release(const CallOptions& options);
  // The form on which the others are made; `done` is called on the dispatcher.
  void release(const CallOptions& options, std::function<void(Outcome<Released>)> done);

 private:
  friend class detail::GuardState;
  explicit LockGuard(std::shared_ptr<detail::GuardState> state) : state_(std::move(state)) {}

  std::shared_ptr<detail::GuardState> state_;
};

}  // namespace holdfast::client
