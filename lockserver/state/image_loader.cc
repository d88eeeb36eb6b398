#include "lockserver/state/image_loader.h"

#include "thrift/path.h"

namespace holdfast::state {
namespace {

Status check_key_path(std::string_view path) {
  const Status valid = check_path(path);
  return valid.ok() ? valid : Status(StatusCode::kCorrupt, valid.message());
}

}  // namespace

Status ImageLoader::load(std::string_view key, std::string_view value) {
  any_ = true;
  const Result<ImageKey> parsed = parse_key(key);
  if (!parsed.ok()) return parsed.status();
  return std::visit([&](const auto& of) { return take(of, value); }, *parsed);
}

Status ImageLoader::take(const MetaKey&, std::string_view value) {
  Result<MetaRecord> meta = decode_meta(value);
  if (!meta.ok()) return meta.status();
  meta_ = *meta;
  return {};
}

Status ImageLoader::take(const NodeKey& key, std::string_view value) {
  if (Status valid = check_key_path(key.path); !valid.ok()) return valid;
  const Result<NodeMeta> meta = decode_node(value);
  return meta.ok() ? rooms_.nodes.load_node(key.path, *meta) : meta.status();
}

Status ImageLoader::take(const ContentsKey& key, std::string_view value) {
  if (Status valid = check_key_path(key.path); !valid.ok()) return valid;
  return rooms_.nodes.load_contents(key.path, value);
}

Status ImageLoader::take(const SessionKey& key, std::string_view value) {
  Result<Session> session = decode_session(key.session, value);
  return session.ok() ? rooms_.sessions.load_session(*session) : session.status();
}

Status ImageLoader::take(const ResultKey& key, std::string_view value) {
  if (Result<Reply> reply = decode_reply(value); !reply.ok()) return reply.status();
  results_.emplace_back(key, value);
  return {};
}

Status ImageLoader::take(const RequestKey& key, std::string_view value) {
  if (Status valid = check_key_path(key.path); !valid.ok()) return valid;
  Result<LockRequest> request = decode_request(key.asked, value);
  return request.ok() ? rooms_.locks.load_request(key.path, *request) : request.status();
}

Status ImageLoader::take(const DelayKey& key, std::string_view value) {
  if (Status valid = check_key_path(key.path); !valid.ok()) return valid;
  Result<LockDelay> delay = decode_delay(value);
  return delay.ok() ? rooms_.locks.load_delay(key.path, key.delay, *delay) : delay.status();
}

Status ImageLoader::take(const EventsKey& key, std::string_view value) {
  Result<std::vector<Event>> events = decode_events(key.zxid, value);
  return events.ok() ? rooms_.history.load_events(key.zxid, *events) : events.status();
}

Status ImageLoader::finish() {
  if (!any_) return {};
  if (!meta_) return {StatusCode::kCorrupt, "The image has no meta record."};
  if (meta_->cell_prefix != rooms_.cell_prefix) {
    return {StatusCode::kWrongCell, "The image belongs to another cell."};
  }
  rooms_.meta = meta_->meta;
  for (const auto& [key, reply] : results_) {
    Status loaded = rooms_.sessions.load_result(key.session, key.number, reply);
    if (!loaded.ok()) return loaded;
  }
  if (Status nodes = rooms_.nodes.finish_load(); !nodes.ok()) return nodes;
  const EventHistory::Ends ends{.floor = meta_->history_floor, .newest = meta_->newest_event};
  if (Status history = rooms_.history.finish_load(ends); !history.ok()) return history;
  return rooms_.audit();
}

}  // namespace holdfast::state
