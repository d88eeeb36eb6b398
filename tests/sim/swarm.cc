#include "tests/sim/swarm.h"

#include "zab/base/check.h"

namespace holdfast::sim {
namespace {

// A number in [low, high].
std::uint64_t between(Random& random, std::uint64_t low, std::uint64_t high) {
  return low + random.below(high - low + 1);
}

SimTime ms_between(Random& random, std::uint64_t low, std::uint64_t high) {
  return static_cast<SimTime>(between(random, low, high)) * kMillisecond;
}

zab::Config choose_config(Random& random, Swarm::Kind kind) {
  std::uint64_t voters = 3;
  std::uint64_t observers = 0;
  if (kind == Swarm::Kind::kFiveVoters || kind == Swarm::Kind::kArbitraryFive) voters = 5;
  if (kind == Swarm::Kind::kFirstStart) voters = 1 + 2 * random.below(3);
  if (kind == Swarm::Kind::kObservers) observers = between(random, 1, 2);
  zab::Config config;
  for (std::uint64_t i = 1; i <= voters; ++i) config.voters.push_back(ServerId(i));
  for (std::uint64_t i = 1; i <= observers; ++i) config.observers.push_back(ServerId(voters + i));
  return config;
}

zab::Options choose_options(Random& random) {
  zab::Options options;
  options.heartbeat = static_cast<Ticks>(between(random, 20, 60));
  options.failure_timeout = options.heartbeat * static_cast<Ticks>(between(random, 4, 10));
  options.init_timeout = options.failure_timeout * static_cast<Ticks>(between(random, 1, 3));
  options.finalize = static_cast<Ticks>(between(random, 5, 40));
  options.resend_min = static_cast<Ticks>(between(random, 10, 50));
  options.resend_max = options.resend_min * static_cast<Ticks>(between(random, 1, 6));
  options.log_window_bytes = random.below(400);
  options.proposal_run_bytes = between(random, 1, 120);
  options.learner_in_flight_bytes = between(random, 100, 2000);
  options.in_flight_entries = between(random, 1, 60);
  options.in_flight_bytes = between(random, 50, 4000);
  options.snap_chunk_bytes = between(random, 8, 60);
  options.snap_chunks_in_flight = between(random, 1, 4);
  const std::uint32_t snap_percents[] = {0, 1, 33, 100};
  options.snap_percent = snap_percents[random.below(4)];
  if (random.chance(1, 4)) {
    options.counter_max = static_cast<std::uint32_t>(between(random, 15, 60));
    options.counter_reserve = static_cast<std::uint32_t>(between(random, 1, 8));
  }
  return options;
}

Replica::Timing choose_timing(Random& random) {
  Replica::Timing timing;
  timing.disk_min = static_cast<SimTime>(random.below(200));
  timing.disk_max = timing.disk_min + static_cast<SimTime>(random.below(8000));
  if (random.chance(1, 2)) {
    timing.stall_per_mille = static_cast<std::uint32_t>(between(random, 1, 60));
    timing.stall_max = ms_between(random, 20, 800);
  }
  timing.batch_ops_max = random.chance(1, 3) ? 1 : between(random, 2, 20);
  timing.apply_max = static_cast<SimTime>(random.below(6000));
  timing.read_max = static_cast<SimTime>(random.below(6000));
  timing.image_sync_every = ms_between(random, 5, 400);
  timing.tick_every = ms_between(random, 3, 15);
  timing.image_filler_bytes_max = random.below(400);
  timing.tail_entries_max = random.below(60);
  timing.refuse_forwards_per_mille = 100;
  return timing;
}

Network::Timing choose_network(Random& random) {
  Network::Timing timing;
  timing.delay_min = static_cast<SimTime>(random.below(300));
  timing.delay_max = timing.delay_min + static_cast<SimTime>(random.below(6000));
  if (random.chance(1, 2)) {
    timing.slow_per_mille = static_cast<std::uint32_t>(between(random, 1, 40));
    timing.slow_max = ms_between(random, 10, 300);
  }
  timing.notice_max = ms_between(random, 0, 100);
  timing.dial_timeout = ms_between(random, 50, 300);
  timing.notification_loss_per_mille = static_cast<std::uint32_t>(random.below(200));
  timing.notification_repeat_per_mille = static_cast<std::uint32_t>(random.below(200));
  return timing;
}

// Each kind of fault is on in some runs only, at a rate of its own.
SimTime sometimes(Random& random, std::uint64_t low_ms, std::uint64_t high_ms) {
  const SimTime every = ms_between(random, low_ms, high_ms);
  return random.chance(1, 2) ? every : 0;
}

FaultRates choose_faults(Random& random, Swarm::Kind kind) {
  FaultRates rates;
  rates.crash =
      kind == Swarm::Kind::kCrashes ? ms_between(random, 10, 150) : sometimes(random, 15, 300);
  rates.break_connection = sometimes(random, 15, 300);
  rates.partition = sometimes(random, 50, 500);
  rates.pause = sometimes(random, 50, 500);
  rates.resign = sometimes(random, 50, 600);
  rates.purge = sometimes(random, 20, 400);
  rates.wipe = random.chance(1, 6) ? ms_between(random, 200, 1000) : 0;
  rates.downtime_max = ms_between(random, 2, 200);
  rates.partition_max = ms_between(random, 50, 1000);
  rates.pause_max = ms_between(random, 10, 800);
  rates.prefers_busy_victims = random.chance(2, 3);
  rates.silent_death_per_mille = random.chance(1, 3) ? 300 : 0;
  return rates;
}

}  // namespace

Swarm choose_swarm(std::uint64_t seed) {
  Random random(seed * 0x9e3779b97f4a7c15ULL + 1);
  Swarm swarm;
  swarm.kind = static_cast<Swarm::Kind>(seed % Swarm::kKinds);
  swarm.arbitrary_election =
      swarm.kind == Swarm::Kind::kArbitrary || swarm.kind == Swarm::Kind::kArbitraryFive;
  swarm.first_start = swarm.kind == Swarm::Kind::kFirstStart;
  swarm.design.seed = random.next();
  swarm.design.options = choose_options(random);
  swarm.design.options.config = choose_config(random, swarm.kind);
  swarm.design.timing = choose_timing(random);
  swarm.design.network = choose_network(random);
  swarm.design.clock_ppm_max = random.chance(1, 2) ? 0 : between(random, 100, 100'000);
  swarm.design.reports_refusals = random.chance(3, 4);
  swarm.design.swallows_notifications = swarm.arbitrary_election;
  swarm.elect_every = ms_between(random, 20, 300);
  swarm.faults = choose_faults(random, swarm.kind);
  swarm.work = {.every = static_cast<SimTime>(between(random, 500, 30'000)),
                .payload_bytes_max = random.below(60),
                .burst_max = between(random, 1, 6)};
  return swarm;
}

Swarm choose_swarm_around_sync(std::uint64_t seed) {
  Random random(seed * 0x9e3779b97f4a7c15ULL + 2);
  Swarm swarm;
  const bool five = seed % 3 == 2;
  swarm.arbitrary_election = random.chance(2, 3);
  swarm.kind =
      five ? swarm.arbitrary_election ? Swarm::Kind::kArbitraryFive : Swarm::Kind::kFiveVoters
      : swarm.arbitrary_election ? Swarm::Kind::kArbitrary
                                 : Swarm::Kind::kCrashes;
  swarm.design.seed = random.next();
  swarm.design.options = choose_options(random);
  swarm.design.options.config = choose_config(random, swarm.kind);
  swarm.design.options.finalize = 2;
  swarm.design.options.resend_min = 5;
  swarm.design.options.resend_max = 10;
  swarm.design.timing = choose_timing(random);
  swarm.design.timing.stall_per_mille = 0;
  swarm.design.timing.disk_max = swarm.design.timing.disk_min + ms_between(random, 0, 4);
  swarm.design.timing.apply_max = ms_between(random, 0, 1);
  swarm.design.timing.read_max = ms_between(random, 0, 1);
  swarm.design.timing.tick_every = ms_between(random, 4, 10);
  swarm.design.network = choose_network(random);
  swarm.design.network.slow_per_mille = 0;
  swarm.design.network.delay_max = swarm.design.network.delay_min + ms_between(random, 0, 2);
  swarm.design.network.notice_max = ms_between(random, 0, 10);
  swarm.design.swallows_notifications = swarm.arbitrary_election;
  swarm.elect_every = ms_between(random, 4, 25);
  swarm.faults.crash = ms_between(random, 3, 30);
  swarm.faults.break_connection = sometimes(random, 5, 40);
  swarm.faults.resign = sometimes(random, 10, 60);
  swarm.faults.purge = sometimes(random, 10, 60);
  swarm.faults.downtime_max = ms_between(random, 1, 12);
  swarm.faults.prefers_busy_victims = random.chance(3, 4);
  swarm.work = {.every = static_cast<SimTime>(between(random, 200, 4'000)),
                .payload_bytes_max = random.below(20),
                .burst_max = between(random, 1, 3)};
  return swarm;
}

std::string to_string(Swarm::Kind kind) {
  switch (kind) {
    case Swarm::Kind::kCrashes:
      return "three voters, many crashes";
    case Swarm::Kind::kFiveVoters:
      return "five voters";
    case Swarm::Kind::kObservers:
      return "three voters and observers";
    case Swarm::Kind::kArbitrary:
      return "three voters, arbitrary election";
    case Swarm::Kind::kFirstStart:
      return "first start";
    case Swarm::Kind::kArbitraryFive:
      return "five voters, arbitrary election";
  }
  HOLDFAST_CHECK(false, "no such kind of run");
}

std::string describe(const Swarm& swarm) {
  const auto ms = [](SimTime time) { return std::to_string(time / kMillisecond); };
  const zab::Options& options = swarm.design.options;
  return to_string(swarm.kind) + ": heartbeat=" + std::to_string(options.heartbeat) +
         " failure=" + std::to_string(options.failure_timeout) +
         " init=" + std::to_string(options.init_timeout) +
         " counter_max=" + std::to_string(options.counter_max) +
         " snap_percent=" + std::to_string(options.snap_percent) +
         " disk<=" + ms(swarm.design.timing.disk_max) +
         "ms net<=" + ms(swarm.design.network.delay_max) +
         "ms every(ms): crash=" + ms(swarm.faults.crash) +
         " break=" + ms(swarm.faults.break_connection) + " cut=" + ms(swarm.faults.partition) +
         " pause=" + ms(swarm.faults.pause) + " wipe=" + ms(swarm.faults.wipe) +
         " resign=" + ms(swarm.faults.resign) + " purge=" + ms(swarm.faults.purge);
}

}  // namespace holdfast::sim
