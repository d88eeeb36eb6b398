#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "lockserver/replica/call_id.h"
#include "lockserver/replica/calls.h"
#include "lockserver/state/command.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// A write: its command is in Pending from its turn until it is applied. An acquire that has to wait
// is then set aside.
struct WriteCall {
  std::unique_ptr<state::Command> command;  // Moved to Pending when its turn has come; then null.
  Ticks max_hold_ms = 0;                    // Of an acquire that waits; 0 for a third of the lease.
  OnWritten done;

  // Of an acquire: how to find out later what became of it.
  struct Acquire {
    std::string path;
    state::OwnerId owner;
    state::RequestNumber request;
  };
  std::optional<Acquire> acquire;
  bool confirming = false;  // A repeated acquire that asks the confirmed state in place of the log.
  std::unique_ptr<WriteAnswer> answer;  // It waits for its turn in the lane.
};

// Whatever is answered from the state when its turn has come.
struct ReadCall {
  bool needs_barrier = false;
  SessionId touched;                // Its barrier touches this session.
  std::function<void(CallId)> run;  // Its turn: takes the call out and answers it.
  std::function<void(Facts, Refusal)> refuse;
};

struct KeepAliveCall {
  KeepAlive ask;
  OnKeptAlive done;
};

// A call of a client that is not answered yet. There may be one for each of tens of thousands of
// sessions, so what only few calls have, or only for a moment, stands elsewhere.
struct Call {
  LaneId lane;
  SessionId session;
  Zxid last_seen;
  Ticks arrived = 0;
  Ticks deadline = 0;

  bool confirmed = false;  // Its read barrier has come back,
  Zxid needed;             // and its turn is when everything through here is applied.
  Zxid served_from() const { return std::max(needed, last_seen); }
  std::unique_ptr<Refusal> refusal;  // It waits for its turn in the lane.
  std::variant<WriteCall, ReadCall, KeepAliveCall> body;
};
static_assert(sizeof(Call) <= 256);

}  // namespace holdfast::replica
