#include "zab/leader_discovery.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::zab {

Discovery::Discovery(const QuorumSet& quorum, Kind kind)
    : quorum_(kind == Kind::kBootstrap ? quorum.with_rule(QuorumSet::Rule::kAll) : quorum),
      kind_(kind) {}

bool Discovery::add_info(ServerId id, Epoch accepted) {
  const auto [at, is_new] = infos_.try_emplace(id, accepted);
  at->second = std::max(at->second, accepted);
  return is_new;
}

bool Discovery::add_promise(ServerId id) {
  HOLDFAST_CHECK(epoch_.has_value(), "a promise of replica " + to_string(id) + " before the epoch");
  return promises_.insert(id).second;
}

std::optional<Epoch> Discovery::choose_epoch(Epoch seen) {
  if (epoch_) {
    return epoch_;
  }
  std::set<ServerId> shown;
  Epoch highest = seen;
  for (const auto& [id, accepted] : infos_) {
    shown.insert(id);
    highest = std::max(highest, accepted);
  }
  if (is_quorum(shown)) {
    epoch_ = highest.next();
  }
  return epoch_;
}

void Discovery::hash_into(StateHash& hash) const {
  hash.add(kind_).add(epoch_.value_or(Epoch()));
  hash.add_set(infos_,
               [](StateHash& one, const auto& item) { one.add(item.first).add(item.second); });
  hash.add_ids(promises_);
}

std::string Discovery::describe() const {
  return "infos=" + std::to_string(infos_.size()) +
         " promises=" + std::to_string(promises_.size()) +
         (kind_ == Kind::kBootstrap ? " bootstrap" : "");
}

}  // namespace holdfast::zab
