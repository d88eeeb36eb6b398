#include "lockserver/replica/pending.h"

#include <variant>

#include "zab/base/check.h"

namespace holdfast::replica {

bool is_repeatable(const state::Command& command) {
  // To break a lock twice could hit its next holder: without a number, only one named acquisition
  // may be broken again.
  const auto* broken = std::get_if<state::BreakLock>(&command.op);
  const bool numbered = !command.session.is_none() && !command.request.is_none();
  return numbered || broken == nullptr || !broken->acquisition.is_none();
}

void Pending::add(CallId call, state::Command command) {
  HOLDFAST_CHECK(!parked_.contains(call), "call " + to_string(call) + " waits for its outcome");
  commands_.emplace(call, Waiting{std::move(command), false});
  to_send_.insert(call);
}

void Pending::erase(CallId call) {
  commands_.erase(call);
  to_send_.erase(call);
  auto node = parked_.extract(call);
  if (!node.empty()) {
    auto request = requests_.find(node.mapped());
    request->second.erase(call);
    if (request->second.empty()) {
      requests_.erase(request);
    }
  }
}

const state::Command& Pending::command(CallId call) const {
  auto found = commands_.find(call);
  HOLDFAST_CHECK(found != commands_.end(), "call " + to_string(call) + " has a command");
  return found->second.command;
}

std::optional<CallId> Pending::next_to_send() const {
  if (to_send_.empty()) {
    return std::nullopt;
  }
  return *to_send_.begin();
}

void Pending::on_sent(CallId call) {
  commands_.at(call).sent = true;
  to_send_.erase(call);
}

bool Pending::was_sent(CallId call) const {
  auto found = commands_.find(call);
  return found != commands_.end() && found->second.sent;
}

void Pending::on_stop_serving() {
  for (const auto& [call, waiting] : commands_) {
    if (!waiting.sent || is_repeatable(waiting.command)) {
      to_send_.insert(call);
    }
  }
}

std::vector<CallId> Pending::never_sent() const {
  std::vector<CallId> calls;
  for (const CallId call : to_send_) {
    if (!commands_.at(call).sent) {
      calls.push_back(call);
    }
  }
  return calls;
}

void Pending::park(CallId call, SessionId session, state::RequestNumber request) {
  commands_.erase(call);
  to_send_.erase(call);
  parked_[call] = {session, request};
  requests_[{session, request}].insert(call);
}

std::vector<CallId> Pending::take_parked(SessionId session, state::RequestNumber request) {
  std::vector<CallId> calls;
  auto node = requests_.extract({session, request});
  if (!node.empty()) {
    calls.assign(node.mapped().begin(), node.mapped().end());
    for (const CallId call : calls) {
      parked_.erase(call);
    }
  }
  return calls;
}

std::vector<CallId> Pending::parked() const {
  std::vector<CallId> calls;
  for (const auto& [call, request] : parked_) {
    calls.push_back(call);
  }
  return calls;
}

}  // namespace holdfast::replica
