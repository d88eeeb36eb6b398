#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "lockserver/replica/call_id.h"
#include "lockserver/state/command.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// True when a second application of the command does no more than the first one, so that it may be
// given to the next leader without knowing what became of it at the last: it has a number, or its
// effect is the same when it comes twice.
bool is_repeatable(const state::Command& command);

// The writes of this replica's own clients whose commands are not applied here yet, and the
// acquires that wait in a queue.
//
// A command stays until its call is answered or dropped. When the leader is lost, what had been
// sent is sent again to the next one, in the old order and under the old numbers (LOCKS.md §2.6).
class Pending {
 public:
  void add(CallId call, state::Command command);
  // The call is answered or dropped, as a command or as one who waits.
  void erase(CallId call);
  bool has_command(CallId call) const { return commands_.contains(call); }
  const state::Command& command(CallId call) const;
  std::size_t commands() const { return commands_.size(); }

  // The oldest command that is to be sent, or sent again.
  std::optional<CallId> next_to_send() const;
  void on_sent(CallId call);
  // It was given to a leader at some time: its outcome is open until it is applied.
  bool was_sent(CallId call) const;
  // What was on its way may be lost.
  void on_stop_serving();
  // Commands that no leader has ever been given, in their order.
  std::vector<CallId> never_sent() const;
  std::size_t in_flight() const { return commands_.size() - to_send_.size(); }

  // The acquire stands in a queue: its call waits for the outcome. Several calls may wait for one
  // request.
  void park(CallId call, SessionId session, state::RequestNumber request);
  // The calls that waited for this request; they do not any more.
  std::vector<CallId> take_parked(SessionId session, state::RequestNumber request);
  // All calls that wait, in their order.
  std::vector<CallId> parked() const;
  bool is_parked(CallId call) const { return parked_.contains(call); }
  std::size_t parked_count() const { return parked_.size(); }

 private:
  struct Waiting {
    state::Command command;
    bool sent = false;
  };
  using Request = std::pair<SessionId, state::RequestNumber>;

  std::map<CallId, Waiting> commands_;
  std::set<CallId> to_send_;
  std::map<CallId, Request> parked_;
  std::map<Request, std::set<CallId>> requests_;  // The same, by request; no set is empty.
};

}  // namespace holdfast::replica
