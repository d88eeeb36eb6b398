#include <memory>
#include <utility>

#include "client/wire.h"
#include "client/wire_values.h"
#include "thrift/gen/LockService.h"
#include "thrift/message.h"

namespace holdfast::client::wire {
namespace {

// ---- one function a method: what its reply says
// ---------------------------------------------------

SessionOpened plain(const api::OpenSessionReply& in) {
  return {.session = SessionId(to_u64(in.session_id)),
          .lease_ms = in.lease_ms,
          .cell_name = in.cell_name,
          .cell_id = in.cell_id};
}
SessionResumed plain(const api::ResumeSessionReply& in) {
  return {.lease_ms = in.lease_ms};
}
SessionClosed plain(const api::CloseSessionReply&) {
  return {};
}

KeptAlive plain(const api::KeepAliveReply& in) {
  KeptAlive out{.delivered_through = from_api(in.delivered_through), .more = in.more};
  for (const api::Event& event : in.events) {
    if (is_known(event.kind)) out.events.push_back(from_api(event));
  }
  return out;
}

Acquired plain(const api::AcquireReply& in) {
  Acquired out{.waiters_ahead = to_count(in.waiters_ahead)};
  if (in.outcome == api::AcquireOutcome::GRANTED) out.grant = from_api(in.grant);
  return out;
}
Cancelled plain(const api::CancelReply&) {
  return {};
}
LockReleased plain(const api::ReleaseReply&) {
  return {};
}
SequencerGot plain(const api::GetSequencerReply& in) {
  return {.grant = from_api(in.grant)};
}
WatchSet plain(const api::WatchReply& in) {
  return {.active_from = to_zxid(in.active_from_zxid)};
}
Unwatched plain(const api::UnwatchReply&) {
  return {};
}

Created plain(const api::CreateReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .path = in.path, .stat = from_api(in.stat)};
}

Contents plain(const api::GetReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .contents = in.contents, .stat = from_api(in.stat)};
}

Existence plain(const api::ExistsReply& in) {
  Existence out{.zxid = to_zxid(in.header.zxid)};
  if (in.__isset.stat) out.stat = from_api(in.stat);
  return out;
}

Children plain(const api::ListChildrenReply& in) {
  Children out{.zxid = to_zxid(in.header.zxid), .more = in.more, .stat = from_api(in.stat)};
  for (const api::Child& child : in.children) {
    out.children.push_back({.name = child.name});
    if (child.__isset.stat) out.children.back().stat = from_api(child.stat);
  }
  return out;
}

Written plain(const api::SetContentsReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .stat = from_api(in.stat)};
}
Removed plain(const api::RemoveReply& in) {
  return {.zxid = to_zxid(in.header.zxid)};
}

MultiDone plain(const api::MultiReply& in) {
  MultiDone out{.zxid = to_zxid(in.header.zxid)};
  for (const api::OpResult& result : in.results) {
    out.results.push_back({.path = result.path});
    if (result.__isset.stat) out.results.back().stat = from_api(result.stat);
  }
  return out;
}

Synced plain(const api::SyncReply& in) {
  return {.zxid = to_zxid(in.header.zxid)};
}

LockInfoReply plain(const api::LockInfoReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .lock = from_api(in.info)};
}

LockPage plain(const api::ListLocksReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .locks = from_api(in.locks), .more = in.more};
}

LockBroken plain(const api::BreakLockReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .broken = from_api(in.broken), .delay_ms = in.delay_ms};
}

SessionPage plain(const api::ListSessionsReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .sessions = from_api(in.sessions), .more = in.more};
}

SessionKilled plain(const api::KillSessionReply& in) {
  return {.zxid = to_zxid(in.header.zxid), .killed = in.killed};
}

SequencerStates plain(const api::CheckSequencersReply& in) {
  SequencerStates out{.zxid = to_zxid(in.header.zxid)};
  for (const auto state : in.states) out.states.push_back(static_cast<SequencerState>(state));
  return out;
}

CellStatus plain(const api::CellStatusReply& in) {
  return {.zxid = to_zxid(in.header.zxid),
          .cell_name = in.cell_name,
          .cell_id = in.cell_id,
          .replica = from_api(in.replica),
          .members = from_api(in.members),
          .state = from_api(in.state),
          .limits = from_api(in.limits),
          .version = in.version,
          .state_machine_version = in.state_machine_version};
}

// ---- the message
// ---------------------------------------------------------------------------------

template <typename ApiResult>
Result<Answer> decode(std::string_view message) {
  const Result<std::unique_ptr<ApiResult>> decoded =
      decode_message_body<ApiResult>(message, kReplyLimits);
  if (!decoded.ok()) return decoded.status();
  const ApiResult& result = **decoded;
  if (result.__isset.error) {
    return Answer{.facts = from_api(result.error.header), .body = from_api(result.error)};
  }
  if (!result.__isset.success) {
    return Status(StatusCode::kInvalid, "A reply has neither a result nor an error.");
  }
  return Answer{.facts = from_api(result.success.header), .body = Reply(plain(result.success))};
}

using Decoder = Result<Answer> (*)(std::string_view);
// In the order of Request.
constexpr Decoder kDecoders[] = {
    decode<api::LockService_open_session_result>,  decode<api::LockService_resume_session_result>,
    decode<api::LockService_close_session_result>, decode<api::LockService_keep_alive_result>,
    decode<api::LockService_acquire_result>,       decode<api::LockService_cancel_result>,
    decode<api::LockService_release_result>,       decode<api::LockService_get_sequencer_result>,
    decode<api::LockService_watch_result>,         decode<api::LockService_unwatch_result>,
    decode<api::LockService_create_result>,        decode<api::LockService_get_result>,
    decode<api::LockService_exists_result>,        decode<api::LockService_list_children_result>,
    decode<api::LockService_set_contents_result>,  decode<api::LockService_remove_result>,
    decode<api::LockService_multi_result>,         decode<api::LockService_sync_result>,
    decode<api::LockService_lock_info_result>,     decode<api::LockService_list_locks_result>,
    decode<api::LockService_break_lock_result>,    decode<api::LockService_list_sessions_result>,
    decode<api::LockService_kill_session_result>,  decode<api::LockService_check_sequencers_result>,
    decode<api::LockService_cell_status_result>,
};
static_assert(std::size(kDecoders) == std::variant_size_v<Request>);

}  // namespace

Result<std::int32_t> decode_sequence_id(std::string_view message) {
  const Result<MessageHead> head = decode_message_head(message, kReplyLimits);
  if (!head.ok()) return head.status();
  if (head->type != apache::thrift::protocol::T_REPLY) {
    return Status(StatusCode::kInvalid,
                  "The server sent a message that is no reply (" + head->method + ").");
  }
  return head->sequence_id;
}

Result<Answer> decode_answer(Method method, std::string_view message) {
  HOLDFAST_CHECK(method < std::size(kDecoders), "there is no method " + std::to_string(method));
  Result<Answer> answer = kDecoders[method](message);
  if (!answer.ok()) return answer;
  const auto* reply = std::get_if<Reply>(&answer->body);
  if (reply != nullptr && reply->index() != method) {
    return Status(StatusCode::kInvalid, "A reply is of another method than its request.");
  }
  return answer;
}

}  // namespace holdfast::client::wire
