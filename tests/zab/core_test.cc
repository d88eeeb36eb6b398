#include "zab/core.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/core_state.h"
#include "zab/state_hash.h"

namespace holdfast::zab::testing {
namespace {

DurableState provisioned(Epoch accepted, Epoch current) {
  return DurableState{.membership = Membership::kProvisioned,
                      .accepted = accepted,
                      .current = current,
                      .base = Zxid(),
                      .epochs = {EpochEnd{}},
                      .applied = Zxid(),
                      .tail = {}};
}

Options of_three() {
  Options options;
  options.self = ServerId(1);
  options.config.voters = {ServerId(1), ServerId(2), ServerId(3)};
  return options;
}

TEST(CoreStartDeathTest, AnAcceptedEpochBelowTheCurrentOneIsRefused) {
  EXPECT_DEATH(Core(of_three(), provisioned(kOne, kTwo), 0), "accepted=1 current=2");
}

TEST(CoreStartDeathTest, AnAcceptedEpochBelowTheLastEntryIsRefused) {
  DurableState start = provisioned(kOne, kOne);
  start.epochs = {EpochEnd{}, EpochEnd{kTwo, 1}};
  EXPECT_DEATH(Core(of_three(), start, 0), "accepted=1");
}

TEST(CoreStartDeathTest, AReplicaThatIsNoMemberIsRefused) {
  Options options = of_three();
  options.self = ServerId(9);
  EXPECT_DEATH(Core(options, provisioned(kOne, kOne), 0), "no member");
}

// R2: this is what a crash in the middle of a synchronization leaves behind.
TEST(CoreStart, EntriesOfANewerEpochThanTheCurrentOneAreFine) {
  DurableState start = provisioned(kTwo, kOne);
  start.epochs = {EpochEnd{}, EpochEnd{kTwo, 3}};
  const Core core(of_three(), start, 0);
  EXPECT_EQ(core.view().vote.epoch, kOne);
  EXPECT_EQ(core.view().vote.zxid, Zxid(kTwo, 3));
}

// Whoever still looks counts the last vote that it has heard: it may be for a candidate that nobody
// wants any more, and it would wait with it (core runs around synchronization, seed 8044592).
TEST(Core, WhoHasSettledTellsTheOtherVoters) {
  Solo solo({.self = 2, .voters = {1, 2, 3}, .observers = {4}});
  solo.forget_outputs();
  solo.elect(3);
  std::vector<ServerId> told;
  for (const Notify& notify : solo.outputs<Notify>()) {
    if (notify.notification.role != Role::kFollowing) continue;
    EXPECT_EQ(notify.notification.vote.leader, ServerId(3));
    told.push_back(notify.to);
  }
  EXPECT_EQ(told, (std::vector<ServerId>{ServerId(1), ServerId(3)}));
}

TEST(Core, TheOnlyVoterLeadsAtOnceAndCommitsByItsOwnDisk) {
  SmallCell cell({.voters = {7}, .observers = {}});
  cell.start(7);
  cell.run();
  ASSERT_EQ(cell.leader(), 7U);
  cell.write("a");
  EXPECT_EQ(cell.applied(7), "1.1=a");
  cell.core(7).read_barrier(5);
  cell.advance(5);
  EXPECT_EQ(cell.ready_reads(7), std::vector<std::uint64_t>{5});
  cell.crash(7);
  cell.start(7);
  cell.run();
  EXPECT_EQ(cell.view(7).current, kTwo);
  EXPECT_EQ(cell.applied(7), "1.1=a");
}

TEST(Core, TheSameInputsGiveTheSameOutputsAndTheSameHash) {
  const auto play = [](Solo& solo) {
    solo.elect(1);
    const ConnId conn = solo.accept(info_of(2));
    solo.hear(conn, ack_epoch_of(kTwo));
    solo.hear(conn, AckNewLeader{kTwo});
    solo.propose("x");
    std::string text;
    for (const Message& message : solo.said(conn)) text += describe(message) + "\n";
    return text;
  };
  Solo one({.self = 1});
  Solo other({.self = 1});
  EXPECT_EQ(one.core().hash(), other.core().hash());
  EXPECT_EQ(play(one), play(other));
  EXPECT_EQ(one.core().hash(), other.core().hash());
  EXPECT_EQ(one.core().describe(), other.core().describe());
}

TEST(Core, ACopyGoesItsOwnWay) {
  Solo solo({.self = 1});
  solo.elect(1);
  Core copy = solo.core();
  const std::uint64_t hash = copy.hash();
  EXPECT_EQ(hash, solo.core().hash());
  solo.accept(info_of(2));
  EXPECT_NE(solo.core().hash(), hash);
  EXPECT_EQ(copy.hash(), hash);
  EXPECT_EQ(copy.view().learners.size(), 0U);
  copy = solo.core();
  EXPECT_EQ(copy.hash(), solo.core().hash());
}

TEST(StateHash, TimesGoInAsDistancesFromNow) {
  const auto hash_of = [](Ticks now, Ticks deadline) {
    return StateHash(now).add(Zxid(kOne, 2)).add(true).add_time(deadline).value();
  };
  EXPECT_EQ(hash_of(10, 15), hash_of(5000, 5005));
  EXPECT_NE(hash_of(10, 15), hash_of(10, 16));
}

// A leader of epoch 2 with one learner and one proposal under way.
struct Reign {
  Solo solo{{.self = 1}};
  ConnId conn;

  Reign(std::uint64_t learner, int strangers) {
    solo.elect(1);
    for (int i = 0; i < strangers; ++i) solo.close(solo.accept());
    conn = solo.accept(info_of(learner));
    solo.hear(conn, ack_epoch_of(kTwo));
    solo.hear(conn, AckNewLeader{kTwo});
    solo.propose("x");
  }
  std::uint64_t hash(const Sight& sight) { return hash_of(solo.core().state(), sight); }
};

TEST(StateHash, ConnectionsCountUnderTheirNewNames) {
  Reign early(2, 0);
  Reign late(2, 7);
  ASSERT_NE(early.conn, late.conn);
  EXPECT_NE(early.hash({}), late.hash({}));
  EXPECT_EQ(early.hash({.conns = {{early.conn, 5}}}), late.hash({.conns = {{late.conn, 5}}}));
  EXPECT_NE(early.hash({.conns = {{early.conn, 5}}}), late.hash({.conns = {{late.conn, 6}}}));
}

TEST(StateHash, ReplicasThatAreExchangedAreEqualUnderExchangedNames) {
  const Sight blind{.clock_and_election = false};
  Sight exchanged = blind;
  exchanged.servers = {{ServerId(2), 3}, {ServerId(3), 2}};
  Reign with_two(2, 0);
  Reign with_three(3, 0);
  EXPECT_NE(with_two.hash(blind), with_three.hash(blind));
  EXPECT_EQ(with_two.hash(blind), with_three.hash(exchanged));
}

TEST(StateHash, WithoutClockAndElectionOnlyWhatWasSaidAndWrittenCounts) {
  const Sight blind{.clock_and_election = false};
  Solo one({.self = 1});
  Solo other({.self = 1});
  other.advance(300);  // Its election has told everybody again.
  EXPECT_NE(one.core().hash(), other.core().hash());
  EXPECT_EQ(hash_of(one.core().state(), blind), hash_of(other.core().state(), blind));
  one.elect(1);
  EXPECT_NE(hash_of(one.core().state(), blind), hash_of(other.core().state(), blind));
  other.elect(1);
  EXPECT_EQ(hash_of(one.core().state(), blind), hash_of(other.core().state(), blind));
}

TEST(Core, TheSameStateAnHourLaterHasTheSameHash) {
  const auto leading_from = [](Ticks now) {
    Options options;
    options.self = ServerId(1);
    options.config.voters = {ServerId(1)};
    Core core(options, DurableState{.membership = Membership::kProvisioned, .epochs = {EpochEnd{}}},
              now);
    core.take();
    core.on_persisted(Token(1));
    core.take();
    core.tick(now + 7);
    core.take();
    return core.hash();
  };
  EXPECT_EQ(leading_from(0), leading_from(3'600'000));
}

TEST(Core, ADescriptionNamesRoleEpochsAndPositions) {
  Solo solo({.self = 1, .log = "1.1 1.2"});
  solo.elect(1);
  const std::string text = solo.core().describe();
  for (const char* part : {"replica 1", "leader", "accepted=1", "last=1.2", "committed=0.0"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(Core, ALearnerThatFinishedTheElectionFirstIsHeldUntilWeLead) {
  Solo solo({.self = 3});
  const ConnId early = solo.accept(info_of(1));
  EXPECT_FALSE(solo.closed(early));
  solo.elect(3);
  EXPECT_FALSE(solo.closed(early));
  EXPECT_TRUE(solo.said_one<LeaderInfo>(early).has_value());
}

TEST(Core, AHeldLearnerIsTurnedAwayWhenWeFollow) {
  Solo solo({.self = 1});
  const ConnId early = solo.accept(info_of(2));
  solo.elect(3);
  EXPECT_TRUE(solo.closed(early));
}

TEST(Core, AHeldConnectionMaySayNothingButItsName) {
  Solo solo({.self = 1});
  const ConnId conn = solo.accept();
  solo.hear(conn, Ack{kOne, Zxid()});
  EXPECT_TRUE(solo.closed(conn));
  const ConnId twice = solo.accept(info_of(2));
  solo.hear(twice, info_of(2));
  EXPECT_TRUE(solo.closed(twice));
}

TEST(Core, AHeldConnectionTimesOut) {
  Solo solo({.self = 1});
  const ConnId conn = solo.accept(info_of(2));
  solo.advance(Options().init_timeout);
  EXPECT_FALSE(solo.closed(conn));
  solo.advance(20);
  EXPECT_TRUE(solo.closed(conn));
}

TEST(Core, HeldConnectionsAreBounded) {
  Solo solo({.self = 1});
  ConnId conn;
  for (int i = 0; i < 1000 && !solo.closed(conn); ++i) conn = solo.accept();
  EXPECT_TRUE(solo.closed(conn));
}

TEST(Core, InputsForUnknownConnectionsAreIgnored) {
  Solo solo({.self = 1});
  solo.elect(1);
  const std::uint64_t hash = solo.core().hash();
  solo.hear(ConnId(12345), Ack{kOne, Zxid()});
  solo.close(ConnId(12345));
  solo.core().on_dial_result(DialId(777), std::nullopt);
  solo.core().on_log_read(999, {});
  solo.core().on_image_chunk(999, bytes_of("x"), true);
  EXPECT_EQ(solo.core().hash(), hash);
}

TEST(Core, ADialOfAnEarlierRoleIsClosedWhenItComes) {
  Solo solo({.self = 1});
  solo.elect(3);
  ASSERT_TRUE(solo.wants_to_dial());
  solo.core().resign("test");
  solo.settle();
  const ConnId conn = solo.connect();
  EXPECT_TRUE(solo.closed(conn));
  EXPECT_TRUE(solo.said(conn).empty());
}

TEST(Core, AFreshVoterThatMeetsALivingCellStopsAndNamesRejoin) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.provision(1, kOne, kOne, "1.1");
  cell.provision(2, kOne, kOne, "1.1");
  cell.elect();
  cell.advance(3000);
  ASSERT_TRUE(cell.fatal(3).has_value());
  EXPECT_NE(cell.fatal(3)->find("--rejoin"), std::string::npos);
}

TEST(Core, AStoppedCoreIgnoresEverything) {
  Solo solo({.self = 1, .membership = Membership::kFresh, .accepted = Epoch(), .current = Epoch()});
  solo.core().on_notification(Notification{.from = ServerId(2),
                                           .incarnation = Incarnation(1),
                                           .role = Role::kLooking,
                                           .vote = Vote{kOne, Zxid(kOne, 1), ServerId(2)},
                                           .round = 1,
                                           .membership = Membership::kProvisioned,
                                           .config_version = Zxid()});
  solo.settle();
  ASSERT_EQ(solo.outputs<Fatal>().size(), 1U);
  solo.forget_outputs();
  solo.advance(10'000);
  const ConnId conn = solo.accept();
  EXPECT_FALSE(solo.core().read_barrier(1));
  EXPECT_FALSE(solo.propose("x").has_value());
  EXPECT_TRUE(solo.said(conn).empty());
  EXPECT_TRUE(solo.outputs<Notify>().empty());
}

TEST(Core, StopServingComesBeforeTheChangeOfRole) {
  SmallCell cell({.voters = {1}, .observers = {}});
  cell.start(1);
  cell.run();
  Core core = cell.core(1);
  core.resign("test");
  std::vector<std::string> order;
  for (const Output& output : core.take()) {
    if (std::holds_alternative<StopServing>(output)) order.emplace_back("stop");
    if (const auto* change = std::get_if<RoleChange>(&output)) {
      order.push_back(to_string(change->role));
    }
  }
  ASSERT_GE(order.size(), 2U);
  EXPECT_EQ(order[0], "stop");
  EXPECT_EQ(order[1], to_string(Role::kLooking));
}

TEST(Core, PurgeNeedsADurableImage) {
  SmallCell cell({.voters = {1}, .observers = {}});
  cell.start(1);
  cell.run();
  cell.write("a");
  cell.write("b");
  cell.core(1).purge(Zxid(kOne, 2));
  cell.advance(5);
  EXPECT_EQ(cell.log(1), "1.1 1.2");
  cell.sync_image(1);
  cell.write("c");
  cell.core(1).purge(Zxid(kOne, 3));
  cell.advance(5);
  EXPECT_EQ(cell.log(1), "1.3");
  EXPECT_EQ(cell.view(1).base, Zxid(kOne, 2));
}

}  // namespace
}  // namespace holdfast::zab::testing
