#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "client/lock_guard.h"
#include "client/session.h"
#include "client/session_ref.h"

namespace holdfast::client {

namespace detail {
class PermitState;
}

// One permit of a Semaphore, for as long as this lives. It is told as a lock is: see LockGuard for
// each member. May be moved to and asked on any thread; not used by two threads at once, except
// held(), remaining(), lost() and stop_token().
class Permit {
 public:
  Permit() = default;  // Of nothing: held() is false.
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&& other) noexcept;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit();  // Releases, if that has not been done; does not wait for the answer.

  bool valid() const { return state_ != nullptr; }

  // The members below need a valid one, but for held() and remaining().
  const std::string& path() const;       // Of its node.
  const std::string& sequencer() const;  // Of the lock of that node; see Semaphore.
  Zxid generation() const;

  bool held() const;
  Milliseconds remaining() const;
  bool lost() const;
  std::stop_token stop_token() const;
  void on_jeopardy(std::function<void()> callback);
  void on_safe(std::function<void()> callback);
  void on_lost(std::function<void(const Loss&)> callback);

  // The next in the queue may enter; held() is false from the call on. NOT_HELD if it was lost. To
  // be called once.
  Outcome<Released> release();
  Outcome<Released> release(const CallOptions& options);
  void release(const CallOptions& options, std::function<void(Outcome<Released>)> done);

 private:
  friend class detail::PermitState;
  explicit Permit(std::shared_ptr<detail::PermitState> state) : state_(std::move(state)) {}

  std::shared_ptr<detail::PermitState> state_;
};

struct PermitOptions {
  // How long to stand in the queue: 0 for not at all, no value for without limit. When it is over
  // without a permit: TIMEOUT (LOCK_HELD for 0).
  std::optional<Milliseconds> wait = Milliseconds(0);
  std::string description{};      // For people who look at the nodes and locks.
  std::stop_token stop{};         // Ends the wait: CANCELLED.
  bool lost_at_jeopardy = false;  // As in AcquireOptions.
};

// At most so many at a time.
//
//   auto printers = hf::Semaphore::open(session, "/svc/printers", 3);
//   auto permit = printers->acquire({.wait = hf::Milliseconds(30'000)});
//   while (permit->held() && work_is_left()) step(permit->sequencer());
//   permit->release();
//
// Who asks takes a place: an ephemeral child of the semaphore's node, numbered by the cell. Whose
// place is among the first N is inside, and locks his own place to say so. What that gives:
//
// - Never more than N. Numbers only grow, so whoever is among the first stays there; and a place
//   goes only by its owner's removal or with his session, whose guards have said by then that they
//   are not held: at no moment do more than N permits say held(), whatever replica leads, also when
//   an operator breaks a lock or kills a session (without `now`).
// - The order of asking. It is the order in which the cell made the places; nobody is overtaken.
// One
//   who crashed while he stood in the queue keeps his place, and so one permit, until his lease is
//   over, not longer; he stops nobody else.
// - A permit of a crashed client comes back when his lease is over. There is no lock-delay.
// - A sequencer. A permit's is valid exactly as long as the permit, so that a write in the cell
//   (`guard`) and a server that asks the cell (SequencerCheck::kCell) refuse who is late. Each
//   place has a lock of its own: a high-water mark (kLocal) compares nothing here.
// - `holdfast lock ls` shows who is inside; `holdfast lock break` takes one out, whose place the
//   library then gives up. A place that is locked cannot be removed.
//
// Each release costs every waiter one read of at most N names. The numbers suffice for ten thousand
// million places. Waiting for a semaphore is not waiting for a lock: circles are not found.
//
// May be copied; asked by any thread; does not keep the session open. Nothing else belongs below
// the semaphore's node.
class Semaphore {
 public:
  Semaphore() = default;  // Of nothing; only to be assigned to.

  // Makes the node, with its parents, where it is missing. `permits`: 1 to 10,000; BAD_ARGUMENT
  // when the node was made for another number: to change it, remove the node while nobody is there.
  static Outcome<Semaphore> open(Session& session, std::string path, std::size_t permits);
  static void open(Session& session, std::string path, std::size_t permits,
                   std::function<void(Outcome<Semaphore>)> done);

  std::size_t permits() const { return permits_; }
  const std::string& path() const { return path_; }

  // Stands in the queue until a permit is free. Each permit is one of its own, also of one thread.
  // TIMEOUT, LOCK_HELD, CANCELLED: it has left the queue. NO_NODE: the semaphore's node, or this
  // place in the queue, was removed by hand.
  Outcome<Permit> acquire(PermitOptions options);
  // The form on which the other is made; `done` is called on the dispatcher.
  void acquire(PermitOptions options, std::function<void(Outcome<Permit>)> done);

 private:
  Semaphore(detail::SessionRef session, std::string path, std::size_t permits)
      : session_(std::move(session)), path_(std::move(path)), permits_(permits) {}

  std::optional<detail::SessionRef> session_;
  std::string path_;
  std::size_t permits_ = 0;
};

}  // namespace holdfast::client
