#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/core.h"
#include "tests/client/wire_script.h"

namespace holdfast::client::test {

inline constexpr SessionId kSession(41);
inline constexpr Ticks kLeaseMs = 12'000;
inline constexpr Ticks kGraceMs = 45'000;

inline LockGrant grant_of(std::uint64_t zxid) {
  return {.sequencer = "1:x:" + std::to_string(zxid),
          .generation = Zxid(zxid),
          .acquisition = Zxid(zxid),
          .instance = Zxid(1)};
}
inline ReplyHead at(std::uint64_t zxid) {
  return {.zxid = Zxid(zxid), .lease_ms = kLeaseMs};
}

// A core with the world around it played by the test: its clock, its connection, its server.
class Rig {
 public:
  static CoreOptions options();

  explicit Rig(CoreOptions core_options) : core(std::move(core_options)) {}
  Rig() : Rig(options()) {}

  // Carries out what the core said: requests go to `requests`, the rest where it belongs.
  void run();
  // Lets time pass, with a tick wherever the core wants one.
  void pass(Ticks ms);
  // Without a tick, as if the process had been stopped.
  void jump(Ticks ms) { now += ms; }

  // start(), a connection, and a session with the answer at once.
  void open();
  // The connection that was asked for comes about.
  void connect();
  void break_connection();
  // After break_connection(): comes back at another replica, as the same session.
  void reconnect();

  // The oldest request of that method not yet taken; fails the test if there is none.
  Seen take(const std::string& method);
  bool has(const std::string& method) const;
  void reply(const std::string& message);
  // Answers the parked keep-alive with these events, the last of which is the newest that is due.
  void deliver(const std::vector<Event>& events, std::uint64_t zxid);
  void told();  // The program has been told all events so far.

  CallId get(const std::string& path);
  CallId set(const std::string& path);
  CallId acquire(AcquireAsk ask);

  bool is_answered(CallId call) const { return answers.contains(call); }
  const Error& error_of(CallId call) const { return answers.at(call).error(); }
  GuardId guard_of(CallId call) const { return std::get<Granted>(*answers.at(call)).guard; }

  Core core;
  Ticks now = 100'000;

  std::optional<ConnectionId> connecting;
  std::vector<std::string> dialed;  // Addresses, in order.
  bool resolves = true;             // Else the test does.
  std::vector<std::string> resolving;
  std::optional<ConnectionId> connection;
  std::deque<Seen> requests;
  std::map<CallId, Outcome<CallValue>> answers;
  std::vector<SessionState> states;
  std::vector<GuardId> lost;
  std::map<GuardId, Loss> losses;
  std::vector<GuardId> doubtful;
  std::vector<GuardId> certain;
  std::vector<GuardId> released;
  std::vector<std::size_t> queued;
  std::vector<EventTold> events;
  EventName told_through;
  std::vector<WatchId> ended_watches;
  std::optional<Error> open_failure;
  bool is_opened = false;
  Ticks lease_deadline = 0;
  std::vector<std::string> log;  // The kinds of outputs that the program sees, in order.
};

}  // namespace holdfast::client::test
