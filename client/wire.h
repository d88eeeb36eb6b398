#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/error.h"
#include "client/requests.h"
#include "client/values.h"
#include "zab/base/status.h"

// The methods of thrift/lockservice.thrift as plain values, and their way into messages and back.
// The only place of the library that knows the generated code.

namespace holdfast::client::wire {

// From RequestHeader, but for the guard, which is part of the request.
struct Head {
  SessionId session;
  std::uint64_t request_number = 0;
  std::uint64_t answered_below = 0;
  Zxid last_seen;
  std::string cell_name;  // Empty: not checked.
  std::string cell_id;    // Empty: not checked.
};

// ---- what only the library itself calls
// ----------------------------------------------------------

struct OpenSession {
  std::int64_t lease_ms = 0;
  std::string client_name;
  std::string host;
  std::string secret;
  std::string instance_name;
  std::string previous_instance_name;
  std::string previous_secret;  // Empty: there is no previous session.
};
struct SessionOpened {
  SessionId session;
  std::int64_t lease_ms = 0;
  std::string cell_name;
  std::string cell_id;
};
struct ResumeSession {
  std::string secret;
};
struct SessionResumed {
  std::int64_t lease_ms = 0;
};
struct CloseSession {};
struct SessionClosed {};
struct KeepAlive {
  EventName acknowledged;
  std::int32_t max_wait_ms = 0;
};
struct KeptAlive {
  std::vector<Event> events;  // Of kinds that this release knows.
  EventName delivered_through;
  bool more = false;
};
struct Acquire {
  std::string path;
  LockMode mode = LockMode::kExclusive;
  std::int64_t wait_ms = 0;
  std::int64_t lock_delay_ms = 0;
  OwnerId owner;
  std::string description;
  CreateMode create = CreateMode::kNo;
  std::int32_t max_hold_ms = 0;
};
struct Acquired {
  std::optional<LockGrant> grant;  // Absent while it waits.
  std::size_t waiters_ahead = 0;
};
struct Cancel {
  std::string path;
  OwnerId owner;
};
struct Cancelled {};  // Whatever it found: the acquire's own answer tells.
struct Release {
  std::string path;
  OwnerId owner;
};
struct LockReleased {};
struct GetSequencer {
  std::string path;
  OwnerId owner;
};
struct SequencerGot {
  LockGrant grant;
};
struct SetWatch {
  std::uint64_t watch_id = 0;
  std::string path;
  bool recursive = false;
  std::set<EventKind> kinds;
  std::optional<EventName> after;
};
struct WatchSet {
  Zxid active_from;
};
struct Unwatch {
  std::uint64_t watch_id = 0;
};
struct Unwatched {};

// ---- all of them
// ---------------------------------------------------------------------------------

// The order is that of the replies in Reply: a request of index i is answered by a reply of index
// i.
using Request = std::variant<OpenSession, ResumeSession, CloseSession, KeepAlive, Acquire, Cancel,
                             Release, GetSequencer, SetWatch, Unwatch, Create, Get, Exists, List,
                             Set, Remove, Multi, Sync, GetLockInfo, ListLocks, BreakLock,
                             ListSessions, KillSession, CheckSequencers, GetCellStatus>;
using Reply =
    std::variant<SessionOpened, SessionResumed, SessionClosed, KeptAlive, Acquired, Cancelled,
                 LockReleased, SequencerGot, WatchSet, Unwatched, Created, Contents, Existence,
                 Children, Written, Removed, MultiDone, Synced, LockInfoReply, LockPage, LockBroken,
                 SessionPage, SessionKilled, SequencerStates, CellStatus>;
static_assert(std::variant_size_v<Request> == std::variant_size_v<Reply>);

// Which method: the index in Request.
using Method = std::size_t;

// From ReplyHeader.
struct Facts {
  Zxid zxid;
  EventName events_through;
  std::int64_t lease_ms = 0;  // 0: says nothing about the lease.
};
struct Answer {
  Facts facts;
  std::variant<Reply, Error> body;
};

// A message of the compact protocol, without its frame.
std::string encode_request(const Request& request, const Head& head, std::int32_t sequence_id);

// The sequence id of a reply. kInvalid if the bytes are no reply.
Result<std::int32_t> decode_sequence_id(std::string_view message);

// kInvalid if the bytes are no answer to that method; also if the server calls it an exception of
// Thrift itself, which no server of ours does to a request that was well formed.
Result<Answer> decode_answer(Method method, std::string_view message);

}  // namespace holdfast::client::wire
