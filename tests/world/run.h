#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/world/design.h"
#include "tests/world/story.h"
#include "tests/world/verdict.h"

namespace holdfast::world {

// One run: a seed, and what is left out of what the seed decides (for shorter runs of a failure).
struct RunPlan {
  std::uint64_t seed = 1;
  std::uint32_t without = 0;            // Faults left out, as bits.
  std::optional<std::size_t> clients;   // At most so many.
  std::optional<SimTime> faults_until;  // The faults end then.
  Mistake mistake = Mistake::kNone;
  Story::Detail detail = Story::Detail::kNone;
};

struct RunReport {
  std::optional<Violation> violation;
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  SimTime simulated = 0;
  std::uint64_t entries = 0;
  SimTime healing = 0;        // From the end of the faults until a new write was committed,
  SimTime healing_bound = 0;  // of at most so long.
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::vector<std::string> lines;
};

Design design_of(const RunPlan& plan);
RunReport run_design(const Design& design, Story::Detail detail);
RunReport run_seed(const RunPlan& plan);
// The options that repeat it.
std::string to_options(const RunPlan& plan);

// Everything that a large number of runs has to meet.
std::vector<std::string> expected_kinds();

}  // namespace holdfast::world
