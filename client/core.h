#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/call_table.h"
#include "client/core_io.h"
#include "client/endpoint_walk.h"
#include "client/event_stream.h"
#include "client/guard_table.h"
#include "client/lease_clock.h"
#include "client/link.h"
#include "client/watch_table.h"
#include "client/wire.h"
#include "zab/base/ids.h"

namespace holdfast::client {

// All that the client library decides, without input, output, clock or thread: given messages, time
// and calls it says what is to be done. Same inputs, same outputs. Of a session (it opens one,
// keeps it alive and carries on with it at other replicas), or of calls without one.
//
// Every input carries the time, in milliseconds of a clock that goes on during suspension. After
// each input take the outputs and carry them out in order, and see to it that tick() comes no later
// than wake_at(). Every call is answered by exactly one Answered.
class Core {
 public:
  explicit Core(CoreOptions options);

  // ---- inputs ----

  // Opens the session: Opened or OpenFailed follows. Without a session: does nothing.
  void start(Ticks now);
  void tick(Ticks now);

  // A connection that was asked for by Connect and not given up by Disconnect since; others are
  // ignored. `why` is for people.
  void on_connected(Ticks now, ConnectionId connection);
  void on_closed(Ticks now, ConnectionId connection, const std::string& why);  // Also: not made.
  // What an endpoint of a Resolve stands for now, or why that is not known.
  void on_resolved(Ticks now, const std::string& endpoint, const Result<std::vector<Place>>& found);
  // One frame's content.
  void on_message(Ticks now, ConnectionId connection, std::string_view message);

  // These make calls and name them.
  CallId call(Ticks now, AnyRequest request, std::optional<Ticks> timeout_ms);
  CallId acquire(Ticks now, const AcquireAsk& ask);
  CallId release(Ticks now, GuardId guard, std::optional<Ticks> timeout_ms);
  struct WatchCall {
    CallId call;
    WatchId watch;
  };
  WatchCall watch(Ticks now, WatchOptions options);
  CallId close(Ticks now, Ticks timeout_ms);

  void withdraw(Ticks now, CallId acquire);  // AcquireOptions::stop. Nothing if it is over.
  void unwatch(Ticks now, WatchId watch);
  // The program has been told the events through there, and of the losses before them.
  void on_told(Ticks now, EventName through);

  // ---- outputs ----

  std::vector<Output> take();
  std::optional<Ticks> wake_at() const;

  // ---- questions ----

  SessionState state() const { return lease_.state(); }
  const SessionFacts& facts() const { return facts_; }
  std::size_t open_calls() const { return calls_.size(); }

 private:
  struct Closing {
    CallId call;
    Ticks deadline = 0;
  };
  enum class Opening { kNo, kTrying, kDone, kFailed };

  bool with_session() const { return options_.with_session; }
  bool is_over() const;
  void put(Output output) { outputs_.push_back(std::move(output)); }

  // core.cc: the way of an input.
  void begin_input(Ticks now);
  void end_input();
  void on_change(LeaseClock::Change change);
  void pass_ready();
  void end_session(SessionState state, const Loss& loss, const Error& error);
  void fail_open(Error error);

  // core_link.cc: the connection.
  bool wants_link() const;
  void see_to_link();
  void begin_connect();
  void bind();
  void leave(const std::string& why);
  void ping();
  std::int32_t expect(Link::What what, wire::Method method);
  Ticks overdue_ms() const;
  void send(std::int32_t sequence_id, const wire::Request& request, std::uint64_t number);
  void on_answer(const Link::Expected& expected, const wire::Answer& answer);
  void on_bind_answer(const Link::Expected& expected, const wire::Answer& answer);
  void on_close_answer(const wire::Answer& answer);
  bool leaves_link(const Error& error);
  void note(const Link::Expected& expected, const wire::Facts& facts);

  // core_calls.cc: calls on their way.
  CallId add_call(Call call);
  std::optional<Error> refusal() const;
  std::string short_path(const std::string& path) const;
  void send_calls();
  void send_call(CallId id);
  void on_call_answer(const Link::Expected& expected, const wire::Answer& answer);
  void on_call_error(CallId id, const wire::Facts& facts, const Error& error);
  void drop_call(CallId id);
  void hold_answer(CallId id, const wire::Facts& facts, Outcome<CallValue> outcome);
  void pass_answer(EventStream::HeldAnswer held);
  void finish(CallId id, Outcome<CallValue> outcome);
  void pause(CallId id);
  void set_alarm(CallId id);
  void on_alarm(CallId id);
  void time_out(CallId id);
  void fail_unrepeatable();
  Error timeout_error(const Call& call) const;

  // core_locks.cc.
  void begin_withdrawal(CallId id, Call::Acquiring::Withdrawn why);
  void on_acquired(CallId id, const wire::Facts& facts, const wire::Acquired& acquired);
  void on_granted(CallId id, const wire::Facts& facts, const LockGrant& grant);
  void on_released(const wire::Release& release, Zxid zxid);
  void ask_anew(CallId id);
  Error acquire_error(const Call& call, const Error& error) const;
  void lose(GuardId guard, const Loss& loss);
  void lose_at_jeopardy();
  void on_lock_lost(const Event& event);
  void doubt_everything();
  void verify(GuardId guard);
  void on_verified(const Call& call, const wire::Answer& answer);
  std::vector<GuardId> removed_by(const wire::Request& request) const;
  void doubt_removed(const wire::Request& request);
  void verify_removed(const wire::Request& request);
  void doubt(GuardId guard);
  void give_back(const std::string& path, OwnerId owner, Zxid acquisition);
  void add_background(wire::Request request);

  // core_events.cc: keep-alives, events, watches.
  void send_keep_alive();
  void on_keep_alive_answer(const Link::Expected& expected, const wire::Answer& answer);
  void tell(const std::vector<Event>& events, EventName through);
  void send_watches();
  void on_watch_answer(const Link::Expected& expected, const wire::Answer& answer);
  void end_watches(const Error& error);

  CoreOptions options_;
  EndpointWalk walk_;
  Ticks now_ = 0;
  Link link_;
  ConnectionId newest_connection_;
  std::string last_failure_;  // Of the connection, for people.
  Opening opening_ = Opening::kNo;
  std::optional<Ticks> open_deadline_;
  SessionFacts facts_;
  Zxid last_seen_;
  LeaseClock lease_;
  std::optional<Closing> closing_;
  CallTable calls_;
  CallId newest_call_;
  EventStream events_;
  GuardTable guards_;
  WatchTable watches_;
  std::vector<Output> outputs_;
};

}  // namespace holdfast::client
