#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "client/boot_clock.h"
#include "client/channel.h"
#include "client/core.h"
#include "client/core_io.h"
#include "client/options.h"
#include "client/resolver.h"
#include "client/threads.h"

namespace holdfast::client::detail {

class GuardState;
class WatchState;

// The world around a Core: its connection, its clock, its callers and their callbacks. The core
// lives on the input executor; callbacks are told on the other one, in the order in which the core
// had them. No lock of the library is held there.
class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  // Where an answer is told.
  enum class Where {
    kDispatcher,  // After all that happened before it.
    kInput,       // At once; for the library itself.
  };
  using Done = std::function<void(Outcome<CallValue>)>;

  // `dns_servers`: see SessionOptions.
  Runtime(CoreOptions options, SessionCallbacks callbacks, std::shared_ptr<Threads> threads,
          std::vector<std::string> dns_servers);

  // ---- from any thread ----

  // Opens the session (not of a CellClient); `done` is told on the dispatcher.
  void start(std::function<void(Outcome<SessionFacts>)> done);
  void submit(AnyRequest request, std::optional<Ticks> timeout_ms, Done done);
  void acquire(AcquireAsk ask, std::stop_token stop, std::function<void(std::size_t)> on_waiting,
               std::function<void(Outcome<LockGuard>)> done);
  void release(GuardId guard, std::optional<Ticks> timeout_ms, Where where, Done done);
  void watch(WatchOptions options, std::function<void(const Event&)> on_event,
             std::function<void(Outcome<Watch>)> done);
  // As watch(), but events, and the end by another than the program, are told on the input
  // executor, and must not be held up.
  struct AtOnce {
    std::function<void(const Event&)> on_event;
    std::function<void()> on_ended;
  };
  void watch_at_once(WatchOptions options, AtOnce told, std::function<void(Outcome<Watch>)> done);
  void unwatch(WatchId watch);
  void close(Ticks timeout_ms, Where where, Done done);
  // Answers what is open and lets go of the world. Nothing is told afterwards, and further calls
  // are answered at once.
  void shut_down();

  void post_callback(std::function<void()> callback);
  bool runs_here() const { return threads_->runs_here(); }
  const boost::asio::any_io_executor& callbacks() const { return threads_->callbacks(); }
  const std::shared_ptr<Threads>& threads() const { return threads_; }

  // Until then guards may say held; 0 once the session is over.
  Ticks lease_deadline() const { return lease_deadline_.load(); }
  SessionState state() const { return state_.load(); }
  // How often the session was in jeopardy.
  std::uint64_t jeopardies() const { return jeopardies_.load(); }

 private:
  struct Pending {
    Where where = Where::kDispatcher;
    Done done;
    std::function<void(Outcome<LockGuard>)> on_guard;  // Of an acquire, in the place of `done`.
    std::function<void(std::size_t)> on_waiting;       // Of an acquire.
    WatchId watch;                                     // Of a watch.
    std::unique_ptr<std::stop_callback<std::function<void()>>> stop;
  };

  struct Input {
    std::function<void(Runtime&)> run;
    Done refuse;  // May be empty.
  };

  void start_watch(std::shared_ptr<WatchState> state, WatchOptions options,
                   std::function<void(Outcome<Watch>)> done);
  void post_input(std::function<void(Runtime&)> run, Done refuse);
  void take_inputs();
  void tell(std::function<void()> callback);
  void on_told(EventName through);
  void post_told();
  void add(CallId call, Pending pending);
  void drain();
  void arm_timer();
  void answer(CallId call, Outcome<CallValue> outcome);
  using TellGuard = void (GuardState::*)();
  void tell_guards(TellGuard what);
  void tell_guard(const std::shared_ptr<GuardState>& guard, TellGuard what);

  // runtime_outputs.cc: one for each output of the core.
  void carry_out(Connect output);
  void carry_out(Disconnect output);
  void carry_out(Send output);
  void carry_out(Opened output);
  void carry_out(OpenFailed output);
  void carry_out(LeaseMoved output);
  void carry_out(StateChanged output);
  void carry_out(GuardMade output);
  void carry_out(GuardDoubtful output);
  void carry_out(GuardCertain output);
  void carry_out(GuardLost output);
  void carry_out(GuardReleased output);
  void carry_out(GuardUnwanted output);
  void carry_out(Queued output);
  void carry_out(EventsCame output);
  void carry_out(WatchEnded output);
  void carry_out(Answered output);
  void carry_out(Resolve output);
  std::shared_ptr<GuardState> find_guard(GuardId guard) const;

  const std::shared_ptr<Threads> threads_;
  const SessionCallbacks callbacks_;
  std::atomic<Ticks> lease_deadline_ = 0;
  std::atomic<SessionState> state_ = SessionState::kLive;
  std::atomic<std::uint64_t> jeopardies_ = 0;
  std::atomic<bool> is_shut_down_ = false;
  const Error shut_down_error_;
  std::mutex inputs_mutex_;
  std::vector<Input> inputs_;  // Not taken yet; of any thread.

  // What follows belongs to the input executor.
  Core core_;
  BootTimer timer_;
  Resolver resolver_;
  Ticks timer_at_ = 0;  // 0: it does not run.
  bool is_draining_ = false;
  std::vector<std::function<void()>> to_tell_;  // At the end of the turn, in this order.
  ConnectionId connection_;
  std::shared_ptr<Channel> channel_;
  Channel::Leave leave_ = Channel::Leave::kWithTheTurn;  // What is sent now.
  std::function<void(Outcome<SessionFacts>)> on_opened_;
  std::map<CallId, Pending> pending_;
  std::map<GuardId, std::shared_ptr<GuardState>> guards_;    // Held, as far as is known.
  std::map<GuardId, std::shared_ptr<GuardState>> granting_;  // Their acquire is not answered yet.
  std::map<WatchId, std::shared_ptr<WatchState>> watches_;
};

}  // namespace holdfast::client::detail
