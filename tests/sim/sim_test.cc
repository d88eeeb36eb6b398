#include <string>

#include <gtest/gtest.h>

#include "tests/sim/run.h"

// A few hundred runs of simulated cells of cores; holdfast_core_sim does as many as one likes.
// Seeds of one kind of run are those with the same remainder by Swarm::kKinds.

namespace holdfast::sim {
namespace {

constexpr std::uint64_t kSeedsOfAKind = 100;

std::string story(const RunPlan& plan, const RunReport& report) {
  RunPlan again = plan;
  again.trace = Trace::Keep::kLastLines;
  std::string out;
  for (const std::string& line : run_seed(again).last_lines) out += line + "\n";
  return out + "seed " + std::to_string(plan.seed) + ": " + report.violation->invariant + ": " +
         report.violation->facts + "\nreplay: " + replay_command(plan);
}

RunReport run_and_expect_safety(std::uint64_t seed) {
  const RunPlan plan{.seed = seed};
  SCOPED_TRACE("replay: " + replay_command(plan));
  RunReport report = run_seed(plan);
  if (report.violation) ADD_FAILURE() << story(plan, report);
  return report;
}

void run_kind(Swarm::Kind kind) {
  const auto remainder = static_cast<std::uint64_t>(kind);
  for (std::uint64_t i = 0; i < kSeedsOfAKind; ++i) {
    run_and_expect_safety(Swarm::kKinds * (i + 1) + remainder);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(CoreSimulation, ThreeVotersKeepTheirPromisesThroughCrashes) {
  run_kind(Swarm::Kind::kCrashes);
}

TEST(CoreSimulation, FiveVotersKeepTheirPromises) {
  run_kind(Swarm::Kind::kFiveVoters);
}

TEST(CoreSimulation, ObserversFollowAndAreNeverCounted) {
  run_kind(Swarm::Kind::kObservers);
}

TEST(CoreSimulation, SafetyDoesNotRestOnElection) {
  run_kind(Swarm::Kind::kArbitrary);
}

TEST(CoreSimulation, SafetyDoesNotRestOnElectionAmongFive) {
  run_kind(Swarm::Kind::kArbitraryFive);
}

TEST(CoreSimulation, ACellStartsForTheFirstTimeThroughFaults) {
  run_kind(Swarm::Kind::kFirstStart);
}

// Seeds of short runs need no order: their kinds are mixed.
TEST(CoreSimulation, SynchronizationOfDivergedHistoriesIsSafe) {
  Coverage coverage;
  for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
    const RunPlan plan{
        .seed = seed, .course = Course::kAroundSync, .steps = steps_of(Course::kAroundSync)};
    SCOPED_TRACE("replay: " + replay_command(plan));
    const RunReport report = run_seed(plan);
    if (report.violation) FAIL() << story(plan, report);
    coverage.add(report.coverage);
  }
  for (const char* kind :
       {"crash within a sync", "crash loses queued operations", "crash of all", "DIFF", "TRUNC",
        "TRUNC followed by entries", "SNAP", "image installed", "late joiner",
        "joiner before establishment", "epoch promised before", "resigns before a newer history",
        "resigns before a higher promise", "start with entries newer than current epoch",
        "run of entries within a sync", "log read from disk", "purge", "forged election"}) {
    EXPECT_GT(coverage.of(kind), 0U) << "never met: " << kind;
  }
}

// 19536: two voters waited for a leader that had resigned while they were on their way to it, and
// it for their votes. The others: leaders to whom no quorum came, and those who had come to them,
// waited until the time for initialization was over.
TEST(CoreSimulation, SeedsThatHaveFailedPass) {
  for (const std::uint64_t seed : {19'536U, 8'044'592U, 8'360'096U, 9'270'096U}) {
    // Every so many short runs have to converge.
    const RunPlan plan{.seed = seed, .course = Course::kAroundSync, .steps = 200};
    const RunReport report = run_seed(plan);
    if (report.violation) ADD_FAILURE() << story(plan, report);
    EXPECT_GT(report.healing_bound, 0);
  }
}

// Seeds of their own, so that this test says by itself whether the generator still reaches
// everything.
TEST(CoreSimulation, EveryKindOfFaultAndSynchronizationIsMet) {
  Coverage coverage;
  for (std::uint64_t seed = 10'000; seed < 10'120; ++seed) {
    coverage.add(run_and_expect_safety(seed).coverage);
    if (testing::Test::HasFailure()) return;
  }
  for (const std::string& kind : Coverage::expected()) {
    EXPECT_GT(coverage.of(kind), 0U) << "never met: " << kind;
  }
}

TEST(CoreSimulation, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 20'000; seed < 20'012; ++seed) {
    const RunPlan plan{.seed = seed, .steps = 1000};
    EXPECT_EQ(run_seed(plan).hash, run_seed(plan).hash) << "seed " << seed;
    const RunPlan brief{.seed = seed, .course = Course::kAroundSync, .steps = 200};
    EXPECT_EQ(run_seed(brief).hash, run_seed(brief).hash) << "seed " << seed;
  }
}

// The checkers are no better than the mistakes that they notice.
TEST(CoreSimulation, ADriverThatReportsCompletionsTooEarlyIsNoticed) {
  const RunReport report = run_seed({.seed = 30'000, .mistake = Mistake::kReportsTooEarly});
  ASSERT_TRUE(report.violation.has_value());
  EXPECT_EQ(report.violation->invariant, "DURABLE-BEFORE-SEND");
}

TEST(CoreSimulation, ADiskThatForgetsWhatItHadCompletedIsNoticed) {
  std::uint64_t noticed = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::uint64_t seed = Swarm::kKinds * (5'000 + i);
    const RunReport report = run_seed({.seed = seed, .mistake = Mistake::kDiskForgets});
    if (report.violation.has_value()) ++noticed;
  }
  EXPECT_GT(noticed, 10U);
  noticed = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const RunPlan plan{.seed = seed,
                       .course = Course::kAroundSync,
                       .steps = 200,
                       .mistake = Mistake::kDiskForgets};
    if (run_seed(plan).violation.has_value()) ++noticed;
  }
  EXPECT_GT(noticed, 20U);
}

}  // namespace
}  // namespace holdfast::sim
