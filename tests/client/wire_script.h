#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/error.h"
#include "client/values.h"

// The server's side of the wire, for tests: requests taken apart, replies made, with Thrift's own
// generated code and not the client's.

namespace holdfast::client::test {

// A request as the server sees it. Fields that its method does not have are empty.
struct Seen {
  std::string method;
  std::int32_t sequence_id = 0;
  SessionId session;
  std::uint64_t number = 0;
  std::uint64_t answered_below = 0;
  Zxid last_seen;
  std::string guard;
  std::string cell_id;
  std::string path;
  std::string contents;
  OwnerId owner;
  std::int64_t wait_ms = 0;
  std::int32_t max_wait_ms = 0;  // Of keep_alive; of acquire max_hold_ms.
  EventName acknowledged;
  std::uint64_t watch_id = 0;
  std::optional<EventName> after;
  std::string secret;
  std::string previous_instance;
  std::vector<std::string> sequencers;
};
Seen parse_request(std::string_view message);

struct ReplyHead {
  Zxid zxid;
  EventName events_through;
  std::int64_t lease_ms = 0;
};

// Messages without their frames. `to` is the request that is answered.
std::string opened(const Seen& to, const ReplyHead& head, SessionId session);
std::string resumed(const Seen& to, const ReplyHead& head);
std::string kept_alive(const Seen& to, const ReplyHead& head, const std::vector<Event>& events,
                       EventName delivered_through);
std::string granted(const Seen& to, const ReplyHead& head, const LockGrant& grant);
std::string waiting(const Seen& to, const ReplyHead& head, int waiters_ahead);
std::string sequencer_got(const Seen& to, const ReplyHead& head, const LockGrant& grant);
std::string watch_set(const Seen& to, const ReplyHead& head, Zxid active_from);
std::string got(const Seen& to, const ReplyHead& head, const std::string& contents);
std::string got(const Seen& to, const ReplyHead& head, const std::string& contents, Zxid modified);
std::string checked(const Seen& to, const ReplyHead& head, SequencerState state);
// For methods whose reply has nothing that these tests look at.
std::string done(const Seen& to, const ReplyHead& head);
std::string failed(const Seen& to, const ReplyHead& head, const Error& error);

}  // namespace holdfast::client::test
