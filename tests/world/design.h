#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lockserver/state/state_machine.h"
#include "tests/world/disk.h"
#include "tests/world/network.h"
#include "zab/types.h"

namespace holdfast::world {

enum class Fault : std::uint8_t {
  kBreak,        // A connection between any two machines.
  kIsolate,      // A replica from all others, clients too or not.
  kHalves,       // Replicas and clients fall into two parts.
  kOneWay,       // One direction of one link.
  kHub,          // Replicas see each other only by way of one.
  kClientCut,    // A client from one or all replicas.
  kCrash,        // A process ends; the machine goes on.
  kPowerLoss,    // The machine ends: what was not synced may be lost, and nobody is told.
  kCrashAll,     // All machines at once.
  kStorm,        // One replica after the other, again and again.
  kStop,         // SIGTERM.
  kPause,        // Of a replica's process.
  kClientPause,  // Of a client's process.
  kClientCrash,  // A client's process ends and starts anew.
  kSlowDisk,     // For a while.
  kStalledDisk,  // Completes nothing for a while.
  kFailedSync,   // The next sync fails.
  kFullDisk,     // The reserve is touched, or there is no room at all.
  kDamage,       // An entry of the log cannot be read: the disk is rebuilt from the peers.
  kWipe,         // The disk is lost.
  kClockRate,    // Within the bound of the lease rule.
  kWallJump,     // The wall clock jumps.
  kSlowNetwork,  // For a while.
};
inline constexpr std::size_t kFaults = 23;
std::string to_string(Fault fault);

// A mistake of the surroundings or of a client, never of the product, to show that the checkers
// see it.
enum class Mistake : std::uint8_t {
  kNone,
  kDiskLies,      // Says "done" too early and forgets at a crash.
  kClockTooSlow,  // A client's clock beyond the bound: it holds on too long.
  kAppliesTwice,  // The ledger is given an entry a second time under the next zxid.
  kImageRots,     // A record of an image on disk changes.
  kAnswerForged,  // A client is shown another value than the replica said.
  kEventDropped,  // A client is not told an event.
  kEventRepeated,
  kNeverHeals,      // The network stays cut.
  kEphemeralStays,  // The checkers are told of a session's end without that of its nodes.
  kHeldByTwo,       // The checkers are told of a second exclusive holder.
};

struct FaultPlan {
  std::array<SimTime, kFaults> every{};  // Mean time between two; 0: not in this run.
  SimTime down_max = 0;
  SimTime cut_max = 0;
  SimTime pause_max = 0;
  SimTime slow_max = 0;
};

struct WorkPlan {
  std::size_t clients = 3;
  SimTime think = 0;  // Mean time between two calls of one client.
  std::size_t open_calls_max = 1;
  std::size_t nodes = 4;
  std::size_t locks = 3;
  std::size_t payload_bytes_max = 0;
  SimTime hold_max = 0;  // Of a lock.
  Ticks lease_min_ms = 1'000;
  Ticks lease_max_ms = 1'000;
  Ticks grace_ms = 45'000;
  std::uint32_t lock_percent = 25;  // Of all calls.
  std::uint32_t odd_percent = 10;   // Calls that are bound to be refused, and operators'.
};

// Everything that one seed decides about a run before it begins. Which kinds of fault come, how
// often, how fast everything is and how small the limits are is drawn anew for each seed, so that
// runs differ in kind and not only in order (swarm testing).
struct Design {
  std::uint64_t seed = 1;
  std::size_t voters = 3;
  std::size_t observers = 0;
  SimTime faults_until = 0;
  SimTime tick_every = 0;
  std::int64_t clock_ppm_max = 0;
  zab::Options core;  // Without self, incarnation, config and seed.
  state::StateLimits limits;
  Ticks no_leader_hold_ms = 3'000;
  Ticks keep_alive_gather_ms = 50;
  Ticks image_flush_ms = 1'000;
  Ticks image_sync_ms = 30'000;
  std::uint64_t log_bytes_max = 256ULL << 20U;
  std::size_t tail_bytes_max = 1U << 20U;
  Network::Timing network;
  DiskTemper disk;
  FaultPlan faults;
  WorkPlan work;
  Mistake mistake = Mistake::kNone;
  std::uint64_t check_own_every = 1;  // Inputs between two looks at a core's own invariants.
};

Design choose_design(std::uint64_t seed);
// No fault, fast and regular: for measurements and as the simplest run.
Design calm_design(std::uint64_t seed);
std::string describe(const Design& design);

}  // namespace holdfast::world
