#include "tests/client/wire_script.h"

#include <memory>

#include "thrift/gen/LockService.h"
#include "thrift/message.h"
#include "zab/base/check.h"

namespace holdfast::client::test {
namespace {

std::int64_t i64(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t u64(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

EventName plain(const api::EventName& name) {
  return {.zxid = Zxid(u64(name.zxid)), .index = static_cast<std::uint32_t>(name.index)};
}

api::EventName wire_name(const EventName& name) {
  api::EventName out;
  out.zxid = i64(name.zxid.value);
  out.index = static_cast<std::int32_t>(name.index);
  return out;
}

template <typename Arguments>
void take_apart(std::string_view message, Seen& seen) {
  const auto decoded = decode_message_body<Arguments>(message, kRequestLimits);
  HOLDFAST_CHECK(decoded.ok(), decoded.status().message());
  const auto& request = (*decoded)->request;
  seen.session = SessionId(u64(request.header.session_id));
  seen.number = u64(request.header.request_number);
  seen.answered_below = u64(request.header.answered_below);
  seen.last_seen = Zxid(u64(request.header.last_seen_zxid));
  seen.guard = request.header.guard;
  seen.cell_id = request.header.cell_id;
  if constexpr (requires { request.path; }) seen.path = request.path;
  if constexpr (requires { request.contents; }) seen.contents = request.contents;
  if constexpr (requires { request.owner; }) seen.owner = OwnerId(u64(request.owner));
  if constexpr (requires { request.wait_ms; }) seen.wait_ms = request.wait_ms;
  if constexpr (requires { request.max_hold_ms; }) seen.max_wait_ms = request.max_hold_ms;
  if constexpr (requires { request.max_wait_ms; }) seen.max_wait_ms = request.max_wait_ms;
  if constexpr (requires { request.acknowledged; }) seen.acknowledged = plain(request.acknowledged);
  if constexpr (requires { request.watch_id; }) seen.watch_id = u64(request.watch_id);
  if constexpr (requires { request.secret; }) seen.secret = request.secret;
  if constexpr (requires { request.sequencers; }) seen.sequencers = request.sequencers;
  if constexpr (requires { request.previous; }) {
    seen.previous_instance = request.previous.instance_name;
  }
  if constexpr (requires { request.__isset.after; }) {
    if constexpr (std::is_same_v<decltype(request.after), api::EventName>) {
      if (request.__isset.after) seen.after = plain(request.after);
    }
  }
}

struct Method {
  const char* name;
  void (*take_apart)(std::string_view, Seen&);
};
constexpr Method kMethods[] = {
    {"open_session", take_apart<api::LockService_open_session_args>},
    {"resume_session", take_apart<api::LockService_resume_session_args>},
    {"close_session", take_apart<api::LockService_close_session_args>},
    {"keep_alive", take_apart<api::LockService_keep_alive_args>},
    {"acquire", take_apart<api::LockService_acquire_args>},
    {"cancel", take_apart<api::LockService_cancel_args>},
    {"release", take_apart<api::LockService_release_args>},
    {"get_sequencer", take_apart<api::LockService_get_sequencer_args>},
    {"watch", take_apart<api::LockService_watch_args>},
    {"unwatch", take_apart<api::LockService_unwatch_args>},
    {"get", take_apart<api::LockService_get_args>},
    {"set_contents", take_apart<api::LockService_set_contents_args>},
    {"create", take_apart<api::LockService_create_args>},
    {"remove", take_apart<api::LockService_remove_args>},
    {"multi", take_apart<api::LockService_multi_args>},
    {"break_lock", take_apart<api::LockService_break_lock_args>},
    {"check_sequencers", take_apart<api::LockService_check_sequencers_args>},
    {"cell_status", take_apart<api::LockService_cell_status_args>},
};

api::ReplyHeader wire_head(const ReplyHead& head) {
  api::ReplyHeader out;
  out.zxid = i64(head.zxid.value);
  out.events_through = wire_name(head.events_through);
  out.lease_ms = head.lease_ms;
  return out;
}

api::LockGrant wire_grant(const LockGrant& grant) {
  api::LockGrant out;
  out.sequencer = grant.sequencer;
  out.generation = i64(grant.generation.value);
  out.acquisition = i64(grant.acquisition.value);
  out.instance = i64(grant.instance.value);
  out.mode = static_cast<api::LockMode::type>(grant.mode);
  return out;
}

template <typename ApiResult>
std::string message(const Seen& to, const ApiResult& result) {
  return encode_message({.protocol = WireProtocol::kCompact,
                         .method = to.method,
                         .type = apache::thrift::protocol::T_REPLY,
                         .sequence_id = to.sequence_id},
                        result);
}

template <typename ApiResult, typename Fill>
std::string reply(const Seen& to, const ReplyHead& head, Fill fill) {
  ApiResult result;
  result.success.header = wire_head(head);
  fill(result.success);
  result.__isset.success = true;
  return message(to, result);
}

}  // namespace

Seen parse_request(std::string_view bytes) {
  const Result<MessageHead> head = decode_message_head(bytes, kRequestLimits);
  HOLDFAST_CHECK(head.ok(), head.status().message());
  Seen seen{.method = head->method, .sequence_id = head->sequence_id};
  for (const Method& method : kMethods) {
    if (head->method == method.name) {
      method.take_apart(bytes, seen);
      return seen;
    }
  }
  check_failed(__FILE__, __LINE__, "a known method", "the script does not know " + head->method);
}

std::string opened(const Seen& to, const ReplyHead& head, SessionId session) {
  return reply<api::LockService_open_session_result>(to, head, [&](auto& out) {
    out.session_id = i64(session.value);
    out.lease_ms = head.lease_ms;
    out.cell_name = "test";
    out.cell_id = "0123456789abcdef";
  });
}

std::string resumed(const Seen& to, const ReplyHead& head) {
  return reply<api::LockService_resume_session_result>(
      to, head, [&](auto& out) { out.lease_ms = head.lease_ms; });
}

std::string kept_alive(const Seen& to, const ReplyHead& head, const std::vector<Event>& events,
                       EventName delivered_through) {
  return reply<api::LockService_keep_alive_result>(to, head, [&](auto& out) {
    for (const Event& event : events) {
      api::Event wire_event;
      wire_event.name = wire_name(event.name);
      wire_event.kind = static_cast<api::EventKind::type>(event.kind);
      wire_event.path = event.path;
      wire_event.__set_session_id(i64(event.session.value));
      wire_event.__set_owner(i64(event.owner.value));
      wire_event.__set_acquisition(i64(event.acquisition.value));
      wire_event.__set_reason(event.reason);
      out.events.push_back(wire_event);
    }
    out.delivered_through = wire_name(delivered_through);
  });
}

std::string granted(const Seen& to, const ReplyHead& head, const LockGrant& grant) {
  return reply<api::LockService_acquire_result>(to, head, [&](auto& out) {
    out.outcome = api::AcquireOutcome::GRANTED;
    out.__set_grant(wire_grant(grant));
  });
}

std::string waiting(const Seen& to, const ReplyHead& head, int waiters_ahead) {
  return reply<api::LockService_acquire_result>(to, head, [&](auto& out) {
    out.outcome = api::AcquireOutcome::WAITING;
    out.__set_waiters_ahead(waiters_ahead);
  });
}

std::string sequencer_got(const Seen& to, const ReplyHead& head, const LockGrant& grant) {
  return reply<api::LockService_get_sequencer_result>(
      to, head, [&](auto& out) { out.grant = wire_grant(grant); });
}

std::string watch_set(const Seen& to, const ReplyHead& head, Zxid active_from) {
  return reply<api::LockService_watch_result>(
      to, head, [&](auto& out) { out.active_from_zxid = i64(active_from.value); });
}

std::string got(const Seen& to, const ReplyHead& head, const std::string& contents) {
  return got(to, head, contents, Zxid());
}

std::string got(const Seen& to, const ReplyHead& head, const std::string& contents, Zxid modified) {
  return reply<api::LockService_get_result>(to, head, [&](auto& out) {
    out.contents = contents;
    out.stat.modified_zxid = i64(modified.value);
  });
}

std::string checked(const Seen& to, const ReplyHead& head, SequencerState state) {
  return reply<api::LockService_check_sequencers_result>(to, head, [&](auto& out) {
    out.states.push_back(static_cast<api::SequencerState::type>(state));
  });
}

std::string done(const Seen& to, const ReplyHead& head) {
  // Without a header of its own a result of another type of the same shape: field 0, field 1.
  return reply<api::LockService_release_result>(to, head, [](auto&) {});
}

std::string failed(const Seen& to, const ReplyHead& head, const Error& error) {
  api::LockService_release_result result;
  result.error.header = wire_head(head);
  result.error.code = static_cast<api::ErrorCode::type>(error.code);
  result.error.message = error.message;
  result.error.retryable = error.retryable;
  result.error.outcome_pending = error.outcome_pending;
  if (!error.leader.empty()) result.error.__set_leader(error.leader);
  result.__isset.error = true;
  return message(to, result);
}

}  // namespace holdfast::client::test
