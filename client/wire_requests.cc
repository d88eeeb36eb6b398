#include <algorithm>
#include <limits>

#include "client/wire.h"
#include "client/wire_values.h"
#include "thrift/gen/LockService.h"
#include "thrift/message.h"

namespace holdfast::client::wire {
namespace {

// Limits that do not fit are as good as the greatest number: the server cuts them.
std::int32_t to_limit(std::size_t limit) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(std::min(limit, kMost));
}

template <typename Out, typename In>
void set_conditions(Out& out, const In& in) {
  if (in.if_instance) out.__set_if_instance(to_i64(in.if_instance->value));
  if (in.if_content_generation) {
    out.__set_if_content_generation(to_i64(*in.if_content_generation));
  }
}

template <typename Out>
void fill_create(Out& out, const Create& in) {
  out.path = in.path;
  out.contents = in.contents;
  out.kind = static_cast<api::NodeKind::type>(in.kind);
  out.sequential = in.sequential;
  out.create_parents = in.create_parents;
}

template <typename Out>
void fill_set(Out& out, const Set& in) {
  out.path = in.path;
  out.contents = in.contents;
  set_conditions(out, in);
}

template <typename Out>
void fill_remove(Out& out, const Remove& in) {
  out.path = in.path;
  out.owner = to_i64(in.owner.value);
  set_conditions(out, in);
}

// ---- one function a method: the body of its request
// ----------------------------------------------

api::OpenSessionRequest body_of(const OpenSession& in) {
  api::OpenSessionRequest out;
  out.lease_ms = in.lease_ms;
  out.client_name = in.client_name;
  out.host = in.host;
  out.secret = in.secret;
  if (!in.instance_name.empty()) out.__set_instance_name(in.instance_name);
  if (!in.previous_secret.empty()) {
    api::PreviousSession previous;
    previous.instance_name = in.previous_instance_name;
    previous.secret = in.previous_secret;
    out.__set_previous(previous);
  }
  return out;
}

api::ResumeSessionRequest body_of(const ResumeSession& in) {
  api::ResumeSessionRequest out;
  out.secret = in.secret;
  return out;
}

api::CloseSessionRequest body_of(const CloseSession&) {
  return {};
}

api::KeepAliveRequest body_of(const KeepAlive& in) {
  api::KeepAliveRequest out;
  out.acknowledged = to_api(in.acknowledged);
  out.max_wait_ms = in.max_wait_ms;
  return out;
}

api::AcquireRequest body_of(const Acquire& in) {
  api::AcquireRequest out;
  out.path = in.path;
  out.mode = static_cast<api::LockMode::type>(in.mode);
  out.wait_ms = in.wait_ms;
  out.lock_delay_ms = in.lock_delay_ms;
  out.owner = to_i64(in.owner.value);
  out.description = in.description;
  out.create = static_cast<api::CreateMode::type>(in.create);
  out.__set_max_hold_ms(in.max_hold_ms);
  return out;
}

template <typename Out, typename In>
Out of_owner(const In& in) {
  Out out;
  out.path = in.path;
  out.owner = to_i64(in.owner.value);
  return out;
}
api::CancelRequest body_of(const Cancel& in) {
  return of_owner<api::CancelRequest>(in);
}
api::ReleaseRequest body_of(const Release& in) {
  return of_owner<api::ReleaseRequest>(in);
}
api::GetSequencerRequest body_of(const GetSequencer& in) {
  return of_owner<api::GetSequencerRequest>(in);
}

api::WatchRequest body_of(const SetWatch& in) {
  api::WatchRequest out;
  out.watch_id = to_i64(in.watch_id);
  out.path = in.path;
  out.recursive = in.recursive;
  for (const EventKind kind : in.kinds) {
    out.kinds.insert(static_cast<api::EventKind::type>(kind));
  }
  if (in.after) out.__set_after(to_api(*in.after));
  return out;
}

api::UnwatchRequest body_of(const Unwatch& in) {
  api::UnwatchRequest out;
  out.watch_id = to_i64(in.watch_id);
  return out;
}

api::CreateRequest body_of(const Create& in) {
  api::CreateRequest out;
  fill_create(out, in);
  return out;
}

api::GetRequest body_of(const Get& in) {
  api::GetRequest out;
  out.path = in.path;
  out.stale_ok = in.stale_ok;
  return out;
}

api::ExistsRequest body_of(const Exists& in) {
  api::ExistsRequest out;
  out.path = in.path;
  out.stale_ok = in.stale_ok;
  return out;
}

api::ListChildrenRequest body_of(const List& in) {
  api::ListChildrenRequest out;
  out.path = in.path;
  out.limit = to_limit(in.limit);
  out.after = in.after;
  out.with_stats = in.with_stats;
  out.stale_ok = in.stale_ok;
  return out;
}

api::SetContentsRequest body_of(const Set& in) {
  api::SetContentsRequest out;
  fill_set(out, in);
  return out;
}

api::RemoveRequest body_of(const Remove& in) {
  api::RemoveRequest out;
  fill_remove(out, in);
  return out;
}

struct OpToApi {
  api::Op operator()(const Create& in) const {
    api::CreateOp op;
    fill_create(op, in);
    api::Op out;
    out.__set_create(op);
    return out;
  }
  api::Op operator()(const Set& in) const {
    api::SetContentsOp op;
    fill_set(op, in);
    api::Op out;
    out.__set_set_contents(op);
    return out;
  }
  api::Op operator()(const Remove& in) const {
    api::RemoveOp op;
    fill_remove(op, in);
    api::Op out;
    out.__set_remove(op);
    return out;
  }
  api::Op operator()(const CheckNode& in) const {
    api::CheckNodeOp op;
    op.path = in.path;
    set_conditions(op, in);
    api::Op out;
    out.__set_check_node(op);
    return out;
  }
  api::Op operator()(const CheckAbsent& in) const {
    api::CheckAbsentOp op;
    op.path = in.path;
    api::Op out;
    out.__set_check_absent(op);
    return out;
  }
  api::Op operator()(const CheckSequencer& in) const {
    api::CheckSequencerOp op;
    op.sequencer = in.sequencer;
    api::Op out;
    out.__set_check_sequencer(op);
    return out;
  }
};

api::MultiRequest body_of(const Multi& in) {
  api::MultiRequest out;
  for (const Multi::Op& op : in.ops()) out.ops.push_back(std::visit(OpToApi(), op));
  return out;
}

api::SyncRequest body_of(const Sync&) {
  return {};
}

api::LockInfoRequest body_of(const GetLockInfo& in) {
  api::LockInfoRequest out;
  out.path = in.path;
  out.waiters_limit = to_limit(in.waiters_limit);
  out.stale_ok = in.stale_ok;
  return out;
}

api::ListLocksRequest body_of(const ListLocks& in) {
  api::ListLocksRequest out;
  out.prefix = in.prefix;
  out.limit = to_limit(in.limit);
  out.after = in.after;
  out.only_session_id = to_i64(in.only_session.value);
  out.stale_ok = in.stale_ok;
  return out;
}

api::BreakLockRequest body_of(const BreakLock& in) {
  api::BreakLockRequest out;
  out.path = in.path;
  out.acquisition = to_i64(in.acquisition.value);
  out.reason = in.reason;
  out.operator_name = in.operator_name;
  out.now = in.now;
  return out;
}

api::ListSessionsRequest body_of(const ListSessions& in) {
  api::ListSessionsRequest out;
  out.limit = to_limit(in.limit);
  out.after_session_id = to_i64(in.after.value);
  out.stale_ok = in.stale_ok;
  return out;
}

api::KillSessionRequest body_of(const KillSession& in) {
  api::KillSessionRequest out;
  out.session_id = to_i64(in.session.value);
  out.reason = in.reason;
  out.operator_name = in.operator_name;
  out.now = in.now;
  return out;
}

api::CheckSequencersRequest body_of(const CheckSequencers& in) {
  api::CheckSequencersRequest out;
  out.sequencers = in.sequencers;
  return out;
}

api::CellStatusRequest body_of(const GetCellStatus&) {
  return {};
}

// ---- the message
// ---------------------------------------------------------------------------------

template <typename Request>
const std::string* guard_of(const Request& request) {
  if constexpr (requires { request.guard->size(); }) {
    return request.guard ? &*request.guard : nullptr;
  } else {
    return nullptr;
  }
}
const std::string* guard_of(const Multi& request) {
  return request.guard() ? &*request.guard() : nullptr;
}

api::RequestHeader to_header(const Head& head, const std::string* guard) {
  api::RequestHeader out;
  out.session_id = to_i64(head.session.value);
  out.request_number = to_i64(head.request_number);
  out.answered_below = to_i64(head.answered_below);
  out.last_seen_zxid = to_i64(head.last_seen.value);
  if (guard != nullptr) out.__set_guard(*guard);
  if (!head.cell_name.empty()) out.__set_cell_name(head.cell_name);
  if (!head.cell_id.empty()) out.__set_cell_id(head.cell_id);
  return out;
}

template <typename Arguments, typename Body>
std::string message_of(const char* method, std::int32_t sequence_id, const Body& body) {
  Arguments arguments;
  arguments.request = &body;
  return encode_message({.protocol = WireProtocol::kCompact,
                         .method = method,
                         .type = apache::thrift::protocol::T_CALL,
                         .sequence_id = sequence_id},
                        arguments);
}

#define HOLDFAST_METHOD(Plain, Generated, method)                                  \
  std::string message(const Plain&, const api::Generated& body, std::int32_t id) { \
    return message_of<api::LockService_##method##_pargs>(#method, id, body);       \
  }
HOLDFAST_METHOD(OpenSession, OpenSessionRequest, open_session)
HOLDFAST_METHOD(ResumeSession, ResumeSessionRequest, resume_session)
HOLDFAST_METHOD(CloseSession, CloseSessionRequest, close_session)
HOLDFAST_METHOD(KeepAlive, KeepAliveRequest, keep_alive)
HOLDFAST_METHOD(Acquire, AcquireRequest, acquire)
HOLDFAST_METHOD(Cancel, CancelRequest, cancel)
HOLDFAST_METHOD(Release, ReleaseRequest, release)
HOLDFAST_METHOD(GetSequencer, GetSequencerRequest, get_sequencer)
HOLDFAST_METHOD(SetWatch, WatchRequest, watch)
HOLDFAST_METHOD(Unwatch, UnwatchRequest, unwatch)
HOLDFAST_METHOD(Create, CreateRequest, create)
HOLDFAST_METHOD(Get, GetRequest, get)
HOLDFAST_METHOD(Exists, ExistsRequest, exists)
HOLDFAST_METHOD(List, ListChildrenRequest, list_children)
HOLDFAST_METHOD(Set, SetContentsRequest, set_contents)
HOLDFAST_METHOD(Remove, RemoveRequest, remove)
HOLDFAST_METHOD(Multi, MultiRequest, multi)
HOLDFAST_METHOD(Sync, SyncRequest, sync)
HOLDFAST_METHOD(GetLockInfo, LockInfoRequest, lock_info)
HOLDFAST_METHOD(ListLocks, ListLocksRequest, list_locks)
HOLDFAST_METHOD(BreakLock, BreakLockRequest, break_lock)
HOLDFAST_METHOD(ListSessions, ListSessionsRequest, list_sessions)
HOLDFAST_METHOD(KillSession, KillSessionRequest, kill_session)
HOLDFAST_METHOD(CheckSequencers, CheckSequencersRequest, check_sequencers)
HOLDFAST_METHOD(GetCellStatus, CellStatusRequest, cell_status)
#undef HOLDFAST_METHOD

}  // namespace

std::string encode_request(const Request& request, const Head& head, std::int32_t sequence_id) {
  return std::visit(
      [&](const auto& in) {
        auto body = body_of(in);
        body.header = to_header(head, guard_of(in));
        body.__isset.header = true;
        return message(in, body, sequence_id);
      },
      request);
}

}  // namespace holdfast::client::wire
