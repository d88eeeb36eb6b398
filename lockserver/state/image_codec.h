#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lockserver/state/event.h"
#include "lockserver/state/records.h"
#include "lockserver/state/reply.h"
#include "zab/base/status.h"

// The image of the applied state as keys and values. A key is one byte that says of what, then
// paths as they are and numbers big-endian, so that keys sort as what they name; a NUL, which no
// path has, ends a path that something follows. Values are records of thrift/record.thrift, but for
// contents, which are stored as they are. Everything here is total on foreign bytes: what is not
// exactly what the other direction writes is kCorrupt.

namespace holdfast::state {

// Of the format of the image; in the meta record.
inline constexpr std::uint32_t kImageVersion = 1;

struct MetaKey {
  bool operator==(const MetaKey&) const = default;
};
struct NodeKey {
  std::string path;
  bool operator==(const NodeKey&) const = default;
};
struct ContentsKey {
  std::string path;
  bool operator==(const ContentsKey&) const = default;
};
struct SessionKey {
  SessionId session;
  bool operator==(const SessionKey&) const = default;
};
struct ResultKey {
  SessionId session;
  RequestNumber number;
  bool operator==(const ResultKey&) const = default;
};
struct RequestKey {
  std::string path;
  Zxid asked;
  bool operator==(const RequestKey&) const = default;
};
struct DelayKey {
  std::string path;
  LockDelay::Key delay;
  bool operator==(const DelayKey&) const = default;
};
struct EventsKey {
  Zxid zxid;
  bool operator==(const EventsKey&) const = default;
};
using ImageKey = std::variant<MetaKey, NodeKey, ContentsKey, SessionKey, ResultKey, RequestKey,
                              DelayKey, EventsKey>;

std::string meta_key();                                                   // m
std::string node_key(std::string_view path);                              // n path
std::string contents_key(std::string_view path);                          // p path
std::string session_key(SessionId session);                               // s id
std::string result_key(SessionId session, RequestNumber number);          // r id number
std::string request_key(std::string_view path, Zxid asked);               // q path 0 zxid
std::string delay_key(std::string_view path, const LockDelay::Key& key);  // d path 0 zxid id owner
std::string events_key(Zxid zxid);                                        // e zxid
Result<ImageKey> parse_key(std::string_view key);

// An image of a version that this program does not know is kUnavailable.
struct MetaRecord {
  Meta meta;
  EventName history_floor;  // The newest event that the history no longer has.
  EventName newest_event;
  std::uint64_t cell_prefix = 0;
  bool operator==(const MetaRecord&) const = default;
};
std::string encode_meta(const MetaRecord& record);
std::string encode_node(const NodeMeta& meta);
std::string encode_session(const Session& session);
std::string encode_request(const LockRequest& request);
std::string encode_delay(const LockDelay& delay);
std::string encode_events(const std::vector<Event>& events);
std::string encode_reply(const Reply& reply);

// What a key says is not repeated in the value: pass it.
Result<MetaRecord> decode_meta(std::string_view bytes);
Result<NodeMeta> decode_node(std::string_view bytes);
Result<Session> decode_session(SessionId id, std::string_view bytes);
Result<LockRequest> decode_request(Zxid asked, std::string_view bytes);
Result<LockDelay> decode_delay(std::string_view bytes);
Result<std::vector<Event>> decode_events(Zxid zxid, std::string_view bytes);
Result<Reply> decode_reply(std::string_view bytes);
// What encode_events made in this process.
std::vector<Event> read_events(Zxid zxid, std::string_view encoded);

}  // namespace holdfast::state
