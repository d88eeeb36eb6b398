#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "client/error.h"
#include "client/lock_guard.h"
#include "client/options.h"
#include "client/requests.h"
#include "client/values.h"
#include "client/watch.h"

// The client library of Holdfast.
//
//   namespace hf = holdfast::client;
//
//   auto session = hf::Session::open({.endpoints = {"127.0.0.1:7401", "127.0.0.1:7402"},
//                                     .client_name = "nightly-report"});
//   if (!session) return fail(session.error());
//   auto lock = session->acquire("/reports/nightly", {.wait = hf::Milliseconds(30'000)});
//   if (!lock) return fail(lock.error());  // TIMEOUT, DEADLOCK, …
//   lock->on_lost([](const hf::Loss& loss) { … });
//   while (lock->held() && work_is_left()) step(lock->sequencer());
//   lock->release();
//
// Every call has three forms: blocking; with a deadline (CallOptions::timeout); asynchronous
// (client/async.h: callbacks, futures, coroutines). Blocking calls made on the dispatcher, that is
// inside a callback of the library, are refused with BAD_ARGUMENT: they would wait for themselves.

namespace holdfast::client {

namespace detail {
class Runtime;
class SessionHandle;
class SessionRef;
}  // namespace detail

struct Closed {};

// The owner of the calling thread: another for each thread of the process, never used again.
OwnerId this_thread_owner();
// An owner that was never given before in this process.
OwnerId new_owner();

// The presence of this program in the cell: locks, ephemeral nodes and watches live in it. Keeps
// itself alive and connected. All members may be used from any thread at any time.
class Session {
 public:
  // WRONG_CELL, WRONG_SECRET, LIMIT, …; NO_QUORUM when no replica could be reached in time.
  static Outcome<Session> open(SessionOptions options);
  // The form on which the other is made. `done` is called on the new session's dispatcher.
  static void open(SessionOptions options, std::function<void(Outcome<Session>)> done);

  Session() = default;  // Of nothing; only to be assigned to.
  Session(Session&&) noexcept = default;
  Session& operator=(Session&& other) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // As close(); gives up after two seconds (the lease then ends by itself).

  SessionId id() const;
  // 16 bytes, for SessionOptions::previous of the program's next run. Whoever has it can speak for
  // the session.
  const std::string& secret() const;
  const std::string& cell_name() const;
  const std::string& cell_id() const;  // 16 bytes.
  Milliseconds lease() const;          // As the cell granted it.
  SessionState state() const;
  Milliseconds remaining() const;  // Until jeopardy without further contact; 0 unless live.

  // Gives everything back at once, without lock-delays: guards are lost (kClosed), ephemeral nodes
  // go. An error says only that the cell was not heard in time; the session is closed here in any
  // case.
  Outcome<Closed> close();
  Outcome<Closed> close(const CallOptions& options);
  void close(const CallOptions& options, std::function<void(Outcome<Closed>)> done);

  // ---- locks ----

  // See AcquireOptions. LOCK_HELD, LOCK_DELAYED, TIMEOUT, CANCELLED, DEADLOCK, NO_NODE, … Under an
  // owner that holds the lock already in this mode: a further guard of the same acquisition; the
  // first release of any of them frees the lock.
  Outcome<LockGuard> acquire(std::string path, AcquireOptions options);
  void acquire(std::string path, AcquireOptions options,
               std::function<void(Outcome<LockGuard>)> done);

  // ---- data and operator's calls: the structs of client/requests.h ----

  template <typename Request>
  Outcome<typename Request::Reply> call(Request request) {
    return call(std::move(request), CallOptions{});
  }
  template <typename Request>
  Outcome<typename Request::Reply> call(Request request, const CallOptions& options) {
    Outcome<AnyReply> outcome = call_any(std::move(request), options);
    if (!outcome) return std::move(outcome).error();
    return std::get<typename Request::Reply>(std::move(outcome).value());
  }
  // The form on which the others are made; `done` is called on the dispatcher.
  void submit(AnyRequest request, const CallOptions& options,
              std::function<void(Outcome<AnyReply>)> done);

  // The common ones in short.
  Outcome<Contents> get(std::string path) { return call(Get{.path = std::move(path)}); }
  Outcome<Existence> exists(std::string path) { return call(Exists{.path = std::move(path)}); }
  Outcome<Children> list(std::string path) { return call(List{.path = std::move(path)}); }
  Outcome<Created> create(std::string path, std::string contents) {
    return call(Create{.path = std::move(path), .contents = std::move(contents)});
  }
  Outcome<Written> set(std::string path, std::string contents) {
    return call(Set{.path = std::move(path), .contents = std::move(contents)});
  }
  Outcome<Removed> remove(std::string path) { return call(Remove{.path = std::move(path)}); }

  // ---- watches ----

  // `on_event` is called on the dispatcher for each event, in order; with an empty one, take them
  // by Watch::next().
  Outcome<Watch> watch(WatchOptions options, std::function<void(const Event&)> on_event);
  void watch(WatchOptions options, std::function<void(const Event&)> on_event,
             std::function<void(Outcome<Watch>)> done);

 private:
  friend class SequencerChecker;
  friend class detail::SessionRef;
  explicit Session(std::shared_ptr<detail::SessionHandle> handle) : handle_(std::move(handle)) {}
  Outcome<AnyReply> call_any(AnyRequest request, const CallOptions& options);
  std::shared_ptr<detail::Runtime> runtime() const;

  std::shared_ptr<detail::SessionHandle> handle_;
};

}  // namespace holdfast::client
