#include "zab/election_tally.h"

#include <algorithm>

namespace holdfast::zab {
namespace {

bool leads(const Notification& n) {
  return n.role == Role::kLeading && n.vote.leader == n.from;
}

void add_notification(StateHash& hash, const Notification& n) {
  hash.add(n.from).add(n.incarnation).add(n.role);
  hash.add(n.vote.epoch).add(n.vote.zxid).add(n.vote.leader);
  hash.add(n.round).add(n.membership).add(n.config_version);
}

}  // namespace

void ElectionTally::clear() {
  incarnations_.clear();
  votes_.clear();
  settled_.clear();
}

void ElectionTally::start_round(std::uint64_t round) {
  votes_.clear();
  for (const auto& [peer, report] : settled_) {
    if (report.round == round) votes_.emplace(peer, report);
  }
}

void ElectionTally::meet(ServerId peer, Incarnation incarnation) {
  const auto [it, is_new] = incarnations_.try_emplace(peer, incarnation);
  if (is_new || it->second == incarnation) return;
  it->second = incarnation;
  votes_.erase(peer);
  settled_.erase(peer);
}

void ElectionTally::forget(ServerId peer) {
  incarnations_.erase(peer);
  votes_.erase(peer);
  settled_.erase(peer);
}

void ElectionTally::note_looking(ServerId peer) {
  settled_.erase(peer);
}

void ElectionTally::note_vote(const Notification& notification) {
  votes_.insert_or_assign(notification.from, notification);
}

void ElectionTally::note_settled(const Notification& notification, std::uint64_t own_round) {
  settled_.insert_or_assign(notification.from, notification);
  if (notification.round == own_round) {
    votes_.insert_or_assign(notification.from, notification);
  } else {
    votes_.erase(notification.from);
  }
}

std::set<ServerId> ElectionTally::supporters(const Vote& vote) const {
  std::set<ServerId> result;
  for (const auto& [peer, heard] : votes_) {
    if (heard.vote == vote) result.insert(peer);
  }
  return result;
}

bool ElectionTally::is_followed(const Vote& vote) const {
  return std::any_of(votes_.begin(), votes_.end(), [&vote](const auto& heard) {
    return heard.second.role == Role::kFollowing && heard.second.vote == vote;
  });
}

std::optional<Vote> ElectionTally::best_vote(const std::set<ServerId>& without) const {
  std::optional<Vote> best;
  for (const auto& [peer, heard] : votes_) {
    if (heard.role != Role::kLooking || heard.vote.leader.is_none()) continue;
    if (without.contains(heard.vote.leader)) continue;
    if (!best || heard.vote > *best) best = heard.vote;
  }
  return best;
}

std::optional<Notification> ElectionTally::settled_leader(const QuorumSet& quorum) const {
  for (const auto& [candidate, report] : settled_) {
    if (!leads(report)) continue;
    std::set<ServerId> agreeing;
    for (const auto& [peer, heard] : settled_) {
      const bool agrees = heard.vote.leader == candidate && heard.vote.epoch == report.vote.epoch;
      if (agrees) agreeing.insert(peer);
    }
    if (quorum.is_quorum(agreeing)) return report;
  }
  return std::nullopt;
}

std::optional<Notification> ElectionTally::leader_in_round(const QuorumSet& quorum,
                                                           const Notification& own) const {
  for (const auto& [candidate, report] : votes_) {
    if (!leads(report)) continue;
    std::set<ServerId> agreeing;
    if (own.vote.leader == candidate) agreeing.insert(own.from);
    for (const auto& [peer, heard] : votes_) {
      if (heard.vote.leader == candidate) agreeing.insert(peer);
    }
    if (quorum.is_quorum(agreeing)) return report;
  }
  return std::nullopt;
}

void ElectionTally::hash_into(StateHash& hash) const {
  hash.add_set(incarnations_,
               [](StateHash& one, const auto& item) { one.add(item.first).add(item.second); });
  for (const Heard* heard : {&votes_, &settled_}) {
    hash.add_set(*heard,
                 [](StateHash& one, const auto& item) { add_notification(one, item.second); });
  }
}

std::string ElectionTally::describe() const {
  std::string text = "votes=[";
  for (const auto& [peer, heard] : votes_) {
    text += " " + to_string(peer) + ":" + to_string(heard.vote);
  }
  text += " ] settled=[";
  for (const auto& [peer, heard] : settled_) {
    text += " " + to_string(peer) + ":" + to_string(heard.role) + to_string(heard.vote) + "@" +
            std::to_string(heard.round);
  }
  return text + " ]";
}

}  // namespace holdfast::zab
