#include "tests/sim/elector.h"

#include <limits>

namespace holdfast::sim {
namespace {

// The same round as the receiver's, and the best of all votes.
zab::Notification best_vote(const Replica& from, ServerId leader, std::uint64_t round) {
  return {.from = from.id(),
          .incarnation = from.incarnation(),
          .role = zab::Role::kLooking,
          .vote = {.epoch = Epoch(0x7fffffffU),
                   .zxid = Zxid(std::numeric_limits<std::uint64_t>::max()),
                   .leader = leader},
          .round = round,
          .membership = zab::Membership::kProvisioned,
          .config_version = Zxid()};
}

zab::Notification word_of_established(const Replica& from, const Replica& leader) {
  const zab::CoreView view = leader.view();
  return {.from = from.id(),
          .incarnation = from.incarnation(),
          .role = from.id() == leader.id() ? zab::Role::kLeading : zab::Role::kFollowing,
          .vote = {.epoch = view.current, .zxid = view.last, .leader = leader.id()},
          .round = view.round,
          .membership = zab::Membership::kProvisioned,
          .config_version = Zxid()};
}

}  // namespace

void forge_election(Cluster& cluster, Replica& replica, Replica& leader) {
  // A voter believes an election in which everybody votes for the leader with the best of all
  // votes. Others learn of it from the votes of an established cell.
  const zab::CoreView before = replica.view();
  const bool votes = !replica.is_observer() && before.membership == zab::Membership::kProvisioned;
  for (const auto& voter : cluster.replicas()) {
    if (voter->id() == replica.id() || voter->is_observer()) continue;
    if (!replica.is_running() || replica.view().role != zab::Role::kLooking) return;
    cluster.forge(replica.id(), votes ? best_vote(*voter, leader.id(), replica.view().round)
                                      : word_of_established(*voter, leader));
  }
}

void Elector::run_next() {
  cluster_.advance_to(next_);
  next_ += 1 + static_cast<SimTime>(random_.below(static_cast<std::uint64_t>(2 * every_)));
  const auto& replicas = cluster_.replicas();
  Replica& leader = *replicas[random_.below(replicas.size())];
  if (leader.is_observer() || !leader.is_running()) return;
  cluster_.coverage().count("forged election");
  for (const auto& replica : replicas) {
    if (!replica->is_running() || cluster_.asleep().contains(replica->id())) continue;
    if (leader.is_running() && random_.chance(5, 6)) forge_election(cluster_, *replica, leader);
  }
}

}  // namespace holdfast::sim
