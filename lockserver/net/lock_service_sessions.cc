#include <algorithm>
#include <limits>
#include <utility>

#include "lockserver/net/lock_service.h"
#include "lockserver/net/lock_service_calls.h"

namespace holdfast::net {
namespace {

constexpr std::size_t kSessionsPageMax = 1000;

// Events up to here are gone: after every event of the last entry that the history lacks.
api::Event events_lost(Zxid history_begins_after) {
  api::Event event;
  event.name.zxid = to_i64(history_begins_after);
  event.name.index = std::numeric_limits<std::int32_t>::max();
  event.kind = api::EventKind::EVENTS_LOST;
  event.path = "/";
  return event;
}

}  // namespace

void LockService::open_session(Lane lane, const api::OpenSessionRequest& request,
                               Respond<api::OpenSessionReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  Parsed<state::OpenSession> op = parse_open(request);
  if (const auto* error = std::get_if<state::Error>(&op)) return respond_error(respond, *error);
  replica_.open_session(
      lane, std::get<replica::Terms>(terms), std::get<state::OpenSession>(std::move(op)),
      [this, respond = std::move(respond)](const replica::WriteAnswer& answer) {
        if (const auto* refused = std::get_if<replica::Refusal>(&answer.outcome)) {
          return respond(refusal(*refused, answer.facts));
        }
        const state::Reply& reply = std::get<replica::Applied>(answer.outcome).reply;
        if (const auto* failed = std::get_if<state::Error>(&reply)) {
          return respond(error(*failed, answer.facts));
        }
        const auto& opened = std::get<state::SessionOpened>(reply);
        api::OpenSessionReply out;
        out.header = header(answer.facts);
        out.header.lease_ms = opened.lease_ms;
        out.session_id = to_i64(opened.session.value);
        out.lease_ms = opened.lease_ms;
        out.cell_name = options_.cell.name;
        out.cell_id = options_.cell.id;
        out.previous_closed = opened.previous_closed;
        respond(std::move(out));
      });
}

void LockService::resume_session(Lane lane, const api::ResumeSessionRequest& request,
                                 Respond<api::ResumeSessionReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  Parsed<state::SecretHash> secret = parse_secret(request.secret);
  if (const auto* error = std::get_if<state::Error>(&secret)) return respond_error(respond, *error);
  replica_.resume_session(lane, std::get<replica::Terms>(terms),
                          std::get<state::SecretHash>(secret),
                          [this, respond = std::move(respond)](const replica::ReadAnswer& answer) {
                            if (answer.refusal)
                              return respond(refusal(*answer.refusal, answer.facts));
                            api::ResumeSessionReply out;
                            out.header = header(answer.facts);
                            out.lease_ms = answer.facts.lease_ms;
                            out.cell_name = options_.cell.name;
                            out.cell_id = options_.cell.id;
                            respond(std::move(out));
                          });
}

void LockService::close_session(Lane lane, const api::CloseSessionRequest& request,
                                Respond<api::CloseSessionReply> respond) {
  write<api::CloseSessionReply>(lane, request.header, state::Op(state::CloseSession{}), 0,
                                std::move(respond),
                                [](const state::Reply& reply, api::CloseSessionReply& out) {
                                  out.header.lease_ms = 0;
                                  return std::holds_alternative<state::Done>(reply);
                                });
}

void LockService::keep_alive(Lane lane, const api::KeepAliveRequest& request,
                             Respond<api::KeepAliveReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  if (request.max_wait_ms < 0) {
    return respond_error(
        respond, make_error(state::ErrorCode::kBadArgument, "max_wait_ms must not be negative"));
  }
  replica_.keep_alive(
      lane, std::get<replica::Terms>(terms),
      {.acknowledged = parse_event_name(request.acknowledged), .max_wait_ms = request.max_wait_ms},
      [this, respond = std::move(respond)](const replica::KeepAliveAnswer& answer) {
        if (answer.refusal) return respond(refusal(*answer.refusal, answer.facts));
        api::KeepAliveReply out;
        out.header = header(answer.facts);
        if (answer.events_lost) {
          out.events.push_back(events_lost(replica_.state().history_begins_after()));
        }
        for (const state::Event& event : answer.events) {
          out.events.push_back(to_wire(event));
        }
        out.delivered_through = to_wire(answer.delivered_through);
        out.more = answer.more;
        respond(std::move(out));
      });
}

void LockService::list_sessions(Lane lane, const api::ListSessionsRequest& request,
                                Respond<api::ListSessionsReply> respond) {
  const std::size_t limit =
      request.limit <= 0 ? kSessionsPageMax
                         : std::min(static_cast<std::size_t>(request.limit), kSessionsPageMax);
  const SessionId after(to_u64(request.after_session_id));
  read<api::ListSessionsReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [limit, after](const state::StateMachine& state,
                     api::ListSessionsReply& out) -> std::optional<state::Error> {
        const std::vector<state::SessionInfo> found = state.sessions(after, limit + 1);
        out.more = found.size() > limit;
        for (std::size_t i = 0; i < found.size() && i < limit; ++i) {
          out.sessions.push_back(to_wire(found[i]));
        }
        return std::nullopt;
      });
}

void LockService::kill_session(Lane lane, const api::KillSessionRequest& request,
                               Respond<api::KillSessionReply> respond) {
  log_("kill_session " + std::to_string(to_u64(request.session_id)) + " asked for by " +
       request.operator_name + (request.now ? ", now" : "") + ": " + request.reason);
  write<api::KillSessionReply>(lane, request.header, parse_kill(request), 0, std::move(respond),
                               [](const state::Reply& reply, api::KillSessionReply& out) {
                                 const auto* killed = std::get_if<state::Killed>(&reply);
                                 if (killed == nullptr) return false;
                                 out.killed = killed->killed;
                                 return true;
                               });
}

}  // namespace holdfast::net
