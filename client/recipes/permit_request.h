#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "client/recipes/following.h"
#include "client/recipes/semaphore.h"
#include "client/recipes/wait_end.h"
#include "client/session_ref.h"

namespace holdfast::client::detail {

// What is behind a Permit: the lock of a place, and the place.
class PermitState : public std::enable_shared_from_this<PermitState> {
 public:
  PermitState(SessionRef session, LockGuard guard)
      : session_(std::move(session)), guard_(std::move(guard)) {}

  static Permit make(const SessionRef& session, LockGuard guard);

  const SessionRef& session() const { return session_; }
  LockGuard& guard() { return guard_; }
  void release(const CallOptions& options, std::function<void(Outcome<Released>)> done);
  void drop();

 private:
  using OnLoss = std::stop_callback<std::function<void()>>;

  void give_up_place();

  const SessionRef session_;
  LockGuard guard_;
  std::mutex mutex_;
  bool is_over_ = false;  // Released or dropped.
  std::unique_ptr<OnLoss> on_loss_;
};

// One who asks for a permit: his place, his wait, and the lock of his place once he is inside.
// Answers once, on the dispatcher; whatever comes after that is given back.
class PermitRequest : public std::enable_shared_from_this<PermitRequest> {
 public:
  using Done = std::function<void(Outcome<Permit>)>;

  PermitRequest(SessionRef session, std::string semaphore, std::size_t permits,
                PermitOptions options, Done done);

  void start();

 private:
  // Is this one inside?
  enum class Place { kWaiting, kInside, kRemoved };
  using Queue = Following<Place>;

  void begin_wait();
  void on_wait_end(ErrorCode why);
  void on_created(Outcome<Created> created);
  void stand();
  void look(std::function<void(Outcome<Place>)> done) const;
  Place place_in(const Children& first) const;
  void on_place(Place place);
  void enter();
  void on_locked(Outcome<LockGuard> guard);
  void on_first_look();
  void fail(const Error& error);
  Done take_done();
  void give_up_place();

  const SessionRef session_;
  const std::string semaphore_;
  const std::size_t permits_;
  const PermitOptions options_;
  const OwnerId owner_;

  std::mutex mutex_;   // For what follows.
  Done done_;          // Empty once it has answered.
  std::string place_;  // The path; empty until it is made.
  bool is_entering_ = false;
  std::shared_ptr<Queue> queue_;
  std::unique_ptr<WaitEnd> wait_end_;
};

}  // namespace holdfast::client::detail
