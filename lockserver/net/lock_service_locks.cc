#include <algorithm>
#include <utility>

#include "lockserver/net/lock_service.h"
#include "lockserver/net/lock_service_calls.h"
#include "thrift/path.h"
#include "thrift/sequencer.h"
#include "zab/base/limits.h"

namespace holdfast::net {
namespace {

constexpr std::size_t kLocksPageMax = 1000;
constexpr std::size_t kWaitersDefault = 100;
constexpr std::size_t kWaitersMax = 1000;
constexpr Ticks kHoldMaxMs = 600'000;
// What a lock and one of its holders cost in a reply beside their texts.
constexpr std::size_t kLockBytes = 120;
constexpr std::size_t kPartyBytes = 120;

std::size_t page_of(std::int32_t asked, std::size_t normal, std::size_t most) {
  return asked <= 0 ? normal : std::min(static_cast<std::size_t>(asked), most);
}

// The lock-delay that a holder chose is not part of its sequencer.
std::int64_t delay_of(const state::StateMachine& state, const Sequencer& sequencer,
                      state::OwnerId owner, SessionId session) {
  const std::optional<state::LockInfo> info = state.lock_info(sequencer.path);
  if (!info) return 0;
  for (const state::LockParty& holder : info->holders) {
    if (holder.session == session && holder.owner == owner) return holder.lock_delay_ms;
  }
  return 0;
}

api::SequencerState::type state_of(const std::string& text, const state::StateMachine& state,
                                   std::uint64_t cell) {
  const Result<Sequencer> sequencer = parse_sequencer(text);
  if (!sequencer.ok()) return api::SequencerState::MALFORMED;
  if (sequencer->cell_prefix != cell) return api::SequencerState::OTHER_CELL;
  return state.check_sequencer(*sequencer) ? api::SequencerState::STALE
                                           : api::SequencerState::VALID;
}

std::size_t bytes_of(const api::LockParty& party) {
  return kPartyBytes + party.client_name.size() + party.host.size() + party.description.size();
}

std::size_t bytes_of(const api::LockInfo& info) {
  std::size_t bytes = kLockBytes + info.path.size();
  for (const api::LockParty& holder : info.holders) bytes += bytes_of(holder);
  if (info.__isset.previous_holder) bytes += bytes_of(info.previous_holder);
  return bytes;
}

bool concerns(const state::LockInfo& info, SessionId session) {
  const auto of_session = [session](const state::LockParty& p) { return p.session == session; };
  return std::any_of(info.holders.begin(), info.holders.end(), of_session) ||
         std::any_of(info.waiters.begin(), info.waiters.end(), of_session);
}

struct LockPage {
  std::string prefix;
  std::string after;
  std::size_t limit = 0;
  SessionId only;  // None: of all sessions.
};

void fill_page(const state::StateMachine& state, const LockPage& page, api::ListLocksReply& out) {
  std::string from = page.after;
  std::size_t bytes = 0;
  while (true) {
    const std::vector<state::LockInfo> found = state.list_locks(page.prefix, from, kLocksPageMax);
    for (const state::LockInfo& info : found) {
      from = info.path;
      if (!page.only.is_none() && !concerns(info, page.only)) continue;
      api::LockInfo lock = to_wire(info, 0, state.last_stamp().cluster_ms);
      bytes += bytes_of(lock);
      const bool is_full = out.locks.size() == page.limit ||
                           (bytes > limits::kListPageBytesMax && !out.locks.empty());
      if (is_full) {
        out.more = true;
        return;
      }
      out.locks.push_back(std::move(lock));
    }
    if (found.size() < kLocksPageMax) return;
  }
}

}  // namespace

Ticks LockService::hold_of(SessionId session, const api::AcquireRequest& request) const {
  if (request.__isset.max_hold_ms && request.max_hold_ms > 0) {
    return std::min<Ticks>(request.max_hold_ms, kHoldMaxMs);
  }
  const std::optional<state::SessionInfo> info = replica_.state().session(session);
  return (info ? info->lease_ms : limits::kLeaseDefaultMs) / 3;
}

void LockService::acquire(Lane lane, const api::AcquireRequest& request,
                          Respond<api::AcquireReply> respond) {
  const SessionId session(to_u64(request.header.session_id));
  write<api::AcquireReply>(lane, request.header, parse_acquire(request, options_.cell),
                           hold_of(session, request), std::move(respond),
                           [](const state::Reply& reply, api::AcquireReply& out) {
                             if (const auto* granted = std::get_if<state::Granted>(&reply)) {
                               out.outcome = api::AcquireOutcome::GRANTED;
                               out.__set_grant(to_wire(granted->sequencer, granted->lock_delay_ms));
                               return true;
                             }
                             const auto* waiting = std::get_if<state::Waiting>(&reply);
                             if (waiting == nullptr) return false;
                             out.outcome = api::AcquireOutcome::WAITING;
                             out.__set_waiters_ahead(static_cast<std::int32_t>(waiting->ahead));
                             return true;
                           });
}

void LockService::cancel(Lane lane, const api::CancelRequest& request,
                         Respond<api::CancelReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  state::CancelWait op{.path = std::get<std::string>(std::move(path)),
                       .owner = state::OwnerId(to_u64(request.owner))};
  write<api::CancelReply>(lane, request.header, state::Op(std::move(op)), 0, std::move(respond),
                          [](const state::Reply& reply, api::CancelReply& out) {
                            if (const auto* granted = std::get_if<state::Granted>(&reply)) {
                              out.outcome = api::CancelOutcome::GRANTED;
                              out.__set_grant(to_wire(granted->sequencer, granted->lock_delay_ms));
                              return true;
                            }
                            out.outcome = api::CancelOutcome::CANCELLED;
                            return std::holds_alternative<state::WaitCancelled>(reply);
                          });
}

void LockService::release(Lane lane, const api::ReleaseRequest& request,
                          Respond<api::ReleaseReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  state::Release op{.path = std::get<std::string>(std::move(path)),
                    .owner = state::OwnerId(to_u64(request.owner))};
  write<api::ReleaseReply>(lane, request.header, state::Op(std::move(op)), 0, std::move(respond),
                           [](const state::Reply& reply, api::ReleaseReply&) {
                             return std::holds_alternative<state::Done>(reply);
                           });
}

void LockService::get_sequencer(Lane lane, const api::GetSequencerRequest& request,
                                Respond<api::GetSequencerReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  const SessionId session(to_u64(request.header.session_id));
  const state::OwnerId owner(to_u64(request.owner));
  read<api::GetSequencerReply>(
      lane, request.header, replica::Consistency::kLinearizable, std::move(respond),
      [path = std::get<std::string>(path), session, owner](
          const state::StateMachine& state,
          api::GetSequencerReply& out) -> std::optional<state::Error> {
        const std::optional<Sequencer> held = state.sequencer_of(session, owner, path);
        if (!held) {
          state::Error error =
              make_error(state::ErrorCode::kNotHeld, "this session does not hold the lock " + path +
                                                         " under owner " + to_string(owner));
          error.path = path;
          return error;
        }
        out.grant = to_wire(*held, delay_of(state, *held, owner, session));
        return std::nullopt;
      });
}

void LockService::check_sequencers(Lane lane, const api::CheckSequencersRequest& request,
                                   Respond<api::CheckSequencersReply> respond) {
  if (request.sequencers.size() > limits::kSequencersPerCheckMax) {
    state::Error error = make_error(state::ErrorCode::kLimit,
                                    "at most " + std::to_string(limits::kSequencersPerCheckMax) +
                                        " sequencers can be checked in one call");
    error.limit_name = "sequencers_per_check_max";
    error.limit = limits::kSequencersPerCheckMax;
    error.actual = request.sequencers.size();
    return respond_error(respond, error);
  }
  read<api::CheckSequencersReply>(
      lane, request.header, replica::Consistency::kLinearizable, std::move(respond),
      [sequencers = request.sequencers, cell = options_.cell.sequencer_prefix](
          const state::StateMachine& state,
          api::CheckSequencersReply& out) -> std::optional<state::Error> {
        for (const std::string& text : sequencers)
          out.states.push_back(state_of(text, state, cell));
        return std::nullopt;
      });
}

void LockService::lock_info(Lane lane, const api::LockInfoRequest& request,
                            Respond<api::LockInfoReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  const std::size_t waiters = page_of(request.waiters_limit, kWaitersDefault, kWaitersMax);
  read<api::LockInfoReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [path = std::get<std::string>(path), waiters](
          const state::StateMachine& state,
          api::LockInfoReply& out) -> std::optional<state::Error> {
        const std::optional<state::LockInfo> info = state.lock_info(path);
        if (info) {
          out.info = to_wire(*info, waiters, state.last_stamp().cluster_ms);
          return std::nullopt;
        }
        const std::optional<state::StateMachine::Node> node = state.get(path);
        if (!node) {
          state::Error error = make_error(state::ErrorCode::kNoNode, "there is no node " + path);
          error.path = path;
          return error;
        }
        out.info.path = path;
        out.info.instance = to_i64(node->stat.instance);
        out.info.state = api::LockState::FREE;
        return std::nullopt;
      });
}

void LockService::list_locks(Lane lane, const api::ListLocksRequest& request,
                             Respond<api::ListLocksReply> respond) {
  Parsed<std::string> prefix = parse_client_path(request.prefix, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&prefix)) return respond_error(respond, *error);
  LockPage page{.prefix = std::get<std::string>(std::move(prefix)),
                .after = request.after,
                .limit = page_of(request.limit, kLocksPageMax, kLocksPageMax),
                .only = SessionId(to_u64(request.only_session_id))};
  read<api::ListLocksReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [page = std::move(page)](const state::StateMachine& state,
                               api::ListLocksReply& out) -> std::optional<state::Error> {
        fill_page(state, page, out);
        return std::nullopt;
      });
}

void LockService::break_lock(Lane lane, const api::BreakLockRequest& request,
                             Respond<api::BreakLockReply> respond) {
  log_("break_lock " + request.path.substr(0, limits::kPathBytesMax) + " asked for by " +
       request.operator_name + (request.now ? ", now" : "") + ": " + request.reason);
  write<api::BreakLockReply>(lane, request.header, parse_break(request, options_.cell), 0,
                             std::move(respond),
                             [](const state::Reply& reply, api::BreakLockReply& out) {
                               const auto* broken = std::get_if<state::Broken>(&reply);
                               if (broken == nullptr) return false;
                               for (const state::LockParty& party : broken->broken) {
                                 out.broken.push_back(to_wire(party));
                               }
                               out.delay_ms = broken->delay_ms;
                               return true;
                             });
}

}  // namespace holdfast::net
