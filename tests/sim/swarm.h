#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/cluster.h"

namespace holdfast::sim {

// How often each kind of fault comes: the mean time between two of them; 0 = never in this run.
struct FaultRates {
  SimTime crash = 0;
  SimTime break_connection = 0;
  SimTime partition = 0;
  SimTime pause = 0;
  SimTime wipe = 0;
  SimTime resign = 0;
  SimTime purge = 0;
  SimTime downtime_max = 0;
  SimTime partition_max = 0;
  SimTime pause_max = 0;
  bool prefers_busy_victims =
      false;  // Crashes look for replicas within discovery, synchronization or a persist run.
  std::uint32_t silent_death_per_mille = 0;
};

struct WorkRates {
  SimTime every = 0;  // Mean time between two operations of clients.
  std::size_t payload_bytes_max = 0;
  std::uint64_t burst_max = 1;  // Proposals at once.
};

// A mistake of the surroundings, never of the core, to show that the checkers have teeth.
enum class Mistake { kNone, kReportsTooEarly, kDiskForgets };

// Everything that one seed decides about a run, before it begins. Which kinds of fault are on, how
// fast everything is, how small the limits are: drawn anew for each seed, so that runs differ in
// kind and not only in order (swarm testing).
struct Swarm {
  // What the run is about; of ordinary runs its number is the seed modulo kKinds.
  enum class Kind { kCrashes, kFiveVoters, kObservers, kArbitrary, kFirstStart, kArbitraryFive };
  static constexpr std::uint64_t kKinds = 6;

  Kind kind = Kind::kCrashes;
  Cluster::Design design;
  bool arbitrary_election = false;
  SimTime elect_every = 0;
  bool first_start = false;  // All disks are fresh; otherwise the cell has been provisioned before.
  FaultRates faults;
  WorkRates work;
  Mistake mistake = Mistake::kNone;
};

Swarm choose_swarm(std::uint64_t seed);
// For short runs that begin with histories that have diverged, and consist of elections,
// synchronizations and crashes in the midst of them. Three voters for two seeds in three, five
// for the third; two in three elect by whim.
Swarm choose_swarm_around_sync(std::uint64_t seed);
std::string to_string(Swarm::Kind kind);
std::string describe(const Swarm& swarm);

}  // namespace holdfast::sim
