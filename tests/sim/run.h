#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/checkers.h"
#include "tests/sim/coverage.h"
#include "tests/sim/swarm.h"
#include "tests/sim/trace.h"

namespace holdfast::sim {

// What a run consists of.
enum class Course {
  kWhole,      // A cell that starts with empty disks, in all kinds of trouble.
  kAroundSync  // A cell with a past, in elections and synchronizations; most runs end with that.
};
// Of the phase with faults.
constexpr std::uint64_t steps_of(Course course) {
  return course == Course::kWhole ? 2000 : 200;
}

struct RunPlan {
  std::uint64_t seed = 1;
  Course course = Course::kWhole;
  std::uint64_t steps = steps_of(Course::kWhole);
  Trace::Keep trace = Trace::Keep::kNothing;
  Mistake mistake = Mistake::kNone;
};

struct RunReport {
  std::optional<Violation> violation;
  Coverage coverage;
  std::uint64_t hash = 0;  // Of everything that happened.
  std::uint64_t steps = 0;
  SimTime healing = 0;  // From the end of the faults until the cell had converged.
  SimTime healing_bound = 0;
  std::vector<std::string> last_lines;
};

// One run: first faults, with all safety checks; then everything is healed, and the cell has to
// come to one serving leader with all replicas active, and to commit and apply a fresh proposal
// everywhere, within a bound.
RunReport run_seed(const RunPlan& plan);

// What the seed decides.
Swarm swarm_of(const RunPlan& plan);

// The command that repeats the run and prints everything.
std::string replay_command(const RunPlan& plan);

}  // namespace holdfast::sim
