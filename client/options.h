#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "client/values.h"

namespace holdfast::client {

using Milliseconds = std::chrono::milliseconds;

// An executor of the program's own; made by use_executor() of client/async.h.
struct UserExecutor;

// An earlier session whose process the caller asserts to be dead: it is closed first, without
// lock-delays. A false assertion lets two believe in one lock.
struct PreviousSession {
  std::string instance_name{};  // Under which it was opened.
  std::string secret{};         // 16 bytes; Session::secret() of then.
};

// Called on the dispatcher, in the order in which things happened; never under a lock of the
// library. They may make asynchronous calls; blocking ones are refused there. They must not throw.
struct SessionCallbacks {
  std::function<void()> on_jeopardy{};  // The lease ran out unconfirmed; each time.
  std::function<void()> on_safe{};      // It was confirmed again; each time.
  std::function<void()> on_expired{};   // The session is over; once. Not after close().
};

struct SessionOptions {
  // Where the replicas are, each an address ("10.0.0.1:7101", "[fd00::1]:7101"), a name
  // ("cell.example.com:7101", all of whose addresses are replicas) or a service
  // ("srv:main.example.com": the SRV records of _holdfast._tcp.main.example.com, whose priorities
  // and weights are followed). Names and services are looked up again at each round over all that
  // is known; while that fails, what was known before stays in use. BAD_ARGUMENT for anything else.
  std::vector<std::string> endpoints{};
  // Asked instead of those of /etc/resolv.conf: addresses, each with ":port" if that is not 53.
  std::vector<std::string> dns_servers{};
  Milliseconds lease{12'000};  // Asked for; the cell clamps it to 1 s … 10 min.
  Milliseconds grace{45'000};  // How long jeopardy may last before the session is given up.
  // How long open() tries; without a value for ever.
  std::optional<Milliseconds> open_timeout = Milliseconds(15'000);

  std::string client_name{};  // Who the program is, for people; at most 255 bytes.
  std::string host{};         // Where it runs; the machine's name if empty.
  std::string
      instance_name{};  // Stays the same over restarts; needed by who uses `previous` later.
  std::optional<PreviousSession> previous{};
  std::optional<std::string> secret{};  // 16 random bytes of the caller's; drawn if absent.
  std::string cell_name{};              // If not empty, other cells are refused: WRONG_CELL.

  SessionCallbacks callbacks{};
  // Runs the input, output and callbacks of the session instead of two threads of its own. With
  // fewer than two threads behind it a callback that takes long delays the keep-alives.
  std::shared_ptr<const UserExecutor> executor{};
  std::size_t open_calls_max = 10'000;  // Calls made and not answered; more are refused: LIMIT.
};

struct CellClientOptions {
  std::vector<std::string> endpoints{};    // As those of a session.
  std::vector<std::string> dns_servers{};  // The same.
  std::string cell_name{};
  std::optional<std::string> cell_id{};  // 16 bytes; other cells are refused: WRONG_CELL.
  std::shared_ptr<const UserExecutor> executor{};
  std::size_t open_calls_max = 10'000;
};

// The deadline form of every call.
struct CallOptions {
  // The call answers within this time, at the latest with TIMEOUT. Without a value it waits as long
  // as the session lives (of a CellClient: 30 s).
  std::optional<Milliseconds> timeout{};
};

struct AcquireOptions {
  LockMode mode = LockMode::kExclusive;
  // How long to stand in the queue: 0 for not at all, no value for without limit. When it is over
  // without the lock: TIMEOUT (LOCK_HELD or LOCK_DELAYED for 0).
  std::optional<Milliseconds> wait = Milliseconds(0);
  // The call answers within this time whatever happens, at the latest with TIMEOUT (the library
  // then withdraws the request and gives back what it may still be granted). Absent: for a wait
  // that is neither 0 nor without limit, 1.5 s more than that; else as long as the session lives.
  std::optional<Milliseconds> timeout{};
  // 0 to 60 s: how long the lock stays closed to others when this session expires while holding it.
  Milliseconds lock_delay{0};
  // Absent: this_thread_owner(). Asynchronous calls must name theirs (new_owner(), or a number of
  // the program's own).
  std::optional<OwnerId> owner{};
  std::string description{};  // For people who look at the lock; at most 1,024 bytes.
  CreateMode create = CreateMode::kPersistent;
  std::stop_token stop{};  // Ends the wait: CANCELLED, unless the lock has just been granted.
  // Give the lock up for good at jeopardy already, instead of at expiry only.
  bool lost_at_jeopardy = false;
  // Called on the dispatcher when the request stands in the queue, with the number of those before
  // it.
  std::function<void(std::size_t waiters_ahead)> on_waiting{};
};

struct WatchOptions {
  std::string path{};
  bool recursive = false;            // Also everything below the path.
  std::set<EventKind> kinds{};       // Not empty. kEventsLost comes in any case.
  std::optional<EventName> after{};  // Begin with the first event after this one.
};

}  // namespace holdfast::client
