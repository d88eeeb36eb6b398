#include "zab/types.h"

#include <algorithm>

namespace holdfast::zab {

bool Config::is_voter(ServerId id) const {
  return std::binary_search(voters.begin(), voters.end(), id);
}

bool Config::is_member(ServerId id) const {
  return is_voter(id) || std::binary_search(observers.begin(), observers.end(), id);
}

std::string to_string(Role role) {
  switch (role) {
    case Role::kLooking:
      return "looking";
    case Role::kFollowing:
      return "following";
    case Role::kLeading:
      return "leading";
    case Role::kObserving:
      return "observing";
  }
  return "role " + std::to_string(static_cast<int>(role));
}

std::string to_string(Phase phase) {
  switch (phase) {
    case Phase::kElection:
      return "election";
    case Phase::kDiscovery:
      return "discovery";
    case Phase::kSynchronization:
      return "synchronization";
    case Phase::kBroadcast:
      return "broadcast";
  }
  return "phase " + std::to_string(static_cast<int>(phase));
}

std::string to_string(Membership membership) {
  switch (membership) {
    case Membership::kProvisioned:
      return "provisioned";
    case Membership::kFresh:
      return "fresh";
    case Membership::kRejoining:
      return "rejoining";
  }
  return "membership " + std::to_string(static_cast<int>(membership));
}

std::string to_string(const EpochVector& epochs) {
  std::string text = "[";
  for (const EpochEnd& end : epochs) {
    if (text.size() > 1) text += " ";
    text += to_string(end.epoch) + ":" + std::to_string(end.last_counter);
  }
  return text + "]";
}

std::string to_string(const Vote& vote) {
  return "(epoch=" + to_string(vote.epoch) + " zxid=" + to_string(vote.zxid) +
         " leader=" + to_string(vote.leader) + ")";
}

std::string describe_range(const std::vector<Entry>& entries) {
  if (entries.empty()) return "nothing";
  if (entries.size() == 1) return to_string(entries.front().zxid);
  return to_string(entries.front().zxid) + ".." + to_string(entries.back().zxid);
}

}  // namespace holdfast::zab
