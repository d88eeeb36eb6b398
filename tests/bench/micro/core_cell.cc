#include "tests/bench/micro/core_cell.h"

#include <algorithm>
#include <utility>

namespace holdfast::micro {
namespace {

constexpr Ticks kStep = 5;
constexpr Ticks kElectionLimit = 20'000;

ServerId id_of(std::size_t replica) {
  return ServerId(replica + 1);
}
std::size_t replica_of(ServerId id) {
  return id.value - 1;
}

}  // namespace

CoreCell::CoreCell() {
  zab::Options options;
  for (std::size_t i = 0; i < kReplicas; ++i) options.config.voters.push_back(id_of(i));
  const zab::DurableState empty{.membership = zab::Membership::kProvisioned,
                                .accepted = {},
                                .current = {},
                                .base = {},
                                .epochs = {{}},
                                .applied = {},
                                .tail = {}};
  for (std::size_t i = 0; i < kReplicas; ++i) {
    options.self = id_of(i);
    options.incarnation = Incarnation(i + 1);
    options.seed = i + 1;
    cores_.emplace_back(options, empty, now_);
  }
}

bool CoreCell::elect() {
  for (const Ticks end = now_ + kElectionLimit; now_ < end; now_ += kStep) {
    for (std::size_t i = 0; i < kReplicas; ++i) {
      cores_[i].tick(now_);
      take_from(i);
    }
    run();
    if (find_leader()) return true;
  }
  return false;
}

bool CoreCell::find_leader() {
  for (leader_ = 0; leader_ < kReplicas; ++leader_) {
    const zab::CoreView view = cores_[leader_].view();
    if (view.role != zab::Role::kLeading || !view.established) continue;
    return std::all_of(cores_.begin(), cores_.end(),
                       [](const zab::Core& core) { return core.view().serving; });
  }
  leader_ = 0;
  return false;
}

bool CoreCell::propose(SharedBytes payload) {
  return std::holds_alternative<zab::Proposed>(cores_[leader_].propose(std::move(payload)));
}

void CoreCell::run() {
  take_from(leader_);
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    const std::size_t to = event.to;
    give(std::move(event));
    take_from(to);
  }
}

void CoreCell::give(Event event) {
  zab::Core& core = cores_[event.to];
  if (auto* received = std::get_if<Received>(&event.what)) {
    core.on_message(received->conn, std::move(received->message));
  } else if (const auto* notification = std::get_if<zab::Notification>(&event.what)) {
    core.on_notification(*notification);
  } else if (const auto* persisted = std::get_if<Persisted>(&event.what)) {
    core.on_persisted(persisted->through);
  } else if (const auto* applied = std::get_if<Applied>(&event.what)) {
    core.on_applied(applied->through);
  } else if (const auto* dialled = std::get_if<Dialled>(&event.what)) {
    core.on_dial_result(dialled->dial, dialled->conn);
  } else if (const auto* accepted = std::get_if<Accepted>(&event.what)) {
    core.on_accept(accepted->conn);
  }
}

void CoreCell::take_from(std::size_t replica) {
  for (zab::Output& output : cores_[replica].take()) carry_out(replica, std::move(output));
}

void CoreCell::carry_out(std::size_t replica, zab::Output output) {
  if (auto* send = std::get_if<zab::Send>(&output)) {
    const End& other = ends_[ends_[send->conn.value].other.value];
    events_.push_back(
        {other.replica, Received{ends_[send->conn.value].other, std::move(send->message)}});
  } else if (const auto* persist = std::get_if<zab::Persist>(&output)) {
    events_.push_back({replica, Persisted{persist->token}});
  } else if (const auto* deliver = std::get_if<zab::Deliver>(&output)) {
    events_.push_back({replica, Applied{deliver->entries.back().zxid}});
  } else if (const auto* notify = std::get_if<zab::Notify>(&output)) {
    events_.push_back({replica_of(notify->to), notify->notification});
  } else if (const auto* dial = std::get_if<zab::Dial>(&output)) {
    connect(replica, *dial);
  }
}

void CoreCell::connect(std::size_t from, const zab::Dial& dial) {
  const ConnId mine(ends_.size());
  const ConnId theirs(ends_.size() + 1);
  const std::size_t to = replica_of(dial.to);
  ends_.push_back({from, theirs});
  ends_.push_back({to, mine});
  events_.push_back({from, Dialled{dial.dial, mine}});
  events_.push_back({to, Accepted{theirs}});
}

Zxid CoreCell::applied_everywhere() const {
  Zxid least = cores_.front().view().applied;
  for (const zab::Core& core : cores_) least = std::min(least, core.view().applied);
  return least;
}

}  // namespace holdfast::micro
