#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "client/session.h"
#include "client/session_ref.h"

namespace holdfast::client {

namespace detail {
class Participant;
}

struct BarrierMoved {
  Zxid zxid{};  // As of which it was so.
};

// A node that all wait at while it is there.
//
//   hf::Barrier barrier(session, "/svc/migration");
//   barrier.raise();                 // One of them.
//   barrier.wait({});                // Everybody else.
//   barrier.lift();                  // All go on.
//
// It does not belong to a session: it stays when the one who raised it has crashed. May be copied;
// asked by any thread; does not keep the session open.
class Barrier {
 public:
  Barrier(Session& session, std::string path)
      : session_(detail::SessionRef::of(session)), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // From then on wait() waits. Makes missing parents. No error if it is there already.
  Outcome<BarrierMoved> raise();
  void raise(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done);

  // One command lets all go on who wait. No error if it is not there.
  Outcome<BarrierMoved> lift();
  void lift(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done);

  // Answers when it is not there, at once or when it is lifted, even if it is raised again before
  // that is seen. TIMEOUT when that did not happen in time. Goes on over lost connections and
  // leader changes of the cell; SESSION_EXPIRED with the session.
  Outcome<BarrierMoved> wait(const CallOptions& options);
  void wait(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done);

 private:
  detail::SessionRef session_;
  std::string path_;
};

struct EnterOptions {
  std::optional<Milliseconds> wait{};  // No value for without limit.
  std::stop_token stop{};              // Ends the wait: CANCELLED.
};

// N participants who begin together and end together, in as many rounds as they like.
//
//   auto barrier = hf::DoubleBarrier::open(session, "/svc/step", 4);
//   barrier->enter({.wait = hf::Milliseconds(60'000)});  // Until four are there.
//   compute();
//   barrier->leave({});                                  // Until all four are done, or dead.
//
// That N are there is one command of the cell, in which it checks that each of them is: all of them
// go on from it, and nobody else. Who comes later is of a next round, which begins when all of this
// one have left. One who crashes before the others are there does not count when his lease is over;
// one who crashes afterwards has left when his lease is over. Goes on over lost connections and
// leader changes of the cell.
//
// One object is one participant, used by one thread at a time. Destroying it inside is leaving.
// Nothing else belongs below the barrier's node.
class DoubleBarrier {
 public:
  DoubleBarrier() = default;  // Of nothing; only to be assigned to.
  DoubleBarrier(DoubleBarrier&&) noexcept = default;
  DoubleBarrier& operator=(DoubleBarrier&& other) noexcept;
  DoubleBarrier(const DoubleBarrier&) = delete;
  DoubleBarrier& operator=(const DoubleBarrier&) = delete;
  ~DoubleBarrier();

  // Makes the node, with its parents, where it is missing. `participants`: 1 to 1,000; BAD_ARGUMENT
  // when the node was made for another number.
  static Outcome<DoubleBarrier> open(Session& session, std::string path, std::size_t participants);
  static void open(Session& session, std::string path, std::size_t participants,
                   std::function<void(Outcome<DoubleBarrier>)> done);

  // Until so many are there. TIMEOUT, CANCELLED: it is not among them any more; but if they came
  // together at that moment, the others have gone on. NO_NODE: its place was removed by hand.
  // BAD_ARGUMENT: it is inside already.
  Outcome<BarrierMoved> enter(EnterOptions options);
  void enter(EnterOptions options, std::function<void(Outcome<BarrierMoved>)> done);

  // Until all who entered with it have left. TIMEOUT: it has left, some of them have not.
  // BAD_ARGUMENT: it is not inside.
  Outcome<BarrierMoved> leave(const CallOptions& options);
  void leave(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done);

 private:
  explicit DoubleBarrier(std::shared_ptr<detail::Participant> state) : state_(std::move(state)) {}

  std::shared_ptr<detail::Participant> state_;
};

}  // namespace holdfast::client
