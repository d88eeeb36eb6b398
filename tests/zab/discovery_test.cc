#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/leader_discovery.h"

namespace holdfast::zab::testing {
namespace {

AckEpoch history(Epoch epoch, Epoch current, EpochVector epochs) {
  AckEpoch ack = ack_epoch_of(epoch);
  ack.current = current;
  ack.epochs = std::move(epochs);
  return ack;
}

// R11: LEADERINFO waits for the leader's own disk (ZOOKEEPER-1291).
TEST(Discovery, TheEpochIsToldOnlyWhenItIsDurableAtTheLeader) {
  Solo solo({.self = 1});
  solo.hold_disk();
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  EXPECT_TRUE(solo.said(conn).empty());
  solo.release_disk();
  EXPECT_EQ(solo.said_one<LeaderInfo>(conn)->epoch, kTwo);
}

TEST(Discovery, ALaterArrivalIsToldTheEpochAtOnce) {
  Solo solo({.self = 1});
  solo.elect(1);
  solo.accept(info_of(2));
  const ConnId late = solo.accept(info_of(3));
  EXPECT_EQ(solo.said_one<LeaderInfo>(late)->epoch, kTwo);
}

TEST(Discovery, NoEpochIsChosenBeforeAQuorumHasShownItsOwn) {
  Solo solo({.self = 1, .voters = {1, 2, 3, 4, 5}});
  solo.elect(1);
  const ConnId second = solo.accept(info_of(2));
  EXPECT_TRUE(solo.said(second).empty());
  solo.accept(info_of(3));
  EXPECT_TRUE(solo.said_one<LeaderInfo>(second).has_value());
}

// ZOOKEEPER-1343.
TEST(Discovery, TheEpochIsAboveEveryAcceptedOne) {
  Solo solo({.self = 1});
  solo.elect(1);
  LearnerInfo ahead = info_of(2);
  ahead.accepted = Epoch(5);
  const ConnId conn = solo.accept(ahead);
  EXPECT_EQ(solo.said_one<LeaderInfo>(conn)->epoch, Epoch(6));
}

// ZOOKEEPER-769, 2959.
TEST(Discovery, ObserversMakeNoQuorum) {
  Solo solo({.self = 1, .voters = {1, 2, 3}, .observers = {4, 5}});
  solo.elect(1);
  for (const std::uint64_t id : {4U, 5U}) {
    LearnerInfo info = info_of(id);
    info.observer = true;
    EXPECT_TRUE(solo.said(solo.accept(info)).empty());
  }
  EXPECT_EQ(solo.view().accepted, kOne);
}

TEST(Discovery, RejoiningVotersMakeNoQuorum) {
  Solo solo({.self = 1});
  solo.elect(1);
  LearnerInfo wiped = info_of(2);
  wiped.membership = Membership::kRejoining;
  EXPECT_TRUE(solo.said(solo.accept(wiped)).empty());
  EXPECT_EQ(solo.view().accepted, kOne);
}

// R12: an equal epoch may have been promised to another leader.
TEST(Discovery, AnAnswerWithoutPromiseDoesNotCount) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  AckEpoch ack = ack_epoch_of(kTwo);
  ack.promised = false;
  solo.hear(conn, ack);
  EXPECT_EQ(solo.view().phase, Phase::kDiscovery);
  EXPECT_FALSE(solo.closed(conn));
  // It is synchronized all the same once others have promised.
  const ConnId third = solo.accept(info_of(3));
  solo.hear(third, ack_epoch_of(kTwo));
  EXPECT_EQ(solo.view().phase, Phase::kSynchronization);
  EXPECT_TRUE(solo.said_one<NewLeader>(conn).has_value());
}

// R13, the epoch first: the zxid alone would choose wrongly.
TEST(Discovery, TheLeaderResignsBeforeANewerHistory) {
  Solo solo({.self = 1, .accepted = Epoch(3), .current = kOne, .log = "1.1 2.1"});
  solo.elect(1);
  LearnerInfo info = info_of(2);
  info.accepted = Epoch(3);
  const ConnId conn = solo.accept(info);
  solo.hear(conn, history(Epoch(4), Epoch(3), {EpochEnd{}, EpochEnd{kOne, 5}}));
  EXPECT_TRUE(solo.closed(conn));
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

TEST(Discovery, ALongerHistoryOfAnOlderEpochIsNoReasonToResign) {
  Solo solo({.self = 1, .accepted = Epoch(3), .current = Epoch(3), .log = "1.1"});
  solo.elect(1);
  LearnerInfo info = info_of(2);
  info.accepted = Epoch(3);
  const ConnId conn = solo.accept(info);
  solo.hear(conn, history(Epoch(4), kOne, {EpochEnd{}, EpochEnd{kOne, 1}, EpochEnd{kTwo, 7}}));
  EXPECT_EQ(solo.view().phase, Phase::kSynchronization);
  EXPECT_EQ(solo.said_one<Trunc>(conn)->to, Zxid(kOne, 1));
}

// The quorum may contain a replica that was wiped and has forgotten what it promised.
TEST(Discovery, EveryPromiseUntilEstablishmentIsComparedNotOnlyThoseOfTheQuorum) {
  Solo solo({.self = 1, .log = "1.1"});
  solo.elect(1);
  const ConnId second = solo.accept(info_of(2));
  solo.hear(second, ack_epoch_of(kTwo));
  ASSERT_EQ(solo.view().phase, Phase::kSynchronization);
  const ConnId third = solo.accept(info_of(3));
  solo.hear(third, history(kTwo, kOne, {EpochEnd{}, EpochEnd{kOne, 2}}));
  EXPECT_EQ(solo.view().role, Role::kLooking);
  EXPECT_TRUE(solo.closed(second));
}

TEST(Discovery, TheLeadersHistoryIsDurableBeforeItsCurrentEpoch) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.hear(conn, ack_epoch_of(kTwo));
  const std::vector<PersistOp> ops = solo.persist_ops();
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(std::get<SetAcceptedEpoch>(ops[0]).epoch, kTwo);
  EXPECT_EQ(std::get<SetCurrentEpoch>(ops[1]).epoch, kTwo);
}

// R1.
TEST(Discovery, ACellThatHasUsedUpItsEpochsStops) {
  Options options;
  options.epoch_max = 1;
  Solo solo({.self = 1}, options);
  solo.elect(1);
  solo.accept(info_of(2));
  ASSERT_EQ(solo.outputs<Fatal>().size(), 1U);
  EXPECT_NE(solo.outputs<Fatal>()[0].reason.find("epoch 2"), std::string::npos);
}

TEST(Discovery, AVoterThatPromisedMoreMakesAnEstablishedLeaderBeginAnew) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.hear(conn, ack_epoch_of(kTwo));
  solo.hear(conn, AckNewLeader{kTwo});
  ASSERT_TRUE(solo.view().established);
  LearnerInfo ahead = info_of(3);
  ahead.accepted = Epoch(7);
  solo.accept(ahead);
  EXPECT_EQ(solo.view().role, Role::kLooking);
  solo.elect(1);
  const ConnId again = solo.accept(info_of(2));
  EXPECT_EQ(solo.said_one<LeaderInfo>(again)->epoch, Epoch(8));
}

// R24, ZOOKEEPER-3109: nobody has to tell it that those who elected it have changed their mind.
TEST(Discovery, ALeaderToWhomNoQuorumComesGivesUpAfterTheFailureTimeout) {
  Solo solo({.self = 1, .voters = {1, 2, 3, 4, 5}});
  solo.elect(1);
  solo.accept(info_of(2));
  solo.advance(Options().failure_timeout - 10);
  EXPECT_EQ(solo.view().role, Role::kLeading);
  solo.advance(50);
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

TEST(Discovery, ALeaderWhoseQuorumDoesNotAnswerGivesUpAfterTheTimeForInitialization) {
  Solo solo({.self = 1});
  solo.elect(1);
  solo.advance(Options().failure_timeout - 10);
  solo.accept(info_of(2));
  solo.advance(Options().init_timeout - 50);
  EXPECT_EQ(solo.view().role, Role::kLeading);
  solo.advance(100);
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

TEST(Discovery, ALeaderWhoseQuorumWentAwayGivesUpAfterTheFailureTimeout) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.advance(2 * Options().failure_timeout);
  EXPECT_EQ(solo.view().role, Role::kLeading);
  solo.close(conn);
  solo.advance(Options().failure_timeout + 50);
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

// An answer lost with its connection leaves a promise that cannot be given again. A cell that has
// its quorum does not stand still for that until the leader's time is over.
TEST(Discovery, AnEpochThatTooManyPromisedBeforeIsGivenUpAtOnce) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId lost = solo.accept(info_of(2));
  solo.close(lost);
  LearnerInfo again = info_of(2);
  again.accepted = kTwo;
  const ConnId conn = solo.accept(again);
  solo.advance(50);
  EXPECT_EQ(solo.view().role, Role::kLeading) << "its answer is still to come";
  AckEpoch ack = ack_epoch_of(kTwo);
  ack.promised = false;
  solo.hear(conn, ack);
  solo.advance(10);
  EXPECT_EQ(solo.view().role, Role::kLooking);
  solo.elect(1);
  again.accepted = kTwo;
  EXPECT_EQ(solo.said_one<LeaderInfo>(solo.accept(again))->epoch, Epoch(3));
}

TEST(Discovery, AnEpochIsNotGivenUpWhileAnAnswerIsToCome) {
  Solo solo({.self = 1});
  solo.elect(1);
  LearnerInfo again = info_of(2);
  again.accepted = kTwo;
  solo.accept(info_of(3));
  AckEpoch ack = ack_epoch_of(kTwo);
  ack.promised = false;
  solo.hear(solo.accept(again), ack);
  solo.advance(100);
  EXPECT_EQ(solo.view().role, Role::kLeading);
}

TEST(Discovery, StrangersAndMistakenMembersAreTurnedAway) {
  Solo solo({.self = 1, .voters = {1, 2, 3}, .observers = {4}});
  solo.elect(1);
  LearnerInfo voting_observer = info_of(4);
  LearnerInfo observing_voter = info_of(2);
  observing_voter.observer = true;
  EXPECT_TRUE(solo.closed(solo.accept(info_of(9))));
  EXPECT_TRUE(solo.closed(solo.accept(info_of(1))));
  EXPECT_TRUE(solo.closed(solo.accept(voting_observer)));
  EXPECT_TRUE(solo.closed(solo.accept(observing_voter)));
}

TEST(Discovery, ANewerConfigurationMakesTheLeaderResign) {
  Solo solo({.self = 1});
  solo.elect(1);
  LearnerInfo info = info_of(2);
  info.config_version = Zxid(kOne, 1);
  solo.accept(info);
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

TEST(Discovery, AnImpossibleHistoryClosesItsConnectionOnly) {
  for (const AckEpoch& bad : {history(kTwo, kOne, {}), history(kTwo, Epoch(9), {EpochEnd{}}),
                              history(kTwo, kOne, {EpochEnd{}, EpochEnd{Epoch(9), 1}}),
                              history(kTwo, kOne, {EpochEnd{kTwo, 1}, EpochEnd{kOne, 1}})}) {
    Solo solo({.self = 1});
    solo.elect(1);
    const ConnId conn = solo.accept(info_of(2));
    solo.hear(conn, bad);
    EXPECT_TRUE(solo.closed(conn)) << describe(bad);
    EXPECT_EQ(solo.view().role, Role::kLeading) << describe(bad);
  }
}

TEST(FirstStart, ItTakesEveryVoter) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.start(1);
  cell.start(2);
  cell.advance(5000);
  EXPECT_EQ(cell.leader(), 0U);
  EXPECT_EQ(cell.disk(1).membership, Membership::kFresh);
  EXPECT_NE(cell.elect(), 0U);
}

TEST(FirstStart, ItIsProvisionedTogetherWithTheFirstPromise) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.start_all();
  ASSERT_TRUE(cell.advance_until([&] { return cell.disk(1).accepted == kOne; }, 5000));
  EXPECT_EQ(cell.disk(1).membership, Membership::kProvisioned);
}

// An interrupted first start may leave some disks provisioned and others fresh. All together they
// try again.
TEST(FirstStart, AnInterruptedOneIsDoneAgain) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.disk(3).membership = Membership::kProvisioned;
  cell.disk(3).accepted = kOne;
  ASSERT_NE(cell.elect(), 0U);
  cell.write("a");
  cell.advance(100);
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    EXPECT_FALSE(cell.fatal(id).has_value());
    EXPECT_EQ(cell.applied(id), "2.1=a");
    EXPECT_EQ(cell.disk(id).membership, Membership::kProvisioned);
  }
}

TEST(FirstStart, OneThatPromisedInItAndMissedTheRestIsAnOrdinaryMember) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.provision(1, kOne, kOne, "1.1");
  cell.provision(2, kOne, kOne, "1.1");
  cell.provision(3, kOne, Epoch(), "");
  cell.start(2);
  cell.start(3);
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() == 2; }, 10'000));
  cell.write("a");
  cell.advance(100);
  EXPECT_EQ(cell.applied(3), "1.1=1.1 2.1=a");
}

TEST(Rejoin, AWipedVoterCountsOnlyAfterItWasBroughtUpToDate) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.provision(1, kOne, kOne, "1.1");
  cell.provision(2, kOne, kOne, "1.1");
  cell.disk(3).membership = Membership::kRejoining;
  cell.start(1);
  cell.start(3);
  cell.advance(8000);
  EXPECT_EQ(cell.leader(), 0U) << "a wiped disk made a quorum";
  cell.start(2);
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(3).serving; }, 20'000));
  EXPECT_EQ(cell.disk(3).membership, Membership::kProvisioned);
  EXPECT_EQ(cell.applied(3), "1.1=1.1");
  // From now on it is as good as any other.
  const std::uint64_t leader = cell.leader();
  const std::uint64_t other = leader == 1 ? 2 : 1;
  cell.crash(other);
  cell.advance(500);
  cell.write("a");
  EXPECT_EQ(cell.leader(), leader);
}

TEST(DiscoveryCount, ABootstrapTakesAllVotersAndAnOrdinaryOneAMajority) {
  const QuorumSet three(Config{
      .version = Zxid(), .voters = {ServerId(1), ServerId(2), ServerId(3)}, .observers = {}});
  for (const auto kind : {Discovery::Kind::kOrdinary, Discovery::Kind::kBootstrap}) {
    Discovery discovery(three, kind);
    discovery.add_info(ServerId(1), Epoch(4));
    EXPECT_FALSE(discovery.choose_epoch(Epoch()).has_value());
    discovery.add_info(ServerId(2), Epoch(2));
    EXPECT_EQ(discovery.choose_epoch(Epoch()).has_value(), kind == Discovery::Kind::kOrdinary);
    discovery.add_info(ServerId(3), kOne);
    EXPECT_EQ(discovery.choose_epoch(Epoch()), Epoch(5));
    EXPECT_EQ(discovery.choose_epoch(Epoch(9)), Epoch(5)) << "the choice stands";
    discovery.add_promise(ServerId(1));
    discovery.add_promise(ServerId(3));
    EXPECT_EQ(discovery.is_complete(), kind == Discovery::Kind::kOrdinary);
    EXPECT_TRUE(discovery.add_promise(ServerId(2)));
    EXPECT_FALSE(discovery.add_promise(ServerId(2)));
    EXPECT_TRUE(discovery.is_complete());
  }
}

}  // namespace
}  // namespace holdfast::zab::testing
