#include "lockserver/replica/timers.h"

#include <variant>

#include "zab/base/check.h"

namespace holdfast::replica {

Timers::Name Timers::name_of(const state::Op& op) {
  Name name;
  if (const auto* delay = std::get_if<state::EndLockDelay>(&op)) {
    name.path = delay->path;
    name.since = delay->since;
    return name;
  }
  const auto* wait = std::get_if<state::CancelWait>(&op);
  HOLDFAST_CHECK(wait != nullptr, "only lock-delays and waits end by time");
  name.path = wait->path;
  name.session = wait->session;
  name.owner = wait->owner;
  name.waiter = wait->waiter;
  return name;
}

void Timers::begin_reign(std::vector<state::Due> dues) {
  end_reign();
  reigns_ = true;
  for (state::Due& due : dues) {
    add(std::move(due));
  }
}

void Timers::end_reign() {
  reigns_ = false;
  dues_.clear();
  by_time_.clear();
}

void Timers::add(state::Due due) {
  if (!reigns_) {
    return;
  }
  Name name = name_of(due.op);
  const std::int64_t at = due.cluster_ms;
  const auto [place, is_new] = dues_.try_emplace(name, std::move(due));
  if (is_new) {
    by_time_.emplace(at, std::move(name));
  } else if (at > place->second.cluster_ms) {
    // Several delays may begin at one lock with one entry; its command ends them all, so the
    // longest counts.
    by_time_.erase({place->second.cluster_ms, name});
    place->second.cluster_ms = at;
    by_time_.emplace(at, std::move(name));
  }
}

void Timers::on_outcome(const state::Outcome& outcome) {
  Name name;
  name.path = outcome.path;
  name.session = outcome.session;
  name.owner = outcome.owner;
  name.waiter = outcome.request;
  auto node = dues_.extract(name);
  if (!node.empty()) {
    by_time_.erase({node.mapped().cluster_ms, name});
  }
}

std::vector<state::Due> Timers::take_due(std::int64_t cluster_ms) {
  std::vector<state::Due> due;
  while (!by_time_.empty() && by_time_.begin()->first <= cluster_ms) {
    auto node = dues_.extract(by_time_.begin()->second);
    HOLDFAST_CHECK(!node.empty(), "a timer without its command");
    by_time_.erase(by_time_.begin());
    due.push_back(std::move(node.mapped()));
  }
  return due;
}

}  // namespace holdfast::replica
