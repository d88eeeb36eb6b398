#include "tests/replica/client.h"

#include <map>

#include "lockserver/state/error_code.h"
#include "zab/base/check.h"

namespace holdfast::replica::testing {

namespace {

template <typename Answer>
Soon<Answer> soon() {
  return std::make_shared<std::vector<Answer>>();
}

template <typename Answer>
auto into(const Soon<Answer>& answers) {
  return [answers](Answer answer) { answers->push_back(std::move(answer)); };
}

std::string refusal_text(const Refusal& refusal) {
  return name_of(refusal.error.code) + (refusal.outcome_pending ? " pending" : "");
}

std::string reply_text(const state::Reply& reply) {
  if (const auto* error = std::get_if<state::Error>(&reply)) {
    return name_of(error->code);
  }
  if (std::holds_alternative<state::Granted>(reply)) return "granted";
  if (std::holds_alternative<state::Waiting>(reply)) return "waiting";
  return "ok";
}

}  // namespace

Client::Client(Cell& cell, int at) : cell_(cell) {
  static std::uint64_t drawn = 0;  // Secrets differ; that is all that matters.
  secret_.bytes = std::to_string(++drawn);
  secret_.bytes.resize(32, 's');
  move_to(at);
}

void Client::move_to(int at) {
  disconnect();
  at_ = at;
  incarnation_ = cell_.node(at).incarnation;
  lane_ = cell_.replica(at).open_lane();
}

void Client::disconnect() {
  if (at_ != 0 && cell_.is_up(at_) && cell_.node(at_).incarnation == incarnation_) {
    cell_.replica(at_).close_lane(lane_);
  }
  at_ = 0;
}

Terms Client::terms() const {
  Terms terms;
  terms.session = session_;
  terms.last_seen = last_seen;
  terms.timeout_ms = timeout_ms;
  terms.answered_below = answered_below;
  return terms;
}

void Client::open(Ticks lease_ms) {
  auto answer = soon<WriteAnswer>();
  state::OpenSession op;
  op.secret = secret_;
  op.lease_ms = lease_ms;
  op.client_name = "test";
  cell_.replica(at_).open_session(lane_, terms(), op, into(answer));
  const bool answered = cell_.wait_for([&] { return !answer->empty(); }, 20'000);
  HOLDFAST_CHECK(answered, "open_session is not answered");
  const auto* applied = std::get_if<Applied>(&answer->front().outcome);
  HOLDFAST_CHECK(applied != nullptr, "open_session: " + outcome(answer));
  session_ = std::get<state::SessionOpened>(applied->reply).session;
}

ReadResult Client::resume() {
  auto answer = soon<ReadResult>();
  cell_.replica(at_).resume_session(lane_, terms(), secret_, [answer](const ReadAnswer& it) {
    answer->push_back({it.facts, std::nullopt, it.refusal});
  });
  const bool answered = cell_.wait_for([&] { return !answer->empty(); }, 20'000);
  HOLDFAST_CHECK(answered, "resume_session is not answered");
  return answer->front();
}

Soon<WriteAnswer> Client::send(state::Op op) {
  return repeat(++number_, std::move(op), 0);
}

Soon<WriteAnswer> Client::repeat(std::uint64_t number, state::Op op, Ticks max_hold_ms) {
  auto answer = soon<WriteAnswer>();
  Terms numbered = terms();
  numbered.request = state::RequestNumber(number);
  cell_.replica(at_).write(lane_, numbered, std::move(op), max_hold_ms, into(answer));
  return answer;
}

Soon<WriteAnswer> Client::acquire(const std::string& path, Ticks wait_ms, Ticks max_hold_ms) {
  state::Acquire op;
  op.path = path;
  op.wait_ms = wait_ms;
  op.create = state::LockCreate::kPersistent;
  return repeat(++number_, op, max_hold_ms);
}

Soon<ReadResult> Client::read(const std::string& path, Consistency consistency) {
  auto answer = soon<ReadResult>();
  cell_.replica(at_).read(lane_, terms(), consistency, [answer, path](const ReadAnswer& it) {
    ReadResult result{it.facts, std::nullopt, it.refusal};
    if (it.state != nullptr) {
      if (const auto node = it.state->get(path)) {
        result.contents = std::string(node->contents);
      }
    }
    answer->push_back(std::move(result));
  });
  return answer;
}

Soon<KeepAliveAnswer> Client::keep_alive(state::EventName acknowledged, Ticks max_wait_ms) {
  auto answer = soon<KeepAliveAnswer>();
  cell_.replica(at_).keep_alive(lane_, terms(), {acknowledged, max_wait_ms}, into(answer));
  return answer;
}

Soon<WatchAnswer> Client::watch(const Watch& watch) {
  auto answer = soon<WatchAnswer>();
  cell_.replica(at_).watch(lane_, terms(), watch, into(answer));
  return answer;
}

std::string name_of(state::ErrorCode code) {
  using state::ErrorCode;
  static const std::map<ErrorCode, std::string> names = {
      {ErrorCode::kBadArgument, "BAD_ARGUMENT"},
      {ErrorCode::kNoNode, "NO_NODE"},
      {ErrorCode::kNodeExists, "NODE_EXISTS"},
      {ErrorCode::kLockHeld, "LOCK_HELD"},
      {ErrorCode::kLockDelayed, "LOCK_DELAYED"},
      {ErrorCode::kNotHeld, "NOT_HELD"},
      {ErrorCode::kCancelled, "CANCELLED"},
      {ErrorCode::kTimeout, "TIMEOUT"},
      {ErrorCode::kSessionExpired, "SESSION_EXPIRED"},
      {ErrorCode::kWrongSecret, "WRONG_SECRET"},
      {ErrorCode::kSessionNotBound, "SESSION_NOT_BOUND"},
      {ErrorCode::kNoQuorum, "NO_QUORUM"},
      {ErrorCode::kBehind, "BEHIND"},
      {ErrorCode::kLimit, "LIMIT"},
      {ErrorCode::kTooLarge, "TOO_LARGE"},
      {ErrorCode::kNoSpace, "NO_SPACE"},
      {ErrorCode::kStaleSequencer, "STALE_SEQUENCER"}};
  auto found = names.find(code);
  return found == names.end() ? std::to_string(static_cast<int>(code)) : found->second;
}

std::string outcome(const Soon<WriteAnswer>& answer) {
  if (answer->empty()) return "open";
  if (answer->size() > 1) return "answered " + std::to_string(answer->size()) + " times";
  const WriteAnswer& it = answer->front();
  if (const auto* refusal = std::get_if<Refusal>(&it.outcome)) return refusal_text(*refusal);
  return reply_text(std::get<Applied>(it.outcome).reply);
}

std::string outcome(const Soon<ReadResult>& answer) {
  if (answer->empty()) return "open";
  if (answer->size() > 1) return "answered " + std::to_string(answer->size()) + " times";
  const ReadResult& it = answer->front();
  if (it.refusal) return refusal_text(*it.refusal);
  return it.contents ? "contents " + *it.contents : "no node";
}

std::string outcome(const Soon<KeepAliveAnswer>& answer) {
  if (answer->empty()) return "open";
  if (answer->size() > 1) return "answered " + std::to_string(answer->size()) + " times";
  const KeepAliveAnswer& it = answer->front();
  if (it.refusal) return refusal_text(*it.refusal);
  return (it.events_lost ? "lost " : "") + std::to_string(it.events.size()) + " events";
}

state::Create create(const std::string& path, const std::string& contents) {
  state::Create op;
  op.path = path;
  op.contents = contents;
  return op;
}

state::SetContents set(const std::string& path, const std::string& contents) {
  state::SetContents op;
  op.path = path;
  op.contents = contents;
  return op;
}

}  // namespace holdfast::replica::testing
