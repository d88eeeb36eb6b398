#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "lockserver/net/lock_service.h"
#include "lockserver/state/error_code.h"

// How the methods of LockService go through the replica. For lock_service_*.cc only.

namespace holdfast::net {

template <typename Reply>
void respond_error(const Respond<Reply>& respond, const state::Error& error) {
  respond(to_wire(error));
}

// The number of this request was used before, for one whose result is of another kind: what is
// remembered under a number is answered whatever is asked under it.
inline state::Error of_another_request(std::int64_t number) {
  return make_error(state::ErrorCode::kBadArgument,
                    "request_number " + std::to_string(to_u64(number)) +
                        " belongs to an earlier request of another kind");
}

// A command: `convert(const state::Reply&, Reply&)` fills in a reply of the kind that the command
// has; it answers false for another kind.
template <typename Reply, typename Convert>
void LockService::write(Lane lane, const api::RequestHeader& head, Parsed<state::Op> op,
                        Ticks max_hold_ms, Respond<Reply> respond, Convert convert) {
  Parsed<replica::Terms> terms = parse_terms(head, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  if (const auto* error = std::get_if<state::Error>(&op)) return respond_error(respond, *error);
  replica_.write(lane, std::get<replica::Terms>(terms), std::get<state::Op>(std::move(op)),
                 max_hold_ms,
                 [this, respond = std::move(respond), convert,
                  number = head.request_number](const replica::WriteAnswer& answer) {
                   if (const auto* refused = std::get_if<replica::Refusal>(&answer.outcome)) {
                     return respond(refusal(*refused, answer.facts));
                   }
                   const state::Reply& reply = std::get<replica::Applied>(answer.outcome).reply;
                   if (const auto* failed = std::get_if<state::Error>(&reply)) {
                     return respond(error(*failed, answer.facts));
                   }
                   Reply out;
                   out.header = header(answer.facts);
                   if (!convert(reply, out)) {
                     return respond(error(of_another_request(number), answer.facts));
                   }
                   respond(std::move(out));
                 });
}

// A question: `answering(const state::StateMachine&, Reply&)` fills in the reply, or gives the
// error.
template <typename Reply, typename Answering>
void LockService::read(Lane lane, const api::RequestHeader& head, replica::Consistency consistency,
                       Respond<Reply> respond, Answering answering) {
  Parsed<replica::Terms> terms = parse_terms(head, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  replica_.read(lane, std::get<replica::Terms>(terms), consistency,
                [this, respond = std::move(respond), answering](const replica::ReadAnswer& answer) {
                  if (answer.refusal) return respond(refusal(*answer.refusal, answer.facts));
                  Reply out;
                  out.header = header(answer.facts);
                  const std::optional<state::Error> failed = answering(*answer.state, out);
                  if (failed) return respond(error(*failed, answer.facts));
                  respond(std::move(out));
                });
}

inline replica::Consistency consistency_of(bool stale_ok) {
  return stale_ok ? replica::Consistency::kStale : replica::Consistency::kLinearizable;
}

}  // namespace holdfast::net
