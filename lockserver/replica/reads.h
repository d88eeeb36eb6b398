#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "lockserver/replica/call_id.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// Read barriers (R23): which calls wait for which. One barrier serves every call that came before
// it began. Calls for which a session is touched have barriers of their own: those confirm the
// touch too (LOCKS.md §2.3), and their answer stands behind whatever the leader had proposed by
// then, an expiry above all.
class Reads {
 public:
  enum class Kind { kTouching, kPlain };

  // The call waits for a barrier that begins after now. `touched` is none for a plain one.
  void want(CallId call, SessionId touched);
  // As above, but it has time.
  void want_some_time(CallId call, SessionId touched);
  // It has no time any more. Nothing if its barrier has begun.
  void hurry(CallId call);
  // The call does not wait any more.
  void forget(CallId call);

  bool has_waiting(Kind kind) const {
    return !(kind == Kind::kTouching ? touching_ : plain_).empty();
  }

  // Whether a call is among the touching ones that has no time.
  bool is_urgent() const { return is_urgent_; }

  struct Barrier {
    std::uint64_t tag = 0;
    std::vector<SessionId> touched;  // Ascending, each once.
  };
  // Begins a barrier for all calls of that kind that wait; nothing when none do. Their answers
  // stand behind `floor` in any case.
  std::optional<Barrier> begin(Kind kind, Zxid floor);
  // The barrier could not be begun after all: its calls wait for the next.
  void put_back(std::uint64_t tag);
  // The barrier is confirmed as of `zxid`: these calls are served by it, in the order of their
  // coming, when everything through `needed` is applied.
  struct Confirmed {
    std::vector<CallId> calls;
    Zxid needed;
  };
  Confirmed confirm(std::uint64_t tag, Zxid zxid);
  // Open barriers are lost; their calls wait for others.
  void on_stop_serving();

  // The calls for which no barrier has begun, in the order of their coming.
  std::vector<CallId> waiting() const;

 private:
  using Calls = std::map<CallId, SessionId>;

  Calls& waiting_of(Kind kind) { return kind == Kind::kTouching ? touching_ : plain_; }

  std::uint64_t newest_tag_ = 0;
  Calls touching_;
  bool is_urgent_ = false;
  Calls plain_;
  struct Open {
    Kind kind = Kind::kPlain;
    Zxid floor;
    Calls calls;
  };
  std::map<std::uint64_t, Open> open_;
};

}  // namespace holdfast::replica
