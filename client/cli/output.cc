#include "client/cli/output.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "thrift/utf8.h"

namespace holdfast::cli {
namespace {

template <typename Id>
std::string id_text(Id id) {
  return to_string(id);
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::size_t length = std::max<std::size_t>(1, point.length);
    if (point.length == 0 || is_control(point.value)) {
      for (const char c : text.substr(0, length)) {
        std::array<char, 8> code{};
        std::snprintf(code.data(), code.size(), "\\x%02X",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += code.data();
      }
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

void print_json(const Json& json) {
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_json_line(const Json& json) {
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

std::string time_text(std::int64_t wall_ms) {
  if (wall_ms == 0) return "-";
  const std::time_t seconds = wall_ms / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

std::string mode_text(LockMode mode) {
  return mode == LockMode::kShared ? "shared" : "exclusive";
}

std::string kind_text(client::NodeKind kind) {
  switch (kind) {
    case client::NodeKind::kPersistent:
      return "persistent";
    case client::NodeKind::kEphemeral:
      return "ephemeral";
    case client::NodeKind::kUntilFree:
      return "until-free";
  }
  return "unknown";
}

std::string role_text(client::ReplicaRole role) {
  switch (role) {
    case client::ReplicaRole::kLooking:
      return "looking";
    case client::ReplicaRole::kSynchronizing:
      return "synchronizing";
    case client::ReplicaRole::kFollower:
      return "follower";
    case client::ReplicaRole::kObserver:
      return "observer";
    case client::ReplicaRole::kLeader:
      return "leader";
  }
  return "unknown";
}

std::string event_text(client::EventKind kind) {
  switch (kind) {
    case client::EventKind::kContentsChanged:
      return "contents-changed";
    case client::EventKind::kChildAdded:
      return "child-added";
    case client::EventKind::kChildRemoved:
      return "child-removed";
    case client::EventKind::kNodeDeleted:
      return "deleted";
    case client::EventKind::kNodeCreated:
      return "created";
    case client::EventKind::kLockAcquired:
      return "lock-acquired";
    case client::EventKind::kLockReleased:
      return "lock-released";
    case client::EventKind::kLockLost:
      return "lock-lost";
    case client::EventKind::kLockConflict:
      return "lock-conflict";
    case client::EventKind::kLeaderChanged:
      return "leader-changed";
    case client::EventKind::kEventsLost:
      return "events-lost";
  }
  return "unknown";
}

std::string state_text(client::LockState state) {
  switch (state) {
    case client::LockState::kFree:
      return "free";
    case client::LockState::kHeld:
      return "held";
    case client::LockState::kDelayed:
      return "delayed";
  }
  return "unknown";
}

Json to_json(const client::Stat& stat) {
  return {{"kind", kind_text(stat.kind)},
          {"instance", id_text(stat.instance)},
          {"content_generation", stat.content_generation},
          {"child_generation", stat.child_generation},
          {"lock_generation", id_text(stat.lock_generation)},
          {"modified_zxid", id_text(stat.modified)},
          {"created_wall_ms", stat.created_wall_ms},
          {"modified_wall_ms", stat.modified_wall_ms},
          {"content_length", stat.content_length},
          {"content_checksum", std::to_string(stat.content_checksum)},
          {"children", stat.children},
          {"ephemeral_session", id_text(stat.ephemeral_owner)}};
}

Json to_json(const client::LockParty& party) {
  return {{"session", id_text(party.session)},   {"owner", id_text(party.owner)},
          {"client_name", party.client_name},    {"host", party.host},
          {"description", party.description},    {"mode", mode_text(party.mode)},
          {"zxid", id_text(party.zxid)},         {"since_wall_ms", party.since_wall_ms},
          {"lock_delay_ms", party.lock_delay_ms}};
}

Json to_json(const client::LockInfo& lock) {
  Json out = {{"path", lock.path},
              {"state", state_text(lock.state)},
              {"instance", id_text(lock.instance)},
              {"generation", id_text(lock.generation)},
              {"holders", Json::array()},
              {"waiters", Json::array()},
              {"waiter_count", lock.waiter_count},
              {"delay_remaining_ms", lock.delay_remaining_ms}};
  for (const client::LockParty& holder : lock.holders) out["holders"].push_back(to_json(holder));
  for (const client::LockParty& waiter : lock.waiters) out["waiters"].push_back(to_json(waiter));
  if (lock.previous_holder) out["previous_holder"] = to_json(*lock.previous_holder);
  return out;
}

Json to_json(const client::SessionInfo& session) {
  return {{"session", id_text(session.id)},
          {"client_name", session.client_name},
          {"host", session.host},
          {"instance_name", session.instance_name},
          {"lease_ms", session.lease_ms},
          {"opened_wall_ms", session.opened_wall_ms},
          {"locks_held", session.locks_held},
          {"locks_waited_for", session.locks_waited_for},
          {"ephemeral_nodes", session.ephemeral_nodes},
          {"results_kept", session.results_kept}};
}

Json to_json(const client::Event& event) {
  Json out = {{"zxid", id_text(event.name.zxid)},
              {"index", event.name.index},
              {"kind", event_text(event.kind)},
              {"path", event.path},
              {"instance", id_text(event.instance)}};
  if (!event.child.empty()) out["child"] = event.child;
  if (event.content_generation != 0) out["content_generation"] = event.content_generation;
  if (!event.session.is_none()) {
    out["session"] = id_text(event.session);
    out["owner"] = id_text(event.owner);
  }
  if (event.mode) out["mode"] = mode_text(*event.mode);
  if (!event.generation.is_none()) out["generation"] = id_text(event.generation);
  if (!event.reason.empty()) out["reason"] = event.reason;
  return out;
}

}  // namespace holdfast::cli
