#include "lockserver/replica/refusals.h"

#include "thrift/encoding.h"
#include "thrift/gen/peer_types.h"

namespace holdfast::replica {

namespace {

using state::ErrorCode;

enum class Retry { kHelps, kDoesNot };

Refusal refusal(ErrorCode code, std::string message, Retry retry) {
  Refusal out;
  out.error.code = code;
  out.error.message = std::move(message);
  out.retryable = retry == Retry::kHelps;
  return out;
}

Refusal with_limit(Refusal out, const LimitReached& reached) {
  out.error.limit_name = reached.name;
  out.error.limit = reached.limit;
  out.error.actual = reached.actual;
  return out;
}

std::string limit_sentence(const LimitReached& reached) {
  return "The limit " + reached.name + " of " + std::to_string(reached.limit) + " is reached.";
}

std::string session_name(SessionId session) {
  return "Session " + to_string(Zxid(session.value));
}

}  // namespace

Refusal refuse_no_quorum(std::string_view why) {
  return refusal(ErrorCode::kNoQuorum, std::string(why), Retry::kHelps);
}

Refusal refuse_no_space() {
  return refusal(ErrorCode::kNoSpace,
                 "A quorum of the cell lacks the reserve of disk space that new data needs.",
                 Retry::kHelps);
}

Refusal refuse_timeout(OutcomeIs outcome) {
  const bool open = outcome == OutcomeIs::kOpen;
  Refusal out = refusal(ErrorCode::kTimeout,
                        open ? "The time given is over; the request may have been carried out, or "
                               "may be yet."
                             : "The time given is over; nothing was changed.",
                        Retry::kHelps);
  out.outcome_pending = open;
  return out;
}

Refusal refuse_behind(Zxid last_seen, Zxid applied) {
  return refusal(ErrorCode::kBehind,
                 "This replica has applied the history through " + to_string(applied) +
                     "; the client has seen " + to_string(last_seen) + ".",
                 Retry::kHelps);
}

Refusal refuse_not_bound(SessionId session) {
  return refusal(ErrorCode::kSessionNotBound,
                 session.is_none() ? "The request needs a session."
                                   : session_name(session) + " is not bound to this connection.",
                 Retry::kDoesNot);
}

Refusal refuse_expired(SessionId session) {
  return refusal(ErrorCode::kSessionExpired, session_name(session) + " has ended.",
                 Retry::kDoesNot);
}

Refusal refuse_wrong_secret(SessionId session) {
  return refusal(ErrorCode::kWrongSecret,
                 "The secret is not that of " + session_name(session) + ".", Retry::kDoesNot);
}

Refusal refuse_bad_argument(std::string_view why) {
  return refusal(ErrorCode::kBadArgument, std::string(why), Retry::kDoesNot);
}

Refusal refuse_limit(const LimitReached& reached) {
  return with_limit(refusal(ErrorCode::kLimit, limit_sentence(reached), Retry::kDoesNot), reached);
}

Refusal refuse_full(const LimitReached& reached) {
  return with_limit(refusal(ErrorCode::kLimit, limit_sentence(reached), Retry::kHelps), reached);
}

Refusal refuse_too_large(const LimitReached& reached) {
  return with_limit(
      refusal(ErrorCode::kTooLarge,
              "The request has " + std::to_string(reached.actual) + " bytes; the limit " +
                  reached.name + " is " + std::to_string(reached.limit) + ".",
              Retry::kDoesNot),
      reached);
}

SharedBytes encode_forward_refusal(const ForwardRefusal& refusal) {
  const state::Error& error = refusal.refusal.error;
  peer::Refusal out;
  out.call = static_cast<std::int64_t>(refusal.call.value);
  out.code = static_cast<std::int32_t>(error.code);
  out.message = error.message;
  out.retryable = refusal.refusal.retryable;
  out.limit_name = error.limit_name;
  out.limit = static_cast<std::int64_t>(error.limit);
  out.actual = static_cast<std::int64_t>(error.actual);
  return SharedBytes(encode_compact(out));
}

Result<ForwardRefusal> decode_forward_refusal(std::string_view bytes) {
  Result<peer::Refusal> in = decode_compact<peer::Refusal>(bytes);
  if (!in.ok()) {
    return in.status();
  }
  ForwardRefusal out;
  out.call = CallId(static_cast<std::uint64_t>(in->call));
  out.refusal.error.code = static_cast<ErrorCode>(in->code);
  out.refusal.error.message = in->message;
  out.refusal.retryable = in->retryable;
  out.refusal.error.limit_name = in->limit_name;
  out.refusal.error.limit = static_cast<std::uint64_t>(in->limit);
  out.refusal.error.actual = static_cast<std::uint64_t>(in->actual);
  return out;
}

}  // namespace holdfast::replica
