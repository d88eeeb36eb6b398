#include "lockserver/state/wait_graph.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace holdfast::state {
namespace {

constexpr Zxid kEndOfQueue{std::numeric_limits<std::uint64_t>::max()};

// A search in breadth, so that the circle found is a shortest one. A queue of n waiters is looked
// at once for each of the two modes, not once for each of its waiters: else a queue of thousands
// would cost millions of steps for every acquire.
class CycleSearch {
 public:
  CycleSearch(const LockTable& locks, const NewWait& wait) : locks_(locks), wait_(wait) {}

  std::vector<WaitEdge> run() {
    if (wait_.party.owner.is_none() || !is_awaited()) return {};
    steps_.push_back({.party = wait_.party, .previous = 0, .lock = {}});
    found_.insert(wait_.party);
    std::vector<WaitEdge> cycle = follow(0, {wait_.path, wait_.mode, kEndOfQueue});
    for (std::size_t step = 1; step < steps_.size() && cycle.empty(); ++step) {
      cycle = follow_all(step);
    }
    return cycle;
  }

 private:
  // Who was reached through which lock, awaited by the party of an earlier step.
  struct Step {
    Party party;
    std::size_t previous = 0;
    std::string lock;
  };
  struct Wait {
    std::string path;
    LockMode mode;
    Zxid asked;
  };
  // Up to where the queue of a lock has been looked at.
  struct Seen {
    bool holders = false;
    Zxid all;
    Zxid exclusive;
  };

  // Whether anybody at all waits for something that the party has or stands before in a queue. When
  // not, which is the rule, no circle can go through it.
  bool is_awaited() const {
    for (const auto& [place, asked] : locks_.places_of(wait_.party.session)) {
      if (place.owner != wait_.party.owner) continue;
      const Lock& lock = *locks_.find(place.path);
      const bool holds = lock.holders.contains(asked);
      if (!lock.waiters.empty() && (holds || lock.waiters.rbegin()->first > asked)) return true;
    }
    return false;
  }

  // Follows all waits of the party of a step.
  std::vector<WaitEdge> follow_all(std::size_t step) {
    const Party party = steps_[step].party;
    for (const auto& [place, asked] : locks_.places_of(party.session)) {
      if (place.owner != party.owner) continue;
      const Lock& lock = *locks_.find(place.path);
      const auto waiter = lock.waiters.find(asked);
      if (waiter == lock.waiters.end()) continue;
      std::vector<WaitEdge> cycle = follow(step, {place.path, waiter->second.mode, asked});
      if (!cycle.empty()) return cycle;
    }
    return {};
  }

  std::vector<WaitEdge> follow(std::size_t step, const Wait& wait) {
    const Lock* lock = locks_.find(wait.path);
    if (lock == nullptr) return {};
    Seen& seen = seen_[wait.path];
    if (lock->holders_conflict(wait.mode) && !std::exchange(seen.holders, true)) {
      for (const auto& [asked, holder] : lock->holders) {
        if (reach(step, wait.path, holder.party)) return circle(step, wait.path);
      }
    }
    const bool exclusive = wait.mode == LockMode::kExclusive;
    Zxid& seen_to = exclusive ? seen.all : seen.exclusive;
    auto waiter = lock->waiters.lower_bound(std::max(seen.all, seen_to));
    for (; waiter != lock->waiters.end() && waiter->first < wait.asked; ++waiter) {
      if (!exclusive && waiter->second.mode == LockMode::kShared) continue;
      if (reach(step, wait.path, waiter->second.party)) return circle(step, wait.path);
    }
    seen_to = std::max(seen_to, wait.asked);
    return {};
  }

  // True when the circle is closed.
  bool reach(std::size_t step, const std::string& lock, Party party) {
    if (party.owner.is_none()) return false;
    if (party == wait_.party) return true;
    if (found_.insert(party).second) {
      steps_.push_back({.party = party, .previous = step, .lock = lock});
    }
    return false;
  }

  std::vector<WaitEdge> circle(std::size_t step, const std::string& last_lock) const {
    std::vector<WaitEdge> edges;
    std::string lock = last_lock;
    while (true) {
      const Step& at = steps_[step];
      edges.push_back({.session = at.party.session, .owner = at.party.owner, .path = lock});
      if (step == 0) break;
      lock = at.lock;
      step = at.previous;
    }
    std::reverse(edges.begin(), edges.end());
    return edges;
  }

  const LockTable& locks_;
  const NewWait& wait_;
  std::vector<Step> steps_;
  std::set<Party> found_;
  std::map<std::string, Seen> seen_;
};

}  // namespace

std::vector<WaitEdge> find_cycle(const LockTable& locks, const NewWait& wait) {
  return CycleSearch(locks, wait).run();
}

}  // namespace holdfast::state
