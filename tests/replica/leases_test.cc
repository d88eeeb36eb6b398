#include "lockserver/replica/leases.h"

#include <gtest/gtest.h>

namespace holdfast::replica {
namespace {

constexpr SessionId kA(0x100000001);
constexpr SessionId kB(0x100000002);
constexpr Ticks kTick = 10;

// Ticks on time until a session is named; its name and when.
struct Named {
  std::vector<SessionId> sessions;
  Ticks at = 0;
};

class LeasesTest : public ::testing::Test {
 protected:
  void begin(std::vector<Leases::Lease> sessions) { leases.begin_reign(now, sessions); }
  Named run_to(Ticks end) {
    while (now < end) {
      now += kTick;
      if (auto expired = leases.on_tick(now); !expired.empty()) {
        return {expired, now};
      }
    }
    return {};
  }

  Leases leases;
  Ticks now = 0;
};

TEST_F(LeasesTest, ASilentSessionIsNamedOnceAfterItsLease) {
  begin({{kA, 1'000}});
  const Named named = run_to(5'000);
  EXPECT_EQ(named.sessions, std::vector<SessionId>{kA});
  EXPECT_GE(named.at, 1'000);
  EXPECT_LE(named.at, 1'000 + Leases::kOnTime + Leases::kBucket + 2 * kTick);
  EXPECT_TRUE(run_to(20'000).sessions.empty());
}

TEST_F(LeasesTest, ATouchGivesAFullLease) {
  begin({{kA, 1'000}});
  run_to(900);
  leases.touch(kA);
  EXPECT_GE(run_to(5'000).at, 1'900);
}

TEST_F(LeasesTest, ATouchAfterTheExpiryWasProposedDoesNotHelp) {
  begin({{kA, 1'000}});
  ASSERT_FALSE(run_to(5'000).sessions.empty());
  leases.touch(kA);
  leases.name_again(kA);  // The proposal failed.
  EXPECT_EQ(run_to(now + 100).sessions, std::vector<SessionId>{kA});
}

TEST_F(LeasesTest, ATouchThatComesBetweenTwoTicksIsHeard) {
  begin({{kA, 1'000}});
  const Named named = run_to(5'000);
  Leases again;
  again.begin_reign(0, {{kA, 1'000}});
  for (Ticks at = kTick; at < named.at; at += kTick) {
    ASSERT_TRUE(again.on_tick(at).empty());
  }
  again.touch(kA);
  EXPECT_TRUE(again.on_tick(named.at).empty());
}

TEST_F(LeasesTest, AKilledSessionKeepsWhatIsLeftOfItsLease) {
  begin({{kA, 1'000}});
  run_to(500);
  leases.freeze(kA);
  leases.touch(kA);
  const Named named = run_to(5'000);
  EXPECT_EQ(named.sessions, std::vector<SessionId>{kA});
  EXPECT_LT(named.at, 1'200);
}

TEST_F(LeasesTest, ALateTickMovesEveryDeadlineByItsLateness) {
  begin({{kA, 1'000}, {kB, 4'000}});
  run_to(900);
  now += 3'000;  // The process stood still.
  EXPECT_TRUE(leases.on_tick(now).empty());
  const Named named = run_to(20'000);
  EXPECT_EQ(named.sessions, std::vector<SessionId>{kA});
  EXPECT_GE(named.at, 1'000 + 3'000);
  EXPECT_LE(named.at, 1'000 + 3'000 + Leases::kSettle + Leases::kOnTime + Leases::kBucket + 50);
  const Named later = run_to(20'000);
  EXPECT_EQ(later.sessions, std::vector<SessionId>{kB});
  EXPECT_GE(later.at, 4'000 + 3'000);
}

TEST_F(LeasesTest, ARemovedSessionIsNotNamed) {
  begin({{kA, 1'000}});
  leases.remove(kA);
  EXPECT_TRUE(run_to(5'000).sessions.empty());
  EXPECT_EQ(leases.size(), 0U);
}

TEST_F(LeasesTest, OutsideAReignNobodyIsCounted) {
  leases.add({kA, 1'000});
  EXPECT_TRUE(run_to(5'000).sessions.empty());
  begin({{kA, 1'000}});
  leases.end_reign();
  EXPECT_TRUE(run_to(20'000).sessions.empty());
}

TEST_F(LeasesTest, ANewReignGivesFullLeases) {
  begin({{kA, 1'000}});
  run_to(950);
  begin({{kA, 1'000}});
  EXPECT_GE(run_to(5'000).at, 1'950);
}

TEST_F(LeasesTest, TwentyThousandTouchedSessionsAllLive) {
  std::vector<Leases::Lease> sessions;
  for (std::uint64_t id = 1; id <= 20'000; ++id) {
    sessions.push_back({SessionId(id), 12'000});
  }
  begin(sessions);
  for (int round = 0; round < 10; ++round) {
    EXPECT_TRUE(run_to(now + 4'000).sessions.empty());
    for (const Leases::Lease& lease : sessions) {
      leases.touch(lease.session);
    }
  }
  std::size_t named = 0;
  for (const Ticks end = now + 13'000; now < end;) {
    now += kTick;
    named += leases.on_tick(now).size();
  }
  EXPECT_EQ(named, sessions.size());
}

}  // namespace
}  // namespace holdfast::replica
