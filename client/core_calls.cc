#include <algorithm>
#include <type_traits>
#include <utility>

#include "client/core.h"
#include "thrift/path.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

constexpr Ticks kPauseMinMs = 50;
constexpr Ticks kPauseMaxMs = 1'000;

template <typename Request>
constexpr bool kChanges =
    std::is_same_v<Request, Create> || std::is_same_v<Request, Set> ||
    std::is_same_v<Request, Remove> || std::is_same_v<Request, Multi> ||
    std::is_same_v<Request, BreakLock> || std::is_same_v<Request, KillSession>;

bool changes(const AnyRequest& request) {
  return std::visit([](const auto& in) { return kChanges<std::remove_cvref_t<decltype(in)>>; },
                    request);
}

// Without a session a request that was carried out cannot be told from one that was lost.
bool is_repeatable(const wire::Request& request) {
  const auto* broken = std::get_if<BreakLock>(&request);
  return broken == nullptr || !broken->acquisition.is_none();
}

// The reply to a call of the program.
struct ToValue {
  Zxid zxid;

  template <typename Reply>
  CallValue operator()(const Reply& reply) const {
    if constexpr (std::is_constructible_v<AnyReply, Reply>) {
      return AnyReply(reply);
    } else if constexpr (std::is_same_v<Reply, wire::LockReleased>) {
      return Released{zxid};
    } else {
      HOLDFAST_CHECK(false, "a reply that no call of the program has");
    }
  }
};

}  // namespace

CallId Core::add_call(Call call) {
  newest_call_ = newest_call_.next();
  calls_.add(newest_call_, std::move(call));
  set_alarm(newest_call_);
  return newest_call_;
}

// Why a new call is not taken.
std::optional<Error> Core::refusal() const {
  if (is_over()) {
    const bool closed = lease_.state() == SessionState::kClosed;
    return Error{.code = ErrorCode::kSessionExpired,
                 .message = closed ? "The session was closed." : "The session has expired."};
  }
  if (calls_.size() >= options_.open_calls_max) {
    return Error{.code = ErrorCode::kLimit,
                 .message = "There are " + std::to_string(calls_.size()) +
                            " calls open; the limit open_calls_max is " +
                            std::to_string(options_.open_calls_max) + ".",
                 .retryable = true,
                 .limit_name = "open_calls_max",
                 .limit = static_cast<std::int64_t>(options_.open_calls_max),
                 .actual = calls_.size() + 1};
  }
  return std::nullopt;
}

// Events have their paths in the short form: a lock or a watch of another form would miss its own.
std::string Core::short_path(const std::string& path) const {
  const Result<std::string> parsed = parse_path(path, facts_.cell_name);
  return parsed.ok() ? *parsed : path;  // What is wrong with it, the cell says.
}

CallId Core::call(Ticks now, AnyRequest request, std::optional<Ticks> timeout_ms) {
  begin_input(now);
  Call call{.is_mutating = with_session() && changes(request)};
  call.request =
      std::visit([](auto&& in) { return wire::Request(std::move(in)); }, std::move(request));
  if (timeout_ms) call.deadline = now_ + *timeout_ms;
  CallId id;
  if (std::optional<Error> error = refusal()) {
    id = newest_call_ = newest_call_.next();
    put(Answered{id, std::move(*error)});
  } else {
    id = add_call(std::move(call));
    doubt_removed(calls_.find(id)->request);
  }
  end_input();
  return id;
}

void Core::send_calls() {
  // What the replica would only keep in a queue for us may as well wait here.
  constexpr std::size_t kOpenMax = 1'024;
  while (link_.is_ready() && link_.open_requests() < kOpenMax) {
    const std::optional<CallId> id = calls_.next_to_send();
    if (!id) return;
    send_call(*id);
  }
}

void Core::send_call(CallId id) {
  calls_.on_sent(id);
  const Call& call = *calls_.find(id);
  const std::int32_t sequence_id = link_.expect({.what = Link::What::kCall,
                                                 .method = call.request.index(),
                                                 .call = id,
                                                 .sent_at = now_,
                                                 .patient_until = now_});
  send(sequence_id, call.request, call.number);
}

void Core::on_call_answer(const Link::Expected& expected, const wire::Answer& answer) {
  Call* call = calls_.find(expected.call);
  if (call == nullptr) return;  // A read whose time is over.
  walk_.on_success();
  if (call->kind == Call::Kind::kVerify) {
    const Call verify = *call;
    calls_.erase(expected.call);
    return on_verified(verify, answer);
  }
  if (const auto* error = std::get_if<Error>(&answer.body)) {
    return on_call_error(expected.call, answer.facts, *error);
  }
  const wire::Reply& reply = std::get<wire::Reply>(answer.body);
  if (const auto* release = std::get_if<wire::Release>(&call->request)) {
    on_released(*release, answer.facts.zxid);
  }
  if (const auto* acquired = std::get_if<wire::Acquired>(&reply)) {
    return on_acquired(expected.call, answer.facts, *acquired);
  }
  if (call->kind == Call::Kind::kBackground || call->is_abandoned) {
    return drop_call(expected.call);
  }
  hold_answer(expected.call, answer.facts, std::visit(ToValue{answer.facts.zxid}, reply));
}

void Core::on_call_error(CallId id, const wire::Facts& facts, const Error& error) {
  Call& call = *calls_.find(id);
  // The replica's patience is over, not ours: ask again, with the same number.
  if (error.code == ErrorCode::kTimeout && (error.retryable || error.outcome_pending)) {
    call.has_copies = call.has_copies || error.outcome_pending;
    return pause(id);
  }
  // A replica has turned away this copy (NO_SPACE, LIMIT); an earlier one may have been carried
  // out, or may be yet. Only the history's answer is the answer.
  if (call.is_mutating && call.has_copies && error.retryable) return pause(id);
  if (call.kind == Call::Kind::kBackground || call.is_abandoned) return drop_call(id);
  hold_answer(id, facts, call.acquiring ? acquire_error(call, error) : error);
}

// Nobody is to hear of it any more.
void Core::drop_call(CallId id) {
  const wire::Request request = calls_.find(id)->request;
  calls_.erase(id);
  verify_removed(request);
}

void Core::hold_answer(CallId id, const wire::Facts& facts, Outcome<CallValue> outcome) {
  verify_removed(calls_.find(id)->request);
  calls_.unpin(id);
  calls_.on_stage(id, Call::Stage::kHeld);
  if (!with_session()) return finish(id, std::move(outcome));
  events_.hold(facts, EventStream::HeldAnswer{.call = id, .outcome = std::move(outcome)});
}

void Core::pass_answer(EventStream::HeldAnswer held) {
  if (calls_.find(held.call) != nullptr) finish(held.call, std::move(held.outcome));
}

void Core::finish(CallId id, Outcome<CallValue> outcome) {
  calls_.erase(id);
  put(Answered{id, std::move(outcome)});
}

void Core::pause(CallId id) {
  Call& call = *calls_.find(id);
  const int doublings = std::min(call.retries++, 5);
  calls_.on_stage(id, Call::Stage::kPausing);
  call.retry_at = now_ + std::min(kPauseMinMs << doublings, kPauseMaxMs);
  set_alarm(id);
}

void Core::set_alarm(CallId id) {
  const Call& call = *calls_.find(id);
  std::optional<Ticks> alarm = call.is_abandoned ? std::nullopt : call.deadline;
  const auto consider = [&alarm](Ticks at) { alarm = alarm ? std::min(*alarm, at) : at; };
  if (call.stage == Call::Stage::kPausing) consider(call.retry_at);
  if (call.acquiring && call.acquiring->withdrawn == Call::Acquiring::Withdrawn::kNo &&
      call.acquiring->wait_end && call.stage != Call::Stage::kHeld) {
    consider(*call.acquiring->wait_end);
  }
  calls_.set_alarm(id, alarm);
}

void Core::on_alarm(CallId id) {
  Call& call = *calls_.find(id);
  if (call.deadline && now_ >= *call.deadline && !call.is_abandoned) return time_out(id);
  if (call.stage == Call::Stage::kPausing && now_ >= call.retry_at) {
    calls_.on_stage(id, Call::Stage::kUnsent);
  }
  const bool wait_is_over = call.acquiring && call.acquiring->wait_end &&
                            now_ >= *call.acquiring->wait_end && call.stage != Call::Stage::kHeld;
  if (wait_is_over && call.acquiring->withdrawn == Call::Acquiring::Withdrawn::kNo) {
    return begin_withdrawal(id, Call::Acquiring::Withdrawn::kWaitIsOver);
  }
  set_alarm(id);
}

Error Core::timeout_error(const Call& call) const {
  Error error{.code = ErrorCode::kTimeout,
              .message = "The time given to the call is over.",
              .retryable = true};
  if (!call.was_sent && !link_.is_ready()) {
    error.code = ErrorCode::kNoQuorum;
    error.message = "No replica could be asked in the time given to the call";
    error.message += last_failure_.empty() ? "." : "; the last said: " + last_failure_;
  }
  if (call.acquiring && call.acquiring->withdrawn == Call::Acquiring::Withdrawn::kByProgram) {
    error.code = ErrorCode::kCancelled;
    error.message = "The wait was ended by the program; the cell has not confirmed it yet.";
  }
  error.outcome_pending = call.was_sent && call.is_mutating;
  return error;
}

void Core::time_out(CallId id) {
  Call& call = *calls_.find(id);
  const Error error = timeout_error(call);
  put(Answered{id, error});
  if (call.acquiring && call.stage == Call::Stage::kHeld && !call.acquiring->guard.is_none()) {
    const std::optional<GuardTable::Guard> guard = guards_.take(call.acquiring->guard);
    if (guard) {
      put(GuardUnwanted{call.acquiring->guard});
      give_back(guard->path, guard->owner, guard->grant.acquisition);
    }
    return calls_.erase(id);
  }
  const bool is_known = !error.outcome_pending || call.stage == Call::Stage::kHeld;
  if (is_known) return drop_call(id);
  // The outcome is learnt all the same: until then the number stays open, and an acquire must not
  // leave a lock behind that nobody knows of.
  call.is_abandoned = true;
  if (call.acquiring) return begin_withdrawal(id, Call::Acquiring::Withdrawn::kAbandoned);
  set_alarm(id);
}

// After the connection was lost: what may have been carried out and must not be carried out twice.
void Core::fail_unrepeatable() {
  if (with_session()) return;
  std::vector<CallId> lost;
  for (const auto& [id, call] : calls_.all()) {
    if (call.was_sent && !is_repeatable(call.request)) lost.push_back(id);
  }
  for (const CallId id : lost) {
    finish(id, Error{.code = ErrorCode::kTimeout,
                     .message = "The connection was lost before the answer came; the request may "
                                "have been carried out.",
                     .outcome_pending = true});
  }
}

}  // namespace holdfast::client
