#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "tests/explore/world.h"

namespace holdfast::explore {

struct Limits {
  unsigned depth = 0;  // Actions from the start; 0: no limit.
  std::uint64_t states = 0;
  std::uint64_t memory_bytes = 0;
  double seconds = 0;
};

struct Progress {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  unsigned depth = 0;         // Of the states that are looked at now.
  std::uint64_t waiting = 0;  // States of that depth and the next whose actions are not tried yet.
  double seconds = 0;
};

struct Report : Progress {
  std::optional<sim::Violation> violation;
  std::vector<Action> path;  // The shortest way from the start to the violation.
  bool is_complete = false;  // Every state within the budget was looked at.
};

// Looks at every state that a cell can come to, nearest first. A state is known again by 64 bits of
// hash: of 10^8 states, about one in 10^4 searches would pass over one.
class Search {
 public:
  Search(World& world, const Limits& limits) : world_(world), limits_(limits) {}

  // `on_progress` is called every now and then.
  Report run(const Cell& start, const std::function<void(const Progress&)>& on_progress);

  // The way to what is being tried just now; for a core that aborts.
  std::vector<Action> path_to_attempt() const;

 private:
  // How a state was reached first.
  struct Origin {
    std::uint32_t from = 0;
    std::uint32_t action = 0;
  };

  void expand(const Cell& cell, std::uint32_t number);
  bool is_over_limit();
  std::vector<Action> path_to(std::uint32_t number) const;

  World& world_;
  Limits limits_;
  Report report_;
  boost::unordered_flat_set<std::uint64_t> seen_;
  std::deque<Origin> origins_;  // By number of the state; number 0 is the start.
  std::deque<Cell> next_;
  std::vector<Action> actions_;
  std::uint32_t expanding_ = 0;
  Action trying_;
};

// Of this process, now and at most so far.
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

}  // namespace holdfast::explore
