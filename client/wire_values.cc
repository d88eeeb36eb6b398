#include "client/wire_values.h"

#include <limits>

namespace holdfast::client::wire {

api::EventName to_api(const EventName& name) {
  api::EventName out;
  out.zxid = to_i64(name.zxid.value);
  out.index = static_cast<std::int32_t>(name.index);
  return out;
}

EventName from_api(const api::EventName& name) {
  return {.zxid = to_zxid(name.zxid), .index = static_cast<std::uint32_t>(name.index)};
}

Stat from_api(const api::Stat& stat) {
  return {.instance = to_zxid(stat.instance),
          .content_generation = to_u64(stat.content_generation),
          .child_generation = to_u64(stat.child_generation),
          .lock_generation = to_zxid(stat.lock_generation),
          .modified = to_zxid(stat.modified_zxid),
          .created_wall_ms = stat.created_wall_ms,
          .modified_wall_ms = stat.modified_wall_ms,
          .content_length = to_count(stat.content_length),
          .content_checksum = to_u64(stat.content_checksum),
          .children = to_count(stat.children),
          .ephemeral_owner = SessionId(to_u64(stat.ephemeral_session_id)),
          .kind = static_cast<NodeKind>(stat.kind)};
}

LockGrant from_api(const api::LockGrant& grant) {
  return {.sequencer = grant.sequencer,
          .generation = to_zxid(grant.generation),
          .acquisition = to_zxid(grant.acquisition),
          .instance = to_zxid(grant.instance),
          .mode = static_cast<LockMode>(grant.mode),
          .lock_delay_ms = grant.lock_delay_ms};
}

LockParty from_api(const api::LockParty& party) {
  return {.session = SessionId(to_u64(party.session_id)),
          .owner = OwnerId(to_u64(party.owner)),
          .client_name = party.client_name,
          .host = party.host,
          .description = party.description,
          .mode = static_cast<LockMode>(party.mode),
          .zxid = to_zxid(party.zxid),
          .since_wall_ms = party.since_wall_ms,
          .lock_delay_ms = party.lock_delay_ms};
}

LockInfo from_api(const api::LockInfo& info) {
  LockInfo out{.path = info.path,
               .instance = to_zxid(info.instance),
               .state = static_cast<LockState>(info.state),
               .generation = to_zxid(info.generation),
               .holders = from_api(info.holders),
               .waiters = from_api(info.waiters),
               .holder_count = to_count(info.holder_count),
               .waiter_count = to_count(info.waiter_count),
               .delay_remaining_ms = info.delay_remaining_ms};
  if (info.__isset.previous_holder) out.previous_holder = from_api(info.previous_holder);
  return out;
}

WaitEdge from_api(const api::WaitEdge& edge) {
  return {.session = SessionId(to_u64(edge.session_id)),
          .owner = OwnerId(to_u64(edge.owner)),
          .path = edge.path};
}

SessionInfo from_api(const api::SessionInfo& info) {
  return {.id = SessionId(to_u64(info.session_id)),
          .client_name = info.client_name,
          .host = info.host,
          .instance_name = info.instance_name,
          .lease_ms = info.lease_ms,
          .opened_wall_ms = info.opened_wall_ms,
          .locks_held = to_count(info.locks_held),
          .locks_waited_for = to_count(info.locks_waited_for),
          .ephemeral_nodes = to_count(info.ephemeral_nodes),
          .results_kept = to_count(info.results_kept)};
}

Event from_api(const api::Event& event) {
  Event out{.name = from_api(event.name),
            .kind = static_cast<EventKind>(event.kind),
            .path = event.path,
            .instance = to_zxid(event.instance),
            .child = event.child,
            .session = SessionId(to_u64(event.session_id)),
            .owner = OwnerId(to_u64(event.owner)),
            .generation = to_zxid(event.generation),
            .acquisition = to_zxid(event.acquisition),
            .content_generation = to_u64(event.content_generation),
            .reason = event.reason};
  if (event.__isset.mode) out.mode = static_cast<LockMode>(event.mode);
  return out;
}

bool is_known(api::EventKind::type kind) {
  switch (kind) {
    case api::EventKind::CONTENTS_CHANGED:
    case api::EventKind::CHILD_ADDED:
    case api::EventKind::CHILD_REMOVED:
    case api::EventKind::NODE_DELETED:
    case api::EventKind::NODE_CREATED:
    case api::EventKind::LOCK_ACQUIRED:
    case api::EventKind::LOCK_RELEASED:
    case api::EventKind::LOCK_LOST:
    case api::EventKind::LOCK_CONFLICT:
    case api::EventKind::LEADER_CHANGED:
    case api::EventKind::EVENTS_LOST:
      return true;
  }
  return false;
}

MemberInfo from_api(const api::MemberInfo& member) {
  return {.id = ServerId(to_u64(member.replica_id)),
          .voter = member.voter,
          .peer_endpoint = member.peer_endpoint,
          .client_endpoint = member.client_endpoint,
          .connected = member.connected,
          .durable = to_zxid(member.durable_zxid)};
}

LimitInfo from_api(const api::LimitInfo& limit) {
  return {.name = limit.name, .limit = limit.limit, .used = limit.used};
}

ReplicaStatus from_api(const api::ReplicaStatus& status) {
  return {.id = ServerId(to_u64(status.replica_id)),
          .role = static_cast<ReplicaRole>(status.role),
          .serving = status.serving,
          .leader = ServerId(to_u64(status.leader_id)),
          .leader_endpoint = status.leader_endpoint,
          .current_epoch = Epoch(static_cast<std::uint32_t>(status.current_epoch)),
          .accepted_epoch = Epoch(static_cast<std::uint32_t>(status.accepted_epoch)),
          .last_logged = to_zxid(status.last_logged_zxid),
          .durable = to_zxid(status.durable_zxid),
          .committed = to_zxid(status.committed_zxid),
          .applied = to_zxid(status.applied_zxid),
          .image = to_zxid(status.image_zxid),
          .log_start = to_zxid(status.log_start_zxid),
          .uptime_ms = status.uptime_ms,
          .connections = to_count(status.connections),
          .local_sessions = to_count(status.local_sessions),
          .held_calls = to_count(status.held_calls),
          .watches = to_count(status.watches),
          .has_space = status.has_space};
}

StateStatus from_api(const api::StateStatus& status) {
  return {.sessions = to_count(status.sessions),
          .nodes = to_count(status.nodes),
          .locks = to_count(status.locks),
          .bytes = to_u64(status.bytes),
          .cluster_ms = status.cluster_ms,
          .wall_ms = status.wall_ms};
}

Facts from_api(const api::ReplyHeader& header) {
  return {.zxid = to_zxid(header.zxid),
          .events_through = from_api(header.events_through),
          .lease_ms = header.lease_ms};
}

Error from_api(const api::LockServiceError& error) {
  Error out{.code = static_cast<ErrorCode>(error.code),
            .message = error.message,
            .retryable = error.retryable,
            .outcome_pending = error.outcome_pending,
            .path = error.path,
            .holders = from_api(error.holders),
            .limit_name = error.limit_name,
            .leader = error.leader,
            .cycle = from_api(error.cycle),
            .zxid = to_zxid(error.header.zxid)};
  if (error.__isset.remaining_ms) out.remaining_ms = error.remaining_ms;
  if (error.__isset.previous_holder) out.previous_holder = from_api(error.previous_holder);
  if (error.__isset.limit) out.limit = error.limit;
  if (error.__isset.actual) out.actual = to_u64(error.actual);
  if (error.__isset.op_index) out.op_index = error.op_index;
  return out;
}

}  // namespace holdfast::client::wire
