#include "zab/invariants.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"

namespace holdfast::zab::testing {
namespace {

// A state that a core was in, to be broken by the test.
CoreState looking() {
  return Solo({.self = 1, .log = "1.1 1.2"}).core().state();
}

CoreState leading() {
  Solo solo({.self = 1, .log = "1.1 1.2"});
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.hear(conn, ack_epoch_of(kTwo));
  solo.hear(conn, AckNewLeader{kTwo});
  return solo.core().state();
}

CoreState following() {
  Solo solo({.self = 1, .log = "1.1 1.2"});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{kTwo, false});
  solo.hear(conn, Diff{kTwo, Zxid(kOne, 2)});
  solo.hear(conn, NewLeader{kTwo, Zxid(kOne, 2)});
  solo.hear(conn, UpToDate{kTwo, Zxid(kOne, 2)});
  return solo.core().state();
}

TEST(Invariants, RealStatesKeepThem) {
  EXPECT_EQ(check_basic(looking()), std::nullopt);
  EXPECT_EQ(check_basic(leading()), std::nullopt);
  EXPECT_EQ(check_basic(following()), std::nullopt);
}

// Each row breaks a state in one way; the finding has to name what is broken.
TEST(Invariants, EachBreachIsFound) {
  struct Case {
    CoreState state;
    std::function<void(CoreState&)> breach;
    std::string finding;
  };
  const std::vector<Case> cases = {
      {looking(), [](CoreState& s) { s.ground.promises.accepted = Epoch(); },
       "accepted >= current"},
      {looking(),
       [](CoreState& s) { s.ground.promises.accepted = s.ground.promises.current = Epoch(); },
       "epoch of the last entry"},
      {looking(), [](CoreState& s) { s.ground.promises.accepted = Epoch(0xffffffffU); }, "limit"},
      {following(), [](CoreState& s) { s.ground.committed = Zxid(); }, "delivered <= committed"},
      {following(), [](CoreState& s) { s.ground.delivery = Delivery(Zxid(kOne, 9)); },
       "delivered <= committed"},
      {following(), [](CoreState& s) { s.ground.log.truncate(Zxid(kOne, 1), Token(1000)); },
       "delivered <= durable"},
      {following(), [](CoreState& s) { s.ground.log.purge(Zxid(kOne, 1)); }, "durable image"},
      {following(),
       [](CoreState& s) {
         s.ground.delivery = Delivery(Zxid());
         s.ground.log.purge(Zxid(kOne, 2));
       },
       "base <= applied"},
      {looking(), [](CoreState& s) { s.ground.serving = true; }, "nobody serves while looking"},
      {leading(), [](CoreState& s) { s.ground.serving = false; }, "exactly when established"},
      {leading(), [](CoreState& s) { s.ground.promises.current = kOne; }, "its epoch its own"},
      {leading(), [](CoreState& s) { s.ground.promises.membership = Membership::kRejoining; },
       "only replicas that count lead"},
      {leading(), [](CoreState& s) { s.ground.log.truncate(Zxid(kOne, 1), Token(1000)); },
       "delivered <= durable"},
      {following(), [](CoreState& s) { s.ground.promises.accepted = Epoch(3); },
       "the epoch that it accepted"},
      {following(), [](CoreState& s) { s.ground.promises.current = kOne; },
       "NEWLEADER makes the epoch"},
      {looking(), [](CoreState& s) { s.ground.leave("x"); }, "no departure undone"},
  };
  for (const Case& one : cases) {
    CoreState state = one.state;
    one.breach(state);
    const auto finding = check_basic(state);
    ASSERT_TRUE(finding.has_value()) << one.finding;
    EXPECT_NE(finding->find(one.finding), std::string::npos) << *finding;
  }
}

TEST(Invariants, AStreamBeyondTheLogIsFound) {
  CoreState state = leading();
  state.ground.delivery = Delivery(Zxid());
  state.ground.log.truncate(Zxid(kOne, 1), Token(1000));
  const auto finding = check_basic(state);
  ASSERT_TRUE(finding.has_value());
  EXPECT_NE(finding->find("match <= cursor <= last"), std::string::npos) << *finding;
}

TEST(Invariants, AStoppedCoreIsNotJudged) {
  CoreState state = looking();
  state.ground.promises.accepted = Epoch();
  state.has_stopped = true;
  EXPECT_EQ(check_basic(state), std::nullopt);
}

TEST(Invariants, WhatNeverDecreasesIsComparedWithTheStateBefore) {
  const Milestones after = milestones_of(following());
  EXPECT_EQ(check_delta(after, after), std::nullopt);
  const auto found = [&](const std::function<void(Milestones&)>& change, const char* finding) {
    Milestones before = after;
    change(before);
    const auto broken = check_delta(before, after);
    ASSERT_TRUE(broken.has_value()) << finding;
    EXPECT_NE(broken->find(finding), std::string::npos) << *broken;
  };
  found([](Milestones& m) { m.accepted = Epoch(9); }, "accepted never");
  found([](Milestones& m) { m.current = Epoch(9); }, "current never");
  found([](Milestones& m) { m.committed = Zxid(kTwo, 9); }, "committed never");
  found([](Milestones& m) { m.delivered = Zxid(kTwo, 9); }, "delivered never");
  found([](Milestones& m) { m.applied = Zxid(kTwo, 9); }, "applied never");
  found([](Milestones& m) { m.image_durable = Zxid(kTwo, 9); }, "durable image");
  found([](Milestones& m) { m.base = Zxid(kTwo, 9); }, "base never");
  found([](Milestones& m) { m.persisted = Token(1'000'000); }, "persist queue");
  found([](Milestones& m) { m.role = 0; }, "new generation");
  Milestones reign = milestones_of(leading());
  Milestones other = reign;
  other.leading = Epoch(9);
  EXPECT_NE(check_delta(reign, other)->find("one reign"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::zab::testing
