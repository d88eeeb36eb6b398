#include <algorithm>
#include <utility>

#include "client/core.h"
#include "thrift/frame.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

// The index of a request in the list of methods.
template <typename Request>
wire::Method method_of() {
  return wire::Request(Request()).index();
}

}  // namespace

bool Core::wants_link() const {
  if (closing_) return true;
  if (!with_session()) return calls_.size() > 0;
  return opening_ == Opening::kTrying || (opening_ == Opening::kDone && !is_over());
}

void Core::see_to_link() {
  if (!wants_link()) {
    const bool is_needless = with_session() || link_.phase() == Link::Phase::kPlanned;
    if (!is_needless || link_.phase() == Link::Phase::kIdle) return;
    if (link_.phase() != Link::Phase::kPlanned) put(Disconnect{link_.connection()});
    link_.reset();
    return;
  }
  if (link_.phase() == Link::Phase::kIdle) {
    const std::optional<EndpointWalk::Attempt> attempt = walk_.next(now_);
    for (std::string& endpoint : walk_.take_questions()) put(Resolve{std::move(endpoint)});
    if (!attempt) return;
    link_.plan(attempt->address, attempt->at);
  }
  switch (link_.due(now_)) {
    case Link::Due::kNothing:
      return;
    case Link::Due::kConnect:
      return begin_connect();
    case Link::Due::kPing:
      return ping();
    case Link::Due::kLeave:
      leave(link_.phase() == Link::Phase::kConnecting ? "no connection within a second"
                                                      : "no answer in time");
      return see_to_link();
  }
}

void Core::begin_connect() {
  newest_connection_ = newest_connection_.next();
  link_.begin_connect(now_, newest_connection_);
  put(Connect{newest_connection_, link_.address()});
}

void Core::on_resolved(Ticks now, const std::string& endpoint,
                       const Result<std::vector<Place>>& found) {
  begin_input(now);
  if (!found.ok()) last_failure_ = endpoint + ": " + found.status().message();
  walk_.on_found(endpoint, found);
  end_input();
}

void Core::on_connected(Ticks now, ConnectionId connection) {
  begin_input(now);
  if (connection == link_.connection() && link_.phase() == Link::Phase::kConnecting) {
    link_.on_connected(now_);
    bind();
  }
  end_input();
}

void Core::on_closed(Ticks now, ConnectionId connection, const std::string& why) {
  begin_input(now);
  const bool is_ours = connection == link_.connection() && link_.phase() != Link::Phase::kIdle &&
                       link_.phase() != Link::Phase::kPlanned;
  if (is_ours) leave(why);
  end_input();
}

// The first request on a connection, which makes it one of the session.
void Core::bind() {
  if (!with_session()) return link_.on_bound();
  if (opening_ == Opening::kTrying) {
    wire::OpenSession open{.lease_ms = options_.lease_ms,
                           .client_name = options_.client_name,
                           .host = options_.host,
                           .secret = options_.secret,
                           .instance_name = options_.instance_name};
    if (options_.previous) {
      open.previous_instance_name = options_.previous->instance_name;
      open.previous_secret = options_.previous->secret;
    }
    return send(expect(Link::What::kBind, method_of<wire::OpenSession>()), open, 0);
  }
  if (closing_ && link_.is_ready()) {
    return send(expect(Link::What::kClose, method_of<wire::CloseSession>()), wire::CloseSession{},
                0);
  }
  send(expect(Link::What::kBind, method_of<wire::ResumeSession>()),
       wire::ResumeSession{.secret = options_.secret}, 0);
}

void Core::leave(const std::string& why) {
  last_failure_ = link_.address() + ": " + why;
  put(Disconnect{link_.connection()});
  link_.reset();
  calls_.on_connection_lost();
  watches_.on_connection_lost();
  fail_unrepeatable();
}

void Core::ping() {
  link_.on_pinged(now_);
  send(expect(Link::What::kPing, method_of<GetCellStatus>()), GetCellStatus{}, 0);
}

std::int32_t Core::expect(Link::What what, wire::Method method) {
  Link::Expected expected{.what = what, .method = method, .sent_at = now_, .patient_until = now_};
  if (what == Link::What::kBind) expected.leave_at = now_ + overdue_ms();
  return link_.expect(expected);
}

// How late the answers may be on which the lease depends. A replica holds a request for 3 s while
// there is no leader; with a short lease that is too long to stay.
Ticks Core::overdue_ms() const {
  constexpr Ticks kLeastMs = 1'000;
  constexpr Ticks kMostMs = 3'500;
  const Ticks lease_ms = facts_.id.is_none() ? options_.lease_ms : facts_.lease_ms;
  return std::clamp(lease_ms / 4, kLeastMs, kMostMs);
}

void Core::send(std::int32_t sequence_id, const wire::Request& request, std::uint64_t number) {
  wire::Head head{
      .last_seen = last_seen_, .cell_name = options_.cell_name, .cell_id = options_.cell_id};
  const bool is_ping = std::holds_alternative<GetCellStatus>(request);
  // A sign of life is wanted of any replica, also of one that is behind.
  if (is_ping) head.last_seen = {};
  if (with_session() && !is_ping) {
    head.session = facts_.id;
    head.request_number = number;
    head.answered_below = facts_.id.is_none() ? 0 : calls_.answered_below();
  }
  std::string bytes;
  append_frame(bytes, wire::encode_request(request, head, sequence_id));
  put(Send{link_.connection(), std::move(bytes)});
}

void Core::on_message(Ticks now, ConnectionId connection, std::string_view message) {
  begin_input(now);
  const bool is_ours = connection == link_.connection() &&
                       (link_.phase() == Link::Phase::kBinding || link_.is_ready());
  if (is_ours) {
    link_.on_heard(now_);
    const Result<std::int32_t> sequence_id = wire::decode_sequence_id(message);
    const std::optional<Link::Expected> expected =
        sequence_id.ok() ? link_.take(*sequence_id) : std::nullopt;
    if (!expected) {
      leave(sequence_id.ok() ? "a reply to a request that was not made"
                             : sequence_id.status().message());
    } else if (const Result<wire::Answer> answer = wire::decode_answer(expected->method, message);
               answer.ok()) {
      on_answer(*expected, *answer);
    } else {
      leave(answer.status().message());
    }
  }
  end_input();
}

void Core::on_answer(const Link::Expected& expected, const wire::Answer& answer) {
  if (expected.what == Link::What::kBind) return on_bind_answer(expected, answer);
  note(expected, answer.facts);
  const auto* error = std::get_if<Error>(&answer.body);
  if (error != nullptr && leaves_link(*error)) return;
  switch (expected.what) {
    case Link::What::kCall:
      return on_call_answer(expected, answer);
    case Link::What::kKeepAlive:
      return on_keep_alive_answer(expected, answer);
    case Link::What::kWatch:
      return on_watch_answer(expected, answer);
    case Link::What::kClose:
      return on_close_answer(answer);
    case Link::What::kBind:
    case Link::What::kUnwatch:
    case Link::What::kPing:
      return;
  }
}

void Core::note(const Link::Expected& expected, const wire::Facts& facts) {
  // What a ping shows, nobody has seen.
  if (expected.what == Link::What::kPing) return;
  last_seen_ = std::max(last_seen_, facts.zxid);
  const bool extends = with_session() && facts.lease_ms > 0 && !is_over();
  // The events of a keep-alive are in its answer: they are taken before the extension is looked at.
  if (extends) {
    events_.hold(facts,
                 LeaseClock::Extension{.sent_at = expected.sent_at, .lease_ms = facts.lease_ms});
  }
}

// Errors that concern the replica or the session and not the request. True if the connection was
// left, or the session is over.
bool Core::leaves_link(const Error& error) {
  if (error.code == ErrorCode::kNoQuorum || error.code == ErrorCode::kBehind) {
    if (!error.leader.empty()) walk_.hint(error.leader);
    leave(to_string(error));
    return true;
  }
  if (!with_session()) return false;
  if (error.code == ErrorCode::kSessionNotBound) {
    leave(to_string(error));
    return true;
  }
  if (error.code == ErrorCode::kSessionExpired && opening_ == Opening::kDone && !is_over()) {
    end_session(SessionState::kExpired, {.reason = LossReason::kExpired, .message = error.message},
                error);
    return true;
  }
  return false;
}

void Core::on_bind_answer(const Link::Expected& expected, const wire::Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer.body)) {
    const bool is_gone = error->code == ErrorCode::kWrongSecret && opening_ == Opening::kDone;
    if (is_gone && !is_over()) {
      return end_session(SessionState::kExpired,
                         {.reason = LossReason::kExpired, .message = error->message}, *error);
    }
    if (closing_ && (is_gone || error->code == ErrorCode::kSessionExpired)) {
      return on_close_answer(answer);
    }
    if (leaves_link(*error)) return;
    // A replica of another cell among the endpoints, or one that is full, ends no session.
    if (opening_ == Opening::kTrying && !error->retryable) return fail_open(*error);
    return leave(to_string(*error));
  }
  const wire::Reply& reply = std::get<wire::Reply>(answer.body);
  last_seen_ = std::max(last_seen_, answer.facts.zxid);
  if (const auto* opened = std::get_if<wire::SessionOpened>(&reply)) {
    lease_.extend(now_, {.sent_at = expected.sent_at, .lease_ms = opened->lease_ms});
    if (lease_.deadline() <= now_) return leave("opened the session, but too late to use it");
    link_.on_bound();
    opening_ = Opening::kDone;
    facts_ = {.id = opened->session,
              .lease_ms = opened->lease_ms,
              .cell_name = opened->cell_name,
              .cell_id = opened->cell_id};
    options_.cell_id = opened->cell_id;
    put(LeaseMoved{lease_.deadline()});
    put(Opened{facts_});
    return;
  }
  link_.on_bound();
  if (closing_) return bind();
  note(expected, answer.facts);
}

void Core::on_close_answer(const wire::Answer& answer) {
  if (!closing_) return;
  const auto* error = std::get_if<Error>(&answer.body);
  const bool is_closed = error == nullptr || error->code == ErrorCode::kSessionExpired ||
                         error->code == ErrorCode::kWrongSecret;
  if (!is_closed) return leave(to_string(*error));
  put(Answered{std::exchange(closing_, std::nullopt)->call, CallValue(Closed{})});
}

}  // namespace holdfast::client
