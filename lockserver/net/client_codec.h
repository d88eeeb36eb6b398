#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lockserver/replica/calls.h"
#include "lockserver/state/command.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/state_machine.h"
#include "thrift/gen/lockservice_types.h"
#include "thrift/numbers.h"
#include "zab/base/status.h"

// Between the structs of thrift/lockservice.thrift and the plain values of the replica. Decides
// nothing but whether a request is well formed; a refusal is an Error with the code that the
// contract names.

namespace holdfast::net {

// A value, or the refusal of a malformed request.
template <typename T>
using Parsed = std::variant<T, state::Error>;

// The cell, as requests may name it.
struct CellNames {
  std::string name;
  std::string id;                      // 16 bytes.
  std::uint64_t sequencer_prefix = 0;  // cell_prefix(id).
};

state::Error make_error(state::ErrorCode code, std::string message);

// ------------------------------------------------------------------------------------- requests in
Parsed<replica::Terms> parse_terms(const api::RequestHeader& header, const CellNames& cell);
Parsed<std::string> parse_client_path(const std::string& path, const CellNames& cell);
Parsed<Sequencer> parse_client_sequencer(const std::string& text, const CellNames& cell);
Parsed<state::OpenSession> parse_open(const api::OpenSessionRequest& request);
Parsed<state::SecretHash> parse_secret(const std::string& secret);
Parsed<state::Op> parse_acquire(const api::AcquireRequest& request, const CellNames& cell);
Parsed<state::Op> parse_kill(const api::KillSessionRequest& request);
Parsed<state::Op> parse_break(const api::BreakLockRequest& request, const CellNames& cell);
Parsed<state::Op> parse_create(const api::CreateRequest& request, const CellNames& cell);
Parsed<state::Op> parse_remove(const api::RemoveRequest& request, const CellNames& cell);
Parsed<state::Op> parse_set(const api::SetContentsRequest& request, const CellNames& cell);
Parsed<state::Op> parse_multi(const api::MultiRequest& request, const CellNames& cell);
Parsed<replica::Watch> parse_watch(const api::WatchRequest& request, const CellNames& cell);
state::EventName parse_event_name(const api::EventName& name);

// ------------------------------------------------------------------------------------- answers out
api::EventName to_wire(state::EventName name);
api::ReplyHeader to_wire(const replica::Facts& facts, ServerId replica);
api::Stat to_wire(const state::Stat& stat);
api::LockParty to_wire(const state::LockParty& party);
api::LockGrant to_wire(const Sequencer& sequencer, std::int64_t lock_delay_ms);
// `now_cluster_ms`: of the last applied stamp, for the time that a delay still lasts.
api::LockInfo to_wire(const state::LockInfo& info, std::size_t waiters_max,
                      std::int64_t now_cluster_ms);
api::SessionInfo to_wire(const state::SessionInfo& session);
api::Event to_wire(const state::Event& event);
api::LockServiceError to_wire(const state::Error& error);
api::OpResult to_wire(const state::MultiOpResult& result);

}  // namespace holdfast::net
