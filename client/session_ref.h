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

namespace holdfast::client {

class Session;

namespace detail {

class Runtime;

// The calls of a session without its life: for what is built on a session and must not keep it
// open. May be copied; asked by any thread. After the end of the session, that of the Session
// object too, calls are answered SESSION_EXPIRED, at once and then on the calling thread.
class SessionRef {
 public:
  static SessionRef of(const Session& session);

  // As those of Session.
  void acquire(std::string path, AcquireOptions options,
               std::function<void(Outcome<LockGuard>)> done) const;
  void submit(AnyRequest request, const CallOptions& options,
              std::function<void(Outcome<AnyReply>)> done) const;
  void watch(WatchOptions options, std::function<void(const Event&)> on_event,
             std::function<void(Outcome<Watch>)> done) const;
  SessionState state() const;
  Milliseconds remaining() const;

  // One request; `done` takes an Outcome of its reply.
  template <typename Request, typename Done>
  void call(Request request, const CallOptions& options, Done done) const {
    using Reply = typename Request::Reply;
    submit(std::move(request), options,
           [done = std::move(done)](Outcome<AnyReply> outcome) mutable {
             if (!outcome) return done(Outcome<Reply>(std::move(outcome).error()));
             done(Outcome<Reply>(std::get<Reply>(std::move(outcome).value())));
           });
  }

  // Runs it on the dispatcher.
  void post(std::function<void()> callback) const;
  bool is_over() const;
  bool runs_here() const;  // Would a call that blocks here wait for itself?
  Runtime& runtime() const { return *runtime_; }

 private:
  explicit SessionRef(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

  std::shared_ptr<Runtime> runtime_;
};

}  // namespace detail
}  // namespace holdfast::client
