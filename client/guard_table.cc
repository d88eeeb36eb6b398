#include "client/guard_table.h"

#include <utility>

#include "zab/base/check.h"

namespace holdfast::client {

GuardId GuardTable::add(Guard guard) {
  newest_ = newest_.next();
  by_path_.emplace(guard.path, newest_);
  guards_.emplace(newest_, std::move(guard));
  return newest_;
}

const GuardTable::Guard* GuardTable::find(GuardId id) const {
  const auto found = guards_.find(id);
  return found == guards_.end() ? nullptr : &found->second;
}

std::optional<GuardTable::Guard> GuardTable::take(GuardId id) {
  auto node = guards_.extract(id);
  if (node.empty()) return std::nullopt;
  by_path_.erase({node.mapped().path, id});
  return std::move(node.mapped());
}

std::vector<GuardId> GuardTable::of(const std::string& path, OwnerId owner) const {
  std::vector<GuardId> found;
  for (auto at = by_path_.lower_bound({path, GuardId()}); at != by_path_.end() && at->first == path;
       ++at) {
    if (guards_.at(at->second).owner == owner) found.push_back(at->second);
  }
  return found;
}

std::vector<GuardId> GuardTable::of(const std::string& path, OwnerId owner,
                                    Zxid acquisition) const {
  std::vector<GuardId> found = of(path, owner);
  std::erase_if(found, [&](GuardId id) { return guards_.at(id).grant.acquisition != acquisition; });
  return found;
}

std::vector<GuardId> GuardTable::lost_at_jeopardy() const {
  std::vector<GuardId> found;
  for (const auto& [id, guard] : guards_) {
    if (guard.lost_at_jeopardy) found.push_back(id);
  }
  return found;
}

void GuardTable::set_doubtful(GuardId id, bool is_doubtful) {
  const auto found = guards_.find(id);
  HOLDFAST_CHECK(found != guards_.end(), "there is no guard " + to_string(id));
  found->second.is_doubtful = is_doubtful;
}

}  // namespace holdfast::client
