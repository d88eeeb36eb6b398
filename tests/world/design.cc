#include "tests/world/design.h"

#include <algorithm>

#include "tests/world/host_clock.h"
#include "zab/base/random.h"

namespace holdfast::world {
namespace {

std::uint64_t between(Random& dice, std::uint64_t low, std::uint64_t high) {
  return low + dice.below(high - low + 1);
}

SimTime ms_between(Random& dice, std::uint64_t low, std::uint64_t high) {
  return static_cast<SimTime>(between(dice, low, high)) * kMillisecond;
}

zab::Options choose_core(Random& dice) {
  zab::Options options;
  if (dice.chance(1, 4)) return options;  // As delivered.
  options.heartbeat = static_cast<Ticks>(between(dice, 40, 120));
  options.failure_timeout = options.heartbeat * static_cast<Ticks>(between(dice, 5, 10));
  options.init_timeout = options.failure_timeout * static_cast<Ticks>(between(dice, 1, 3));
  options.finalize = static_cast<Ticks>(between(dice, 5, 60));
  options.resend_min = static_cast<Ticks>(between(dice, 20, 60));
  options.resend_max = options.resend_min * static_cast<Ticks>(between(dice, 1, 20));
  if (dice.chance(1, 2)) options.log_window_bytes = between(dice, 200, 20'000);
  if (dice.chance(1, 3)) options.proposal_run_bytes = between(dice, 1, 2'000);
  if (dice.chance(1, 3)) options.learner_in_flight_bytes = between(dice, 500, 20'000);
  if (dice.chance(1, 4)) options.in_flight_entries = between(dice, 1, 20);
  if (dice.chance(1, 4)) options.in_flight_bytes = between(dice, 500, 20'000);
  if (dice.chance(1, 2)) options.snap_chunk_bytes = between(dice, 100, 5'000);
  options.snap_chunks_in_flight = between(dice, 1, 4);
  const std::uint32_t percents[] = {0, 1, 33, 100};
  options.snap_percent = percents[dice.below(4)];
  if (dice.chance(1, 4)) {
    options.counter_max = static_cast<std::uint32_t>(between(dice, 60, 400));
    options.counter_reserve = static_cast<std::uint32_t>(between(dice, 1, 20));
  }
  return options;
}

state::StateLimits choose_limits(Random& dice) {
  state::StateLimits limits = state::StateLimits::defaults();
  if (dice.chance(1, 3)) limits.event_history_bytes = between(dice, 500, 20'000);
  if (dice.chance(1, 6)) limits.state_bytes_max = between(dice, 20'000, 60'000);
  if (dice.chance(1, 8)) limits.sessions_max = between(dice, 2, 6);
  return limits;
}

Network::Timing choose_network(Random& dice) {
  Network::Timing timing;
  timing.delay_min = static_cast<SimTime>(dice.below(500));
  timing.delay_max = timing.delay_min + static_cast<SimTime>(dice.below(6'000));
  if (dice.chance(1, 2)) {
    timing.slow_per_mille = static_cast<std::uint32_t>(between(dice, 1, 30));
    timing.slow_max = ms_between(dice, 10, 200);
  }
  if (dice.chance(1, 2)) timing.split_per_mille = static_cast<std::uint32_t>(between(dice, 1, 300));
  return timing;
}

DiskTemper choose_disk(Random& dice) {
  DiskTemper temper;
  temper.log_min = static_cast<SimTime>(dice.below(300));
  temper.log_max = temper.log_min + static_cast<SimTime>(dice.below(8'000));
  if (dice.chance(1, 3)) {
    temper.stall_per_mille = static_cast<std::uint32_t>(between(dice, 1, 30));
    temper.stall_max = ms_between(dice, 20, 600);
  }
  temper.image_max = ms_between(dice, 1, 40);
  temper.batch_max = dice.chance(1, 3) ? 1 : between(dice, 2, 64);
  return temper;
}

struct Often {
  Fault fault;
  std::uint64_t chance_in_12;  // That it comes in a run at all.
  std::uint64_t low_ms;
  std::uint64_t high_ms;
};
constexpr Often kOften[] = {
    {Fault::kBreak, 6, 60, 2'000},         {Fault::kIsolate, 4, 1'000, 5'000},
    {Fault::kHalves, 3, 1'000, 5'000},     {Fault::kOneWay, 4, 800, 4'000},
    {Fault::kHub, 3, 1'500, 6'000},        {Fault::kClientCut, 4, 500, 3'000},
    {Fault::kCrash, 5, 400, 4'000},        {Fault::kPowerLoss, 4, 600, 4'000},
    {Fault::kCrashAll, 2, 2'000, 8'000},   {Fault::kStorm, 2, 2'000, 8'000},
    {Fault::kStop, 3, 1'000, 6'000},       {Fault::kPause, 4, 700, 4'000},
    {Fault::kClientPause, 4, 500, 3'000},  {Fault::kClientCrash, 3, 700, 4'000},
    {Fault::kSlowDisk, 3, 1'000, 5'000},   {Fault::kStalledDisk, 3, 1'000, 5'000},
    {Fault::kFailedSync, 2, 1'000, 6'000}, {Fault::kFullDisk, 3, 1'500, 6'000},
    {Fault::kDamage, 2, 1'000, 5'000},     {Fault::kWipe, 2, 2'000, 8'000},
    {Fault::kClockRate, 4, 500, 3'000},    {Fault::kWallJump, 3, 500, 4'000},
    {Fault::kSlowNetwork, 3, 1'500, 6'000}};
static_assert(std::size(kOften) == kFaults);

FaultPlan choose_faults(Random& dice) {
  FaultPlan plan;
  for (const Often& often : kOften) {
    const SimTime every = ms_between(dice, often.low_ms, often.high_ms);
    const bool comes = dice.chance(often.chance_in_12, 12);
    plan.every[static_cast<std::size_t>(often.fault)] = comes ? every : 0;
  }
  plan.down_max = ms_between(dice, 20, 2'000);
  plan.cut_max = ms_between(dice, 100, 4'000);
  plan.pause_max = ms_between(dice, 50, 4'000);
  plan.slow_max = ms_between(dice, 100, 3'000);
  return plan;
}

WorkPlan choose_work(Random& dice) {
  WorkPlan work;
  work.clients = dice.chance(1, 12) ? between(dice, 20, 60) : between(dice, 1, 8);
  work.think = ms_between(dice, 5, 120);
  work.open_calls_max = dice.chance(1, 2) ? 1 : between(dice, 2, 12);
  work.nodes = between(dice, 2, 8);
  work.locks = between(dice, 1, 5);
  work.payload_bytes_max = dice.chance(1, 4) ? 2'000 : between(dice, 0, 100);
  work.hold_max = ms_between(dice, 10, 2'500);
  work.lease_min_ms = 1'000;
  work.lease_max_ms = static_cast<Ticks>(between(dice, 1'000, 4'000));
  work.grace_ms = dice.chance(1, 2) ? 45'000 : static_cast<Ticks>(between(dice, 200, 4'000));
  work.lock_percent = static_cast<std::uint32_t>(between(dice, 10, 70));
  work.odd_percent = static_cast<std::uint32_t>(between(dice, 2, 20));
  return work;
}

}  // namespace

std::string to_string(Fault fault) {
  static constexpr const char* kNames[] = {"broken connection",
                                           "isolated replica",
                                           "halves",
                                           "one-way link",
                                           "hub",
                                           "client cut off",
                                           "crash",
                                           "power loss",
                                           "crash of all",
                                           "restart storm",
                                           "told to stop",
                                           "pause",
                                           "client paused",
                                           "client crash",
                                           "slow disk",
                                           "stalled disk",
                                           "failed sync",
                                           "full disk",
                                           "damaged disk",
                                           "wiped disk",
                                           "clock rate",
                                           "wall clock jump",
                                           "slow network"};
  static_assert(std::size(kNames) == kFaults);
  return kNames[static_cast<std::size_t>(fault)];
}

Design choose_design(std::uint64_t seed) {
  Random dice(seed * 0xd1342543de82ef95ULL + 1);
  Design design;
  design.seed = seed;
  const std::size_t voters[] = {1, 3, 3, 3, 3, 3, 5, 5};
  design.voters = voters[dice.below(8)];
  design.observers = dice.chance(1, 4) ? between(dice, 1, 2) : 0;
  design.faults_until = ms_between(dice, 3'000, 9'000);
  design.tick_every = ms_between(dice, 8, 35);
  design.clock_ppm_max = dice.chance(1, 2) ? 0 : HostClock::kPpmMax;
  design.core = choose_core(dice);
  design.limits = choose_limits(dice);
  if (dice.chance(1, 3)) design.no_leader_hold_ms = static_cast<Ticks>(between(dice, 50, 1'000));
  design.image_flush_ms = static_cast<Ticks>(between(dice, 20, 1'000));
  design.image_sync_ms = static_cast<Ticks>(between(dice, 50, 5'000));
  if (dice.chance(1, 2)) design.log_bytes_max = between(dice, 2'000, 60'000);
  if (dice.chance(1, 2)) design.tail_bytes_max = between(dice, 0, 5'000);
  design.network = choose_network(dice);
  design.disk = choose_disk(dice);
  design.faults = choose_faults(dice);
  design.work = choose_work(dice);
  design.check_own_every = 8;
  design.keep_alive_gather_ms = static_cast<Ticks>(between(dice, 0, 60));
  return design;
}

Design calm_design(std::uint64_t seed) {
  Design design;
  design.seed = seed;
  design.faults_until = 10 * kSecond;
  design.tick_every = 20 * kMillisecond;
  design.limits = state::StateLimits::defaults();
  design.network = {.delay_min = 100, .delay_max = 400};
  design.disk = {.log_min = 200, .log_max = 1'000, .image_max = kMillisecond, .batch_max = 64};
  design.work = {.clients = 10,
                 .think = 100 * kMillisecond,
                 .open_calls_max = 2,
                 .nodes = 8,
                 .locks = 4,
                 .payload_bytes_max = 100,
                 .hold_max = 200 * kMillisecond,
                 .lease_min_ms = 12'000,
                 .lease_max_ms = 12'000};
  design.check_own_every = 8;
  return design;
}

std::string describe(const Design& design) {
  std::string text = std::to_string(design.voters) + " voters, " +
                     std::to_string(design.observers) + " observers, " +
                     std::to_string(design.work.clients) + " clients; heartbeat " +
                     std::to_string(design.core.heartbeat) + " ms, failure timeout " +
                     std::to_string(design.core.failure_timeout) + " ms, tick " +
                     std::to_string(design.tick_every / kMillisecond) + " ms; faults for " +
                     std::to_string(design.faults_until / kMillisecond) + " ms:";
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (design.faults.every[i] == 0) continue;
    text += " " + to_string(static_cast<Fault>(i)) + " every " +
            std::to_string(design.faults.every[i] / kMillisecond) + " ms,";
  }
  text.back() = '.';
  return text;
}

}  // namespace holdfast::world
