#include "lockserver/net/lock_service.h"

#include <utility>

#include "lockserver/net/lock_service_calls.h"
#include "zab/base/limits.h"

namespace holdfast::net {

LockService::LockService(Options options, replica::Replica& replica, Directory directory,
                         std::function<void(const std::string&)> log)
    : options_(std::move(options)),
      replica_(replica),
      directory_(std::move(directory)),
      log_(std::move(log)) {}

api::LockServiceError LockService::error(const state::Error& error,
                                         const replica::Facts& facts) const {
  api::LockServiceError out = to_wire(error);
  out.header = header(facts);
  return out;
}

api::LockServiceError LockService::refusal(const replica::Refusal& refusal,
                                           const replica::Facts& facts) const {
  api::LockServiceError out = error(refusal.error, facts);
  out.retryable = refusal.retryable;
  out.outcome_pending = refusal.outcome_pending;
  const state::ErrorCode code = refusal.error.code;
  if (code == state::ErrorCode::kNoQuorum || code == state::ErrorCode::kBehind) {
    const ServerId leader = replica_.status().core.leader;
    const std::string endpoint =
        leader.is_none() ? std::string() : directory_.client_endpoint(leader);
    if (!endpoint.empty()) out.__set_leader(endpoint);
  }
  return out;
}

void LockService::cell_status(Lane, const api::CellStatusRequest&,
                              Respond<api::CellStatusReply> respond) {
  const replica::StatusFacts facts = replica_.status();
  api::CellStatusReply out;
  out.header.zxid = to_i64(facts.core.applied);
  out.header.replica_id = to_i64(options_.self.value);
  out.cell_name = options_.cell.name;
  out.cell_id = options_.cell.id;
  out.replica = replica_status(facts);
  out.members = member_infos(facts);
  out.state = state_status();
  out.limits = limit_infos(facts);
  out.version = options_.version;
  out.state_machine_version = static_cast<std::int32_t>(state::kStateMachineVersion);
  respond(std::move(out));
}

api::ReplicaStatus LockService::replica_status(const replica::StatusFacts& facts) const {
  api::ReplicaStatus out;
  out.replica_id = to_i64(options_.self.value);
  out.serving = facts.core.serving;
  switch (facts.core.role) {
    case zab::Role::kLooking:
      out.role = api::ReplicaRole::LOOKING;
      break;
    case zab::Role::kFollowing:
      out.role = api::ReplicaRole::FOLLOWER;
      break;
    case zab::Role::kObserving:
      out.role = api::ReplicaRole::OBSERVER;
      break;
    case zab::Role::kLeading:
      out.role = api::ReplicaRole::LEADER;
      break;
  }
  if (facts.core.role != zab::Role::kLooking && !facts.core.serving) {
    out.role = api::ReplicaRole::SYNCHRONIZING;
  }
  out.leader_id = to_i64(facts.core.leader.value);
  if (!facts.core.leader.is_none()) {
    out.leader_endpoint = directory_.client_endpoint(facts.core.leader);
  }
  out.current_epoch = facts.core.current.value;
  out.accepted_epoch = facts.core.accepted.value;
  out.last_logged_zxid = to_i64(facts.core.last);
  out.durable_zxid = to_i64(facts.core.durable);
  out.committed_zxid = to_i64(facts.core.committed);
  out.applied_zxid = to_i64(facts.core.applied);
  out.image_zxid = to_i64(facts.image_zxid);
  out.log_start_zxid = to_i64(facts.core.base);
  out.uptime_ms = facts.uptime_ms;
  out.connections = static_cast<std::int32_t>(facts.lanes);
  out.local_sessions = static_cast<std::int32_t>(facts.local_sessions);
  out.held_calls = static_cast<std::int32_t>(facts.held_calls);
  out.watches = static_cast<std::int32_t>(facts.watches);
  out.has_space = facts.has_space;
  return out;
}

std::vector<api::MemberInfo> LockService::member_infos(const replica::StatusFacts& facts) const {
  std::vector<api::MemberInfo> out;
  for (const Member& member : options_.members) {
    api::MemberInfo& info = out.emplace_back();
    info.replica_id = to_i64(member.id.value);
    info.voter = member.voter;
    info.peer_endpoint = member.peer_endpoint;
    info.client_endpoint = directory_.client_endpoint(member.id);
    info.connected = member.id == options_.self || directory_.is_connected(member.id);
    if (facts.core.role != zab::Role::kLeading) continue;
    if (member.id == options_.self) info.durable_zxid = to_i64(facts.core.durable);
    for (const zab::CoreView::Learner& learner : facts.core.learners) {
      if (learner.id == member.id) info.durable_zxid = to_i64(learner.match);
    }
  }
  return out;
}

api::StateStatus LockService::state_status() const {
  const state::StateMachine& state = replica_.state();
  api::StateStatus out;
  out.sessions = static_cast<std::int32_t>(state.session_count());
  out.nodes = static_cast<std::int32_t>(state.node_count());
  out.locks = static_cast<std::int32_t>(state.lock_count());
  out.bytes = to_i64(state.state_bytes());
  out.cluster_ms = state.last_stamp().cluster_ms;
  out.wall_ms = state.last_stamp().wall_ms;
  return out;
}

std::vector<api::LimitInfo> LockService::limit_infos(const replica::StatusFacts& facts) const {
  std::vector<api::LimitInfo> out;
  const auto add = [&out](const char* name, std::uint64_t limit, std::int64_t used) {
    api::LimitInfo& info = out.emplace_back();
    info.name = name;
    info.limit = to_i64(limit);
    info.used = used;
  };
  const state::StateMachine& state = replica_.state();
  add("state_bytes_max", limits::kStateBytesMax, to_i64(state.state_bytes()));
  add("sessions_max", limits::kSessionsMax, to_i64(state.session_count()));
  add("client_connections_max", limits::kClientConnectionsMax, to_i64(facts.lanes));
  add("content_bytes_max", limits::kContentBytesMax, -1);
  add("path_bytes_max", limits::kPathBytesMax, -1);
  add("component_bytes_max", limits::kComponentBytesMax, -1);
  add("multi_ops_max", limits::kMultiOpsMax, -1);
  add("multi_bytes_max", limits::kMultiBytesMax, -1);
  add("results_per_session_max", limits::kResultsPerSessionMax, -1);
  add("ephemerals_per_session_max", limits::kEphemeralsPerSessionMax, -1);
  add("locks_per_session_max", limits::kLocksPerSessionMax, -1);
  add("watches_per_session_max", limits::kWatchesPerSessionMax, -1);
  add("waiters_per_lock_max", limits::kWaitersPerLockMax, -1);
  return out;
}

}  // namespace holdfast::net
