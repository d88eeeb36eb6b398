#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/version.hpp>

#include "client/cell_client.h"
#include "client/error.h"
#include "client/lock_guard.h"
#include "client/sequencer_checker.h"
#include "client/session.h"
#include "client/watch.h"

// The asynchronous form of every call, for every completion token of Boost.Asio:
//
//   async_call(session, Get{.path = "/a"}, {}, [](Outcome<Contents> got) { … });
//   std::future<Outcome<Contents>> got = async_call(session, Get{…}, {}, asio::use_future);
//   auto acquiring = async_acquire(session, path, options, asio::use_awaitable);
//   Outcome<LockGuard> lock = co_await std::move(acquiring);
//
// The coroutine form stands in two statements on purpose: GCC 12 destroys temporaries that are made
// within a co_await expression twice.
//
// A handler runs on its associated executor; one that has none runs on the session's dispatcher,
// after the events that happened before its result, and must not throw.

// Installed, the library has Asio compiled in, and an executor is handed from one to the other.
#if defined(HOLDFAST_CLIENT_BOOST_VERSION)
static_assert(BOOST_VERSION == HOLDFAST_CLIENT_BOOST_VERSION,
              "libholdfast_client was built with another version of Boost");
#endif

namespace holdfast::client {

struct UserExecutor {
  boost::asio::any_io_executor executor;
};
inline std::shared_ptr<const UserExecutor> use_executor(boost::asio::any_io_executor executor) {
  return std::make_shared<const UserExecutor>(UserExecutor{std::move(executor)});
}

namespace detail {

// A handler of Asio behind a copyable function: keeps the handler's executor busy until it is
// called.
template <typename Handler>
class Completion {
 public:
  explicit Completion(Handler handler)
      : executor_(boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                      boost::asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

  template <typename Result>
  void complete(Result result) {
    const auto executor = boost::asio::get_associated_executor(handler_);
    boost::asio::dispatch(executor,
                          [handler = std::move(handler_), result = std::move(result)]() mutable {
                            std::move(handler)(std::move(result));
                          });
  }

 private:
  using Executor = std::decay_t<decltype(boost::asio::prefer(
      boost::asio::get_associated_executor(std::declval<const Handler&>()),
      boost::asio::execution::outstanding_work.tracked))>;

  Executor executor_;
  Handler handler_;
};

// Calls `start` with a function that completes the operation.
template <typename Result, typename Start, typename Token>
auto initiate(Start start, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result)>(
      [start = std::move(start)](auto handler) mutable {
        auto completion = std::make_shared<Completion<decltype(handler)>>(std::move(handler));
        std::move(start)([completion](Result result) { completion->complete(std::move(result)); });
      },
      token);
}

template <typename Caller, typename Request, typename Token>
auto submit(Caller& caller, Request request, const CallOptions& options, Token&& token) {
  using Reply = typename Request::Reply;
  return initiate<Outcome<Reply>>(
      [&caller, request = std::move(request), options](auto done) mutable {
        caller.submit(std::move(request), options, [done](Outcome<AnyReply> outcome) {
          if (!outcome) return done(std::move(outcome).error());
          done(std::get<Reply>(std::move(outcome).value()));
        });
      },
      std::forward<Token>(token));
}

}  // namespace detail

// The session, guard, watch or client must live until the call has been started (with
// use_awaitable: until it has been awaited), not longer.

template <typename Token>
auto async_open(SessionOptions options, Token&& token) {
  return detail::initiate<Outcome<Session>>(
      [options = std::move(options)](auto done) mutable {
        Session::open(std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_close(Session& session, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Closed>>(
      [&session, options](auto done) { session.close(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Request, typename Token>
auto async_call(Session& session, Request request, const CallOptions& options, Token&& token) {
  return detail::submit(session, std::move(request), options, std::forward<Token>(token));
}

template <typename Request, typename Token>
auto async_call(CellClient& client, Request request, const CallOptions& options, Token&& token) {
  static_assert(kNeedsNoSession<Request>, "this call needs a Session");
  return detail::submit(client, std::move(request), options, std::forward<Token>(token));
}

// BAD_ARGUMENT if options.owner is absent: an asynchronous call has no thread of its own.
template <typename Token>
auto async_acquire(Session& session, std::string path, AcquireOptions options, Token&& token) {
  return detail::initiate<Outcome<LockGuard>>(
      [&session, path = std::move(path), options = std::move(options)](auto done) mutable {
        session.acquire(std::move(path), std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_release(LockGuard& guard, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Released>>(
      [&guard, options](auto done) { guard.release(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_watch(Session& session, WatchOptions options, std::function<void(const Event&)> on_event,
                 Token&& token) {
  return detail::initiate<Outcome<Watch>>(
      [&session, options = std::move(options), on_event = std::move(on_event)](auto done) mutable {
        session.watch(std::move(options), std::move(on_event), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_next(Watch& watch, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Event>>(
      [&watch, options](auto done) { watch.next(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_check(SequencerChecker& checker, std::string sequencer, SequencerCheck check,
                 const CallOptions& options, Token&& token) {
  return detail::initiate<Verdict>(
      [&checker, sequencer = std::move(sequencer), check, options](auto done) {
        checker.check(sequencer, check, options, std::move(done));
      },
      std::forward<Token>(token));
}

}  // namespace holdfast::client
