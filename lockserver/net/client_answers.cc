#include <algorithm>
#include <utility>

#include "lockserver/net/client_codec.h"
#include "lockserver/state/error_code.h"
#include "thrift/sequencer.h"

namespace holdfast::net {
namespace {

using state::ErrorCode;

// Our numbers are the contract's.
static_assert(int(ErrorCode::kBadArgument) == int(api::ErrorCode::BAD_ARGUMENT));
static_assert(int(ErrorCode::kNoNode) == int(api::ErrorCode::NO_NODE));
static_assert(int(ErrorCode::kNodeExists) == int(api::ErrorCode::NODE_EXISTS));
static_assert(int(ErrorCode::kNotEmpty) == int(api::ErrorCode::NOT_EMPTY));
static_assert(int(ErrorCode::kBadGeneration) == int(api::ErrorCode::BAD_GENERATION));
static_assert(int(ErrorCode::kStaleInstance) == int(api::ErrorCode::STALE_INSTANCE));
static_assert(int(ErrorCode::kNoChildrenForEphemerals) ==
              int(api::ErrorCode::NO_CHILDREN_FOR_EPHEMERALS));
static_assert(int(ErrorCode::kLockHeld) == int(api::ErrorCode::LOCK_HELD));
static_assert(int(ErrorCode::kLockDelayed) == int(api::ErrorCode::LOCK_DELAYED));
static_assert(int(ErrorCode::kNotHeld) == int(api::ErrorCode::NOT_HELD));
static_assert(int(ErrorCode::kStaleSequencer) == int(api::ErrorCode::STALE_SEQUENCER));
static_assert(int(ErrorCode::kDeadlock) == int(api::ErrorCode::DEADLOCK));
static_assert(int(ErrorCode::kCancelled) == int(api::ErrorCode::CANCELLED));
static_assert(int(ErrorCode::kTimeout) == int(api::ErrorCode::TIMEOUT));
static_assert(int(ErrorCode::kSessionExpired) == int(api::ErrorCode::SESSION_EXPIRED));
static_assert(int(ErrorCode::kWrongSecret) == int(api::ErrorCode::WRONG_SECRET));
static_assert(int(ErrorCode::kSessionNotBound) == int(api::ErrorCode::SESSION_NOT_BOUND));
static_assert(int(ErrorCode::kNoQuorum) == int(api::ErrorCode::NO_QUORUM));
static_assert(int(ErrorCode::kBehind) == int(api::ErrorCode::BEHIND));
static_assert(int(ErrorCode::kTooLarge) == int(api::ErrorCode::TOO_LARGE));
static_assert(int(ErrorCode::kLimit) == int(api::ErrorCode::LIMIT));
static_assert(int(ErrorCode::kNoSpace) == int(api::ErrorCode::NO_SPACE));
static_assert(int(ErrorCode::kWrongCell) == int(api::ErrorCode::WRONG_CELL));

api::LockMode::type mode_to_wire(LockMode mode) {
  return mode == LockMode::kShared ? api::LockMode::SHARED : api::LockMode::EXCLUSIVE;
}

api::NodeKind::type kind_to_wire(state::NodeKind kind) {
  switch (kind) {
    case state::NodeKind::kPersistent:
      return api::NodeKind::PERSISTENT;
    case state::NodeKind::kEphemeral:
      return api::NodeKind::EPHEMERAL;
    case state::NodeKind::kUntilFree:
      return api::NodeKind::UNTIL_FREE;
  }
  return api::NodeKind::PERSISTENT;
}

// As lockservice.thrift says of lists whose length clients decide.
constexpr std::size_t kPartiesMax = 100;

std::vector<api::LockParty> parties(const std::vector<state::LockParty>& from, std::size_t most) {
  std::vector<api::LockParty> out;
  out.reserve(std::min(most, from.size()));
  for (std::size_t i = 0; i < from.size() && i < most; ++i) out.push_back(to_wire(from[i]));
  return out;
}

bool is_lock_event(state::EventKind kind) {
  return kind == state::EventKind::kLockAcquired || kind == state::EventKind::kLockReleased ||
         kind == state::EventKind::kLockLost || kind == state::EventKind::kLockConflict;
}

}  // namespace

api::EventName to_wire(state::EventName name) {
  api::EventName out;
  out.zxid = to_i64(name.zxid);
  out.index = static_cast<std::int32_t>(name.index);
  return out;
}

api::ReplyHeader to_wire(const replica::Facts& facts, ServerId replica) {
  api::ReplyHeader out;
  out.zxid = to_i64(facts.zxid);
  out.events_through = to_wire(facts.events_through);
  out.lease_ms = facts.lease_ms;
  out.replica_id = to_i64(replica.value);
  return out;
}

api::Stat to_wire(const state::Stat& stat) {
  api::Stat out;
  out.instance = to_i64(stat.instance);
  out.content_generation = to_i64(stat.content_generation);
  out.child_generation = to_i64(stat.child_generation);
  out.lock_generation = to_i64(stat.lock_generation);
  out.modified_zxid = to_i64(stat.modified_zxid);
  out.created_wall_ms = stat.created_wall_ms;
  out.modified_wall_ms = stat.modified_wall_ms;
  out.content_length = static_cast<std::int32_t>(stat.contents_length);
  out.content_checksum = to_i64(stat.contents_checksum);
  out.children = static_cast<std::int32_t>(stat.children);
  out.ephemeral_session_id = to_i64(stat.ephemeral_owner.value);
  out.kind = kind_to_wire(stat.kind);
  return out;
}

api::LockParty to_wire(const state::LockParty& party) {
  api::LockParty out;
  out.session_id = to_i64(party.session.value);
  out.owner = to_i64(party.owner.value);
  out.client_name = party.client_name;
  out.host = party.host;
  out.description = party.description;
  out.mode = mode_to_wire(party.mode);
  out.zxid = to_i64(party.acquisition.is_none() ? party.asked : party.acquisition);
  out.since_wall_ms = party.since_wall_ms;
  out.lock_delay_ms = party.lock_delay_ms;
  return out;
}

api::LockGrant to_wire(const Sequencer& sequencer, std::int64_t lock_delay_ms) {
  api::LockGrant out;
  out.sequencer = format_sequencer(sequencer);
  out.generation = to_i64(sequencer.generation);
  out.acquisition = to_i64(sequencer.acquisition);
  out.instance = to_i64(sequencer.instance);
  out.mode = mode_to_wire(sequencer.mode);
  out.lock_delay_ms = lock_delay_ms;
  return out;
}

api::LockInfo to_wire(const state::LockInfo& info, std::size_t waiters_max,
                      std::int64_t now_cluster_ms) {
  api::LockInfo out;
  out.path = info.path;
  out.instance = to_i64(info.instance);
  out.state = !info.holders.empty() ? api::LockState::HELD
              : info.delayed        ? api::LockState::DELAYED
                                    : api::LockState::FREE;
  out.generation = to_i64(info.generation);
  out.holders = parties(info.holders, kPartiesMax);
  out.holder_count = static_cast<std::int32_t>(info.holders.size());
  out.waiters = parties(info.waiters, waiters_max);
  out.waiter_count = static_cast<std::int32_t>(info.waiters.size());
  if (out.state == api::LockState::DELAYED) {
    const std::int64_t gone = now_cluster_ms - info.delay_began_cluster_ms;
    out.delay_remaining_ms = std::clamp<std::int64_t>(info.delay_ms - gone, 0, info.delay_ms);
    if (info.previous_holder) out.__set_previous_holder(to_wire(*info.previous_holder));
  }
  return out;
}

api::SessionInfo to_wire(const state::SessionInfo& session) {
  api::SessionInfo out;
  out.session_id = to_i64(session.id.value);
  out.client_name = session.client_name;
  out.host = session.host;
  out.instance_name = session.instance_name;
  out.lease_ms = session.lease_ms;
  out.opened_wall_ms = session.opened_wall_ms;
  out.locks_held = static_cast<std::int32_t>(session.locks_held);
  out.locks_waited_for = static_cast<std::int32_t>(session.locks_waited_for);
  out.ephemeral_nodes = static_cast<std::int32_t>(session.ephemerals);
  out.results_kept = static_cast<std::int32_t>(session.results_kept);
  return out;
}

api::Event to_wire(const state::Event& event) {
  api::Event out;
  out.name = to_wire(event.name);
  // The numbers of the two enums are the same (event.h).
  out.kind = static_cast<api::EventKind::type>(event.kind);
  out.path = event.path;
  out.instance = to_i64(event.instance);
  if (!event.child.empty()) out.__set_child(event.child);
  if (event.kind == state::EventKind::kContentsChanged) {
    out.__set_content_generation(to_i64(event.content_generation));
  }
  if (!is_lock_event(event.kind)) return out;
  out.__set_session_id(to_i64(event.session.value));
  out.__set_owner(to_i64(event.owner.value));
  out.__set_mode(mode_to_wire(event.mode));
  if (event.kind != state::EventKind::kLockConflict) {
    out.__set_generation(to_i64(event.generation));
    out.__set_acquisition(to_i64(event.acquisition));
  }
  if (event.kind == state::EventKind::kLockLost) out.__set_reason(event.reason);
  return out;
}

api::LockServiceError to_wire(const state::Error& error) {
  api::LockServiceError out;
  out.code = static_cast<api::ErrorCode::type>(error.code);
  out.message = error.message;
  if (!error.path.empty()) out.__set_path(error.path);
  if (!error.holders.empty()) out.__set_holders(parties(error.holders, kPartiesMax));
  if (error.remaining_ms > 0) out.__set_remaining_ms(error.remaining_ms);
  if (error.previous_holder) out.__set_previous_holder(to_wire(*error.previous_holder));
  if (!error.limit_name.empty()) {
    out.__set_limit_name(error.limit_name);
    out.__set_limit(to_i64(error.limit));
  }
  if (!error.limit_name.empty() || error.code == ErrorCode::kBadGeneration ||
      error.code == ErrorCode::kStaleInstance) {
    out.__set_actual(to_i64(error.actual));
  }
  if (!error.cycle.empty()) {
    std::vector<api::WaitEdge> cycle;
    for (const state::WaitEdge& edge : error.cycle) {
      api::WaitEdge& e = cycle.emplace_back();
      e.session_id = to_i64(edge.session.value);
      e.owner = to_i64(edge.owner.value);
      e.path = edge.path;
    }
    out.__set_cycle(std::move(cycle));
  }
  return out;
}

api::OpResult to_wire(const state::MultiOpResult& result) {
  api::OpResult out;
  if (const auto* created = std::get_if<state::Created>(&result)) {
    out.__set_path(created->path);
    out.__set_stat(to_wire(created->stat));
  } else if (const auto* set = std::get_if<state::ContentsSet>(&result)) {
    out.__set_stat(to_wire(set->stat));
  } else if (const auto* checked = std::get_if<state::Checked>(&result)) {
    if (checked->stat) out.__set_stat(to_wire(*checked->stat));
  }
  return out;
}

}  // namespace holdfast::net
