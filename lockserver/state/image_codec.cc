#include "lockserver/state/image_codec.h"

#include <utility>

#include "lockserver/state/record_codec.h"
#include "zab/base/check.h"

namespace holdfast::state {
namespace {

using holdfast::state::from_record;
using holdfast::state::to_record;

constexpr std::size_t kNumberBytes = 8;

void append_number(std::string& key, std::uint64_t number) {
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    key.push_back(static_cast<char>((number >> (shift - 8)) & 0xffU));
  }
}

std::string path_then_zxid(char prefix, std::string_view path, Zxid zxid) {
  std::string key(1, prefix);
  key += path;
  key.push_back('\0');
  append_number(key, zxid.value);
  return key;
}

// Takes a key apart from the front. What it takes of too short a key is empty or 0; the caller
// compares with the key made of what it took.
class KeyReader {
 public:
  explicit KeyReader(std::string_view rest) : rest_(rest) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const std::size_t count = std::min(kNumberBytes, rest_.size());
    for (const char byte : rest_.substr(0, count)) {
      value = value << 8U | static_cast<unsigned char>(byte);
    }
    rest_.remove_prefix(count);
    return value;
  }
  std::string path_to_nul() {
    const std::size_t end = std::min(rest_.find('\0'), rest_.size());
    std::string path(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return path;
  }
  std::string path_to_end() { return std::string(std::exchange(rest_, {})); }

 private:
  std::string_view rest_;
};

struct KeyText {
  std::string operator()(const MetaKey&) const { return meta_key(); }
  std::string operator()(const NodeKey& key) const { return node_key(key.path); }
  std::string operator()(const ContentsKey& key) const { return contents_key(key.path); }
  std::string operator()(const SessionKey& key) const { return session_key(key.session); }
  std::string operator()(const ResultKey& key) const { return result_key(key.session, key.number); }
  std::string operator()(const RequestKey& key) const { return request_key(key.path, key.asked); }
  std::string operator()(const DelayKey& key) const { return delay_key(key.path, key.delay); }
  std::string operator()(const EventsKey& key) const { return events_key(key.zxid); }
};

DelayKey read_delay_key(KeyReader& reader) {
  DelayKey key;
  key.path = reader.path_to_nul();
  key.delay.since = Zxid(reader.number());
  key.delay.party.session = SessionId(reader.number());
  key.delay.party.owner = OwnerId(reader.number());
  return key;
}

ImageKey read_key(char prefix, KeyReader& reader) {
  switch (prefix) {
    case 'n':
      return NodeKey{.path = reader.path_to_end()};
    case 'p':
      return ContentsKey{.path = reader.path_to_end()};
    case 's':
      return SessionKey{.session = SessionId(reader.number())};
    case 'r': {
      const SessionId session(reader.number());
      return ResultKey{.session = session, .number = RequestNumber(reader.number())};
    }
    case 'q': {
      std::string path = reader.path_to_nul();
      return RequestKey{.path = std::move(path), .asked = Zxid(reader.number())};
    }
    case 'd':
      return read_delay_key(reader);
    case 'e':
      return EventsKey{.zxid = Zxid(reader.number())};
    default:
      return MetaKey{};
  }
}

record::Event to_record(const Event& event) {
  record::Event out;
  out.kind = static_cast<std::int32_t>(event.kind);
  out.path = event.path;
  out.child = event.child;
  out.instance = to_i64(event.instance.value);
  out.session = to_i64(event.session.value);
  out.owner = to_i64(event.owner.value);
  out.to = to_i64(event.to.value);
  out.generation = to_i64(event.generation.value);
  out.acquisition = to_i64(event.acquisition.value);
  out.content_generation = to_i64(event.content_generation);
  out.mode = to_record(event.mode);
  out.reason = event.reason;
  return out;
}

Event from_record(const EventName& name, const record::Event& event) {
  return {.name = name,
          .kind = static_cast<EventKind>(event.kind),
          .path = event.path,
          .child = event.child,
          .instance = Zxid(to_u64(event.instance)),
          .session = SessionId(to_u64(event.session)),
          .owner = OwnerId(to_u64(event.owner)),
          .to = SessionId(to_u64(event.to)),
          .generation = Zxid(to_u64(event.generation)),
          .acquisition = Zxid(to_u64(event.acquisition)),
          .content_generation = to_u64(event.content_generation),
          .mode = from_record(event.mode),
          .reason = event.reason};
}

}  // namespace

std::string meta_key() {
  return "m";
}
std::string node_key(std::string_view path) {
  return std::string("n").append(path);
}
std::string contents_key(std::string_view path) {
  return std::string("p").append(path);
}

std::string session_key(SessionId session) {
  std::string key("s");
  append_number(key, session.value);
  return key;
}

std::string result_key(SessionId session, RequestNumber number) {
  std::string key("r");
  append_number(key, session.value);
  append_number(key, number.value);
  return key;
}

std::string request_key(std::string_view path, Zxid asked) {
  return path_then_zxid('q', path, asked);
}

std::string delay_key(std::string_view path, const LockDelay::Key& key) {
  std::string bytes = path_then_zxid('d', path, key.since);
  append_number(bytes, key.party.session.value);
  append_number(bytes, key.party.owner.value);
  return bytes;
}

std::string events_key(Zxid zxid) {
  std::string key("e");
  append_number(key, zxid.value);
  return key;
}

Result<ImageKey> parse_key(std::string_view key) {
  if (!key.empty()) {
    KeyReader reader(key.substr(1));
    ImageKey parsed = read_key(key.front(), reader);
    if (std::visit(KeyText{}, parsed) == key) return parsed;
  }
  return Status(StatusCode::kCorrupt, "A key of the image that this program does not write.");
}

std::string encode_meta(const MetaRecord& value) {
  record::Meta out;
  out.version = static_cast<std::int32_t>(kImageVersion);
  out.applied = to_i64(value.meta.applied.value);
  out.stamp = to_record(value.meta.stamp);
  out.cell_prefix = to_i64(value.cell_prefix);
  out.epoch_began_cluster_ms = value.meta.epoch_began_cluster_ms;
  out.history_floor = to_record(value.history_floor);
  out.newest_event = to_record(value.newest_event);
  return encode_compact(out);
}

Result<MetaRecord> decode_meta(std::string_view bytes) {
  const Result<record::Meta> raw = decode_compact<record::Meta>(bytes);
  if (raw.ok() && raw->version > static_cast<std::int32_t>(kImageVersion)) {
    return Status(StatusCode::kUnavailable,
                  "The image is of version " + std::to_string(raw->version) +
                      "; this program knows up to " + std::to_string(kImageVersion) + ".");
  }
  const auto from = [](const record::Meta& meta) {
    return MetaRecord{.meta = {.applied = Zxid(to_u64(meta.applied)),
                               .stamp = from_record(meta.stamp),
                               .epoch_began_cluster_ms = meta.epoch_began_cluster_ms},
                      .history_floor = from_record(meta.history_floor),
                      .newest_event = from_record(meta.newest_event),
                      .cell_prefix = to_u64(meta.cell_prefix)};
  };
  return decode_canonical<record::Meta>(bytes, from, encode_meta);
}

std::string encode_node(const NodeMeta& meta) {
  record::Node out;
  out.instance = to_i64(meta.instance.value);
  out.content_generation = to_i64(meta.content_generation);
  out.child_generation = to_i64(meta.child_generation);
  out.lock_generation = to_i64(meta.lock_generation.value);
  out.modified_zxid = to_i64(meta.modified_zxid.value);
  out.created_wall_ms = meta.created_wall_ms;
  out.modified_wall_ms = meta.modified_wall_ms;
  out.contents_checksum = to_i64(meta.contents_checksum);
  out.next_sequence = to_i64(meta.next_sequence);
  out.ephemeral_owner = to_i64(meta.ephemeral_owner.value);
  out.kind = to_record(meta.kind);
  return encode_compact(out);
}

Result<NodeMeta> decode_node(std::string_view bytes) {
  const auto from = [](const record::Node& node) {
    return NodeMeta{.instance = Zxid(to_u64(node.instance)),
                    .content_generation = to_u64(node.content_generation),
                    .child_generation = to_u64(node.child_generation),
                    .lock_generation = Zxid(to_u64(node.lock_generation)),
                    .modified_zxid = Zxid(to_u64(node.modified_zxid)),
                    .created_wall_ms = node.created_wall_ms,
                    .modified_wall_ms = node.modified_wall_ms,
                    .contents_checksum = to_u64(node.contents_checksum),
                    .next_sequence = to_u64(node.next_sequence),
                    .ephemeral_owner = SessionId(to_u64(node.ephemeral_owner)),
                    .kind = from_record(node.kind)};
  };
  return decode_canonical<record::Node>(bytes, from, encode_node);
}

std::string encode_session(const Session& session) {
  record::Session out;
  out.secret = session.secret.bytes;
  out.lease_ms = session.lease_ms;
  out.client_name = session.client_name;
  out.host = session.host;
  out.instance_name = session.instance_name;
  out.opened_wall_ms = session.opened_wall_ms;
  out.previous_closed = session.previous_closed;
  out.killed = session.killed;
  out.answered_below = to_i64(session.answered_below.value);
  return encode_compact(out);
}

Result<Session> decode_session(SessionId id, std::string_view bytes) {
  const auto from = [id](const record::Session& session) {
    return Session{.id = id,
                   .secret = {session.secret},
                   .lease_ms = session.lease_ms,
                   .client_name = session.client_name,
                   .host = session.host,
                   .instance_name = session.instance_name,
                   .opened_wall_ms = session.opened_wall_ms,
                   .previous_closed = session.previous_closed,
                   .killed = session.killed,
                   .answered_below = RequestNumber(to_u64(session.answered_below))};
  };
  return decode_canonical<record::Session>(bytes, from, encode_session);
}

std::string encode_request(const LockRequest& request) {
  record::LockRequest out;
  out.session = to_i64(request.party.session.value);
  out.owner = to_i64(request.party.owner.value);
  out.request = to_i64(request.request.value);
  out.mode = to_record(request.mode);
  out.wait_ms = request.wait_ms;
  out.lock_delay_ms = request.lock_delay_ms;
  out.description = request.description;
  out.asked_at = to_record(request.asked_at);
  out.acquisition = to_i64(request.acquisition.value);
  out.granted_at = to_record(request.granted_at);
  return encode_compact(out);
}

Result<LockRequest> decode_request(Zxid asked, std::string_view bytes) {
  const auto from = [asked](const record::LockRequest& request) {
    return LockRequest{.asked = asked,
                       .party = {.session = SessionId(to_u64(request.session)),
                                 .owner = OwnerId(to_u64(request.owner))},
                       .request = RequestNumber(to_u64(request.request)),
                       .mode = from_record(request.mode),
                       .wait_ms = request.wait_ms,
                       .lock_delay_ms = request.lock_delay_ms,
                       .description = request.description,
                       .asked_at = from_record(request.asked_at),
                       .acquisition = Zxid(to_u64(request.acquisition)),
                       .granted_at = from_record(request.granted_at)};
  };
  return decode_canonical<record::LockRequest>(bytes, from, encode_request);
}

std::string encode_delay(const LockDelay& delay) {
  record::LockDelay out;
  out.holder = to_record(delay.holder);
  out.secret = delay.secret.bytes;
  out.generation = to_i64(delay.generation.value);
  out.delay_ms = delay.delay_ms;
  out.began_cluster_ms = delay.began_cluster_ms;
  if (delay.lost) out.__set_lost(to_record(*delay.lost));
  return encode_compact(out);
}

Result<LockDelay> decode_delay(std::string_view bytes) {
  const auto from = [](const record::LockDelay& delay) {
    LockDelay out{.holder = from_record(delay.holder),
                  .secret = {delay.secret},
                  .generation = Zxid(to_u64(delay.generation)),
                  .delay_ms = delay.delay_ms,
                  .began_cluster_ms = delay.began_cluster_ms,
                  .lost = std::nullopt};
    if (delay.__isset.lost) out.lost = from_record(delay.lost);
    return out;
  };
  return decode_canonical<record::LockDelay>(bytes, from, encode_delay);
}

std::string encode_events(const std::vector<Event>& events) {
  record::Events out;
  out.events.reserve(events.size());
  for (const Event& event : events) out.events.push_back(to_record(event));
  return encode_compact(out);
}

namespace {

std::vector<Event> from_records(Zxid zxid, const record::Events& events) {
  std::vector<Event> out;
  out.reserve(events.events.size());
  for (const record::Event& event : events.events) {
    const auto index = static_cast<std::uint32_t>(out.size());
    out.push_back(from_record(EventName{.zxid = zxid, .index = index}, event));
  }
  return out;
}

}  // namespace

std::vector<Event> read_events(Zxid zxid, std::string_view encoded) {
  const Result<record::Events> events = decode_compact<record::Events>(encoded);
  HOLDFAST_CHECK(events.ok(), "the events of " + to_string(zxid) + " in memory cannot be read");
  return from_records(zxid, *events);
}

Result<std::vector<Event>> decode_events(Zxid zxid, std::string_view bytes) {
  const auto from = [zxid](const record::Events& events) { return from_records(zxid, events); };
  return decode_canonical<record::Events>(bytes, from, encode_events);
}

}  // namespace holdfast::state
