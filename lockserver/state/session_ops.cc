#include "lockserver/state/session_ops.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "lockserver/state/errors.h"
#include "lockserver/state/node_ops.h"
#include "thrift/path.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

constexpr std::size_t kSecretHashBytes = 32;

std::optional<Error> judge_name(std::string_view name) {
  if (name.size() <= limits::kClientNameBytesMax) return std::nullopt;
  return too_large({.name = "client_name_bytes_max",
                    .limit = limits::kClientNameBytesMax,
                    .actual = name.size()});
}

std::int64_t clamped_lease(std::int64_t asked_ms) {
  if (asked_ms == 0) return limits::kLeaseDefaultMs;
  return std::clamp(asked_ms, limits::kLeaseMinMs, limits::kLeaseMaxMs);
}

}  // namespace

std::optional<Error> SessionOps::judge(const OpenSession& op) const {
  const bool wrong_previous = op.previous && op.previous->secret.bytes.size() != kSecretHashBytes;
  if (op.secret.bytes.size() != kSecretHashBytes || wrong_previous) {
    return bad_argument("The hash of a secret has 32 bytes.");
  }
  for (const std::string_view name : {std::string_view(op.client_name), std::string_view(op.host),
                                      std::string_view(op.instance_name)}) {
    if (auto error = judge_name(name)) return error;
  }
  std::size_t count = rooms_.sessions.all().size();
  if (op.previous) {
    if (const auto previous = rooms_.sessions.find_by_secret(op.previous->secret)) {
      const Session& session = rooms_.sessions.find(*previous)->session;
      if (session.instance_name != op.previous->instance_name) {
        Error error = bad_argument("The earlier session has another instance name.");
        error.code = ErrorCode::kWrongSecret;
        return error;
      }
      count -= 1;  // It makes room for the new one.
    }
  }
  if (count >= rooms_.limits.sessions_max) {
    return limit_reached(
        {.name = "sessions_max", .limit = rooms_.limits.sessions_max, .actual = count + 1});
  }
  const std::uint64_t names = op.client_name.size() + op.host.size() + op.instance_name.size();
  return check_space(rooms_, Growth::kLocks, kSessionBytes + names);
}

Reply SessionOps::apply(const OpenSession& op) {
  if (const auto id = rooms_.sessions.find_by_secret(op.secret)) {
    const Session& session = rooms_.sessions.find(*id)->session;
    return SessionOpened{
        .session = *id, .lease_ms = session.lease_ms, .previous_closed = session.previous_closed};
  }
  if (auto error = judge(op)) return *error;
  Session session{.id = SessionId(turn_.zxid.value),
                  .secret = op.secret,
                  .lease_ms = clamped_lease(op.lease_ms),
                  .client_name = op.client_name,
                  .host = op.host,
                  .instance_name = op.instance_name,
                  .opened_wall_ms = turn_.stamp.wall_ms,
                  .previous_closed = op.previous && take_over(*op.previous),
                  .killed = false,
                  .answered_below = {}};
  const SessionOpened reply{.session = session.id,
                            .lease_ms = session.lease_ms,
                            .previous_closed = session.previous_closed};
  rooms_.sessions.open(std::move(session));
  turn_.effects.sessions_opened.push_back(reply.session);
  return reply;
}

bool SessionOps::take_over(const PreviousSession& previous) {
  const auto id = rooms_.sessions.find_by_secret(previous.secret);
  if (id) close(*id);
  LockOps(rooms_, turn_).lift_delays(previous.secret);
  return id.has_value();
}

Reply SessionOps::apply(const CloseSession&) {
  close(turn_.command.session);
  return Done{};
}

// Who closes his session believes in none of its locks any more, also not in broken ones.
void SessionOps::close(SessionId id) {
  LockOps(rooms_, turn_).acknowledge_all(id);
  end(id, std::nullopt);
}

Reply SessionOps::apply(const ExpireSession& op) {
  if (rooms_.sessions.find(op.session) == nullptr) return Done{};
  end(op.session,
      LockOps::Loss{.delay = LockOps::Loss::Delay::kLockDelay, .reason = "the session expired"});
  return Done{};
}

Reply SessionOps::apply(const KillSession& op) {
  if (op.reason.empty() || op.who.empty()) {
    return bad_argument("Who kills a session says his name and why.");
  }
  if (auto error = judge_name(op.who)) return *error;
  if (op.reason.size() > limits::kReasonBytesMax) {
    return too_large(
        {.name = "reason_bytes_max", .limit = limits::kReasonBytesMax, .actual = op.reason.size()});
  }
  if (rooms_.sessions.find(op.session) == nullptr) return Killed{.killed = false};
  const std::string reason = "the session was killed by " + op.who + ": " + op.reason;
  if (op.now) {
    LockOps(rooms_, turn_).acknowledge_all(op.session);
    end(op.session, LockOps::Loss{.delay = LockOps::Loss::Delay::kNone, .reason = reason});
    return Killed{.killed = true};
  }
  LockOps(rooms_, turn_)
      .end_requests(op.session, LockOps::Loss{.delay = LockOps::Loss::Delay::kUntilAcknowledged,
                                              .reason = reason});
  if (rooms_.locks.awaits_acknowledgement(op.session).empty()) {
    end(op.session, std::nullopt);  // It has nothing in which its client could go on to believe.
  } else if (!rooms_.sessions.find(op.session)->session.killed) {
    rooms_.sessions.kill(op.session);
    turn_.effects.sessions_killed.push_back(op.session);
  }
  return Killed{.killed = true};
}

void SessionOps::end(SessionId id, const std::optional<LockOps::Loss>& loss) {
  LockOps(rooms_, turn_).end_requests(id, loss);
  remove_ephemerals(id);
  rooms_.sessions.close(id);
  turn_.effects.sessions_ended.push_back(id);
}

// Others may hold locks of these nodes: they lose them, and believe in them until they know.
void SessionOps::remove_ephemerals(SessionId id) {
  const PathSet paths = rooms_.nodes.ephemerals_of(id);
  for (const std::string& path : paths) {
    LockOps(rooms_, turn_)
        .lose_all(path, {.delay = LockOps::Loss::Delay::kUntilAcknowledged,
                         .reason = "the node went with session " + to_string(id)});
    NodeOps(rooms_, turn_).erase(path);
    turn_.removed.emplace(path);
    turn_.unsettled.emplace(parent_path(path));
  }
}

}  // namespace holdfast::state
