#include "zab/election.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/zxids.h"

namespace holdfast::zab {
namespace {

constexpr ServerId kA(1);
constexpr ServerId kB(2);
constexpr ServerId kC(3);
constexpr ServerId kD(4);
constexpr ServerId kE(5);
constexpr ServerId kObserver(9);
constexpr Election::Timing kTiming{.finalize = 50, .resend_min = 50, .resend_max = 2000};

Vote vote(std::uint32_t epoch, Zxid zxid, ServerId leader) {
  return {.epoch = Epoch(epoch), .zxid = zxid, .leader = leader};
}

// One replica's election with what surrounds it. Its own history is epoch 1 through 1.5.
class Replica {
 public:
  Replica(ServerId id, std::uint64_t voters) : Replica(id, voters, Membership::kProvisioned) {}
  Replica(ServerId id, std::uint64_t voters, Membership membership)
      : election_(QuorumSet(config(voters)), members(voters), kTiming, 7 + id.value) {
    self_.id = id;
    self_.incarnation = Incarnation(100 + id.value);
    self_.membership = membership;
    self_.voter = id != kObserver;
    self_.current = membership == Membership::kProvisioned ? Epoch(1) : Epoch();
    self_.last = membership == Membership::kProvisioned ? z(1, 5) : Zxid();
  }

  Election::Self& self() { return self_; }
  Election& election() { return election_; }
  const Vote& vote() const { return election_.vote(); }
  std::uint64_t round() const { return election_.round(); }
  Vote own_vote() const { return {.epoch = self_.current, .zxid = self_.last, .leader = self_.id}; }

  Election::Result look() { return note(election_.look(self_, now_)); }
  Election::Result hear(const Notification& n) {
    return note(election_.on_notification(self_, n, now_));
  }
  Election::Result refused(ServerId peer) {
    return note(election_.on_peer_refused(self_, peer, now_));
  }
  Election::Result wait(Ticks ticks) {
    now_ += ticks;
    return note(election_.tick(self_, now_));
  }
  void fail_to_join(ServerId leader) { election_.on_join_failed(leader, now_); }
  void settle(Role role, ServerId leader, std::uint32_t epoch) {
    election_.settle(role, leader, Epoch(epoch));
  }
  // What it has decided since it looked last.
  ServerId joined() const { return joined_; }

 private:
  static Config config(std::uint64_t voters) {
    Config config;
    for (std::uint64_t id = 1; id <= voters; ++id) config.voters.push_back(ServerId(id));
    config.observers.push_back(kObserver);
    return config;
  }
  static std::vector<ServerId> members(std::uint64_t voters) {
    std::vector<ServerId> all = config(voters).voters;
    all.push_back(kObserver);
    return all;
  }
  Election::Result note(Election::Result result) {
    if (result.join) joined_ = result.join->leader;
    return result;
  }

  Election election_;
  Election::Self self_;
  Ticks now_ = 1000;
  ServerId joined_;
};

Notification says(ServerId from, Role role, const Vote& v, std::uint64_t round) {
  return {.from = from,
          .incarnation = Incarnation(100 + from.value),
          .role = role,
          .vote = v,
          .round = round,
          .membership = Membership::kProvisioned,
          .config_version = Zxid()};
}
Notification looks(ServerId from, const Vote& v, std::uint64_t round) {
  return says(from, Role::kLooking, v, round);
}
Notification follows(ServerId from, const Vote& v, std::uint64_t round) {
  return says(from, Role::kFollowing, v, round);
}
Notification leads(ServerId from, const Vote& v, std::uint64_t round) {
  return says(from, Role::kLeading, v, round);
}

std::vector<ServerId> told(const Election::Result& result) {
  std::vector<ServerId> to;
  for (const Notify& notify : result.notify) to.push_back(notify.to);
  return to;
}

using Ids = std::vector<ServerId>;

// ---- The order of votes ------------------------------------------------------------------------

// ZOOKEEPER-1419: a predicate that was no order never converged.
TEST(Votes, AreInATotalLexicographicOrder) {
  Random random(5);
  const auto any = [&random] {
    return vote(static_cast<std::uint32_t>(random.below(3)), Zxid(random.below(3)),
                ServerId(random.below(3)));
  };
  for (int i = 0; i < 20'000; ++i) {
    const Vote a = any();
    const Vote b = any();
    const Vote c = any();
    EXPECT_EQ((a < b) + (a == b) + (a > b), 1);
    EXPECT_TRUE(!(a < b && b < c) || a < c);
    const bool expected = a.epoch != b.epoch ? a.epoch < b.epoch
                          : a.zxid != b.zxid ? a.zxid < b.zxid
                                             : a.leader < b.leader;
    EXPECT_EQ(a < b, expected);
  }
  EXPECT_LT(Vote(), vote(0, Zxid(), kA));
}

// ---- Looking: the table of ZAB.md §2.2 ---------------------------------------------------------

TEST(Looking, BeginsARoundWithTheOwnVoteAndTellsEveryVoter) {
  Replica b(kB, 3);
  const Election::Result result = b.look();
  EXPECT_EQ(b.round(), 1U);
  EXPECT_EQ(b.vote(), vote(1, z(1, 5), kB));
  ASSERT_EQ(told(result), (Ids{kA, kC}));
  const Notification& n = result.notify.front().notification;
  EXPECT_EQ(n.from, kB);
  EXPECT_EQ(n.incarnation, Incarnation(102));
  EXPECT_EQ(n.role, Role::kLooking);
  EXPECT_EQ(n.round, 1U);
}

TEST(Looking, AHigherRoundIsTakenOverAndEarlierVotesNoLongerCount) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 6), kC), 1));
  const Election::Result result = a.hear(looks(kC, vote(1, z(1, 6), kC), 4));
  EXPECT_EQ(a.round(), 4U);
  EXPECT_EQ(a.vote(), vote(1, z(1, 6), kC));
  ASSERT_EQ(told(result), (Ids{kB, kC, kD, kE}));
  EXPECT_EQ(result.notify.front().notification.round, 4U);
  EXPECT_FALSE(a.wait(60).join) << "the vote of B was for another round";
  a.hear(looks(kD, vote(1, z(1, 6), kC), 4));
  EXPECT_TRUE(a.wait(50).join) << "A, C and D are a quorum";
}

TEST(Looking, InAHigherRoundTheOwnVoteStandsAgainstAWorseOne) {
  Replica b(kB, 3);
  b.look();
  b.hear(looks(kC, vote(1, z(1, 6), kC), 1));
  b.hear(looks(kA, vote(1, z(1, 1), kA), 2));
  EXPECT_EQ(b.vote(), b.own_vote());
}

TEST(Looking, ALowerRoundIsAnsweredAndNotRecorded) {
  Replica a(kA, 3);
  a.look();
  a.look();
  const Election::Result result = a.hear(looks(kB, a.own_vote(), 1));
  ASSERT_EQ(told(result), (Ids{kB}));
  EXPECT_EQ(result.notify.front().notification.round, 2U);
  EXPECT_FALSE(a.wait(60).join);
}

TEST(Looking, ABetterVoteOfTheSameRoundIsAdoptedAndTold) {
  Replica a(kA, 5);
  a.look();
  const Election::Result result = a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  EXPECT_EQ(a.vote().leader, kB);
  EXPECT_EQ(told(result), (Ids{kB, kC, kD, kE}));
}

TEST(Looking, AWorseVoteOfTheSameRoundIsAnsweredAndCountsWhenItChanges) {
  Replica b(kB, 3);
  b.look();
  const Election::Result result = b.hear(looks(kA, vote(1, z(1, 5), kA), 1));
  EXPECT_EQ(b.vote(), b.own_vote());
  EXPECT_EQ(told(result), (Ids{kA}));
  EXPECT_FALSE(result.join);
  b.hear(looks(kA, b.own_vote(), 1));
  EXPECT_EQ(b.wait(50).join->leader, kB);
}

TEST(Looking, AGreaterEpochBeatsAGreaterZxid) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(2, z(1, 1), kB), 1));
  EXPECT_EQ(a.vote().leader, kB);
  a.hear(looks(kC, vote(1, z(1, 9), kC), 1));
  EXPECT_EQ(a.vote().leader, kB);
}

TEST(Looking, SettledPeersOfTheSameRoundCountWithTheVotes) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.hear(follows(kB, vote(1, z(1, 7), kC), 1)).join);
  EXPECT_EQ(a.hear(leads(kC, vote(2, z(1, 7), kC), 1)).join->leader, kC);
  EXPECT_EQ(a.round(), 1U);
}

TEST(Looking, AVoterStillLookingCountsForALeaderOfTheSameRound) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 7), kC), 1));
  EXPECT_EQ(a.vote().leader, kC);
  EXPECT_EQ(a.hear(leads(kC, vote(2, z(1, 7), kC), 1)).join->leader, kC);
}

TEST(Looking, AnEstablishedLeaderIsJoinedWhateverItsRound) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.hear(leads(kC, vote(4, z(3, 7), kC), 12)).join);
  const Election::Result result = a.hear(follows(kB, vote(4, z(2, 1), kC), 9));
  EXPECT_EQ(result.join->leader, kC);
  EXPECT_EQ(a.round(), 12U);
  EXPECT_EQ(a.vote().epoch, Epoch(4));
}

TEST(Looking, ObserversAreNotListenedTo) {
  Replica a(kA, 3);
  a.look();
  const Election::Result result =
      a.hear(says(kObserver, Role::kObserving, vote(9, z(9, 9), kC), 9));
  EXPECT_TRUE(result.notify.empty());
  EXPECT_EQ(a.round(), 1U);
  EXPECT_EQ(a.vote(), a.own_vote());
}

TEST(Looking, AStrangerIsAnsweredAndNeverRecorded) {
  Replica a(kA, 3);
  a.look();
  for (const ServerId stranger : {kObserver, ServerId(77)}) {
    const Election::Result result = a.hear(looks(stranger, vote(9, z(9, 9), kC), 9));
    EXPECT_EQ(told(result), (Ids{stranger}));
    EXPECT_FALSE(a.hear(leads(stranger, vote(9, z(9, 9), stranger), 9)).join);
  }
  EXPECT_EQ(a.round(), 1U);
  EXPECT_EQ(a.vote(), a.own_vote());
}

TEST(Looking, AVoteForAStrangerIsAnsweredAndNeverRecorded) {
  Replica a(kA, 3);
  a.look();
  const Election::Result result = a.hear(looks(kB, vote(9, z(9, 9), ServerId(77)), 9));
  EXPECT_EQ(told(result), (Ids{kB}));
  EXPECT_EQ(a.round(), 1U);
  EXPECT_EQ(a.vote(), a.own_vote());
}

TEST(Looking, TwoWhoDoNotCountEachOtherDoNotAnswerWithoutEnd) {
  Replica a(kA, 3);
  a.look();
  const Notification odd = looks(kB, vote(9, z(9, 9), ServerId(77)), 9);
  EXPECT_EQ(told(a.hear(odd)), (Ids{kB}));
  EXPECT_TRUE(told(a.hear(odd)).empty());
  a.wait(60);
  EXPECT_EQ(told(a.hear(odd)), (Ids{kB}));
}

TEST(Looking, AnAbsurdRoundIsNotTakenOver) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 6), kB), ~std::uint64_t{0}));
  EXPECT_EQ(a.round(), 1U);
}

TEST(Looking, OwnNotificationsAreIgnored) {
  Replica a(kA, 3);
  a.look();
  EXPECT_TRUE(a.hear(looks(kA, vote(5, z(5, 5), kA), 8)).notify.empty());
  EXPECT_EQ(a.round(), 1U);
}

TEST(Looking, ANewIncarnationOfAPeerTakesBackWhatItsOldOneSaid) {
  Replica a(kA, 3);
  a.look();
  a.hear(leads(kC, vote(4, z(3, 7), kC), 12));
  Notification reborn = looks(kC, Vote(), 0);
  reborn.incarnation = Incarnation(999);
  a.hear(reborn);
  EXPECT_FALSE(a.hear(follows(kB, vote(4, z(2, 1), kC), 9)).join);
}

TEST(Looking, AVoteOfAnEarlierIncarnationNoLongerCounts) {
  Replica a(kA, 5);
  a.look();
  a.look();
  a.hear(looks(kB, vote(1, z(1, 6), kB), 2));
  a.hear(looks(kC, vote(1, z(1, 6), kB), 2));
  Notification reborn = looks(kC, vote(1, z(1, 5), kC), 1);
  reborn.incarnation = Incarnation(999);
  EXPECT_EQ(told(a.hear(reborn)), (Ids{kC}));
  EXPECT_FALSE(a.wait(60).join);
}

TEST(Looking, APeerThatLooksAgainFollowsNobody) {
  Replica a(kA, 3);
  a.look();
  a.hear(follows(kB, vote(4, z(2, 1), kC), 12));
  a.hear(looks(kB, vote(1, z(1, 4), kB), 1));
  EXPECT_FALSE(a.hear(leads(kC, vote(4, z(3, 7), kC), 12)).join);
}

TEST(Looking, ASettledPeersRoundCountsWhenItIsReached) {
  Replica a(kA, 5);
  a.look();
  a.hear(leads(kE, vote(2, z(1, 7), kE), 6));
  a.hear(follows(kD, vote(1, z(1, 7), kE), 6));
  EXPECT_EQ(a.hear(looks(kC, vote(1, z(1, 7), kE), 6)).join->leader, kE);
}

// ---- Settled -----------------------------------------------------------------------------------

Replica follower_of_c() {
  Replica a(kA, 3);
  a.look();
  a.hear(leads(kC, vote(4, z(3, 7), kC), 12));
  a.hear(follows(kB, vote(4, z(2, 1), kC), 12));
  a.settle(Role::kFollowing, kC, 4);
  return a;
}

TEST(Settled, AnswersThoseWhoLookWithItsRoleRoundAndEpoch) {
  Replica a = follower_of_c();
  const Election::Result result = a.hear(looks(kB, vote(1, z(1, 5), kB), 3));
  ASSERT_EQ(told(result), (Ids{kB}));
  const Notification& n = result.notify.front().notification;
  EXPECT_EQ(n.role, Role::kFollowing);
  EXPECT_EQ(n.vote.leader, kC);
  EXPECT_EQ(n.vote.epoch, Epoch(4));
  EXPECT_EQ(n.round, 12U);
}

// ZOOKEEPER-1732: the vote's epoch is that of the reign, as soon as there is one.
TEST(Settled, ReportsTheEpochThatItFollows) {
  Replica a = follower_of_c();
  a.settle(Role::kFollowing, kC, 0);
  EXPECT_EQ(a.vote().epoch, Epoch(4));
  a.settle(Role::kFollowing, kC, 6);
  const Election::Result result = a.hear(looks(kB, vote(1, z(1, 5), kB), 3));
  EXPECT_EQ(result.notify.front().notification.vote.epoch, Epoch(6));
}

TEST(Settled, IgnoresThoseWhoDoNotLook) {
  Replica a = follower_of_c();
  EXPECT_TRUE(told(a.hear(leads(kB, vote(9, z(9, 9), kB), 30))).empty());
  EXPECT_TRUE(told(a.hear(follows(kB, vote(9, z(9, 9), kB), 30))).empty());
}

// ZAB.md §2.4 item 1: a flapping replica disturbs nobody.
TEST(Settled, NeverLeavesForABetterVoteOrAHigherRound) {
  Replica a = follower_of_c();
  const Election::Result result = a.hear(looks(kB, vote(9, z(9, 9), kB), 30));
  EXPECT_FALSE(result.join);
  EXPECT_EQ(result.notify.front().notification.vote.leader, kC);
  EXPECT_EQ(a.round(), 12U);
  EXPECT_FALSE(a.wait(10'000).join);
}

TEST(Settled, SendsNothingUnasked) {
  Replica a = follower_of_c();
  EXPECT_TRUE(told(a.wait(10'000)).empty());
}

TEST(Settled, AnswersObserversAndStrangers) {
  Replica a = follower_of_c();
  EXPECT_EQ(told(a.hear(looks(kObserver, Vote(), 1))), (Ids{kObserver}));
  EXPECT_EQ(told(a.hear(looks(ServerId(77), Vote(), 1))), (Ids{ServerId(77)}));
  EXPECT_TRUE(told(a.hear(says(kObserver, Role::kObserving, Vote(), 1))).empty());
}

TEST(Settled, LooksAgainInTheNextRound) {
  Replica a = follower_of_c();
  EXPECT_EQ(told(a.look()), (Ids{kB, kC}));
  EXPECT_EQ(a.round(), 13U);
  EXPECT_EQ(a.vote(), a.own_vote());
}

// ---- Finishing ---------------------------------------------------------------------------------

TEST(Finalizing, AQuorumWaitsForBetterVotes) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.hear(looks(kB, vote(1, z(1, 5), kB), 1)).join);
  EXPECT_FALSE(a.wait(49).join);
  EXPECT_EQ(a.wait(1).join->leader, kB);
}

TEST(Finalizing, ABetterVoteStartsTheWaitAnew) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  a.hear(looks(kC, vote(1, z(1, 5), kB), 1));
  a.wait(40);
  a.hear(looks(kE, vote(1, z(1, 8), kE), 1));
  EXPECT_FALSE(a.wait(20).join);
  a.hear(looks(kB, vote(1, z(1, 8), kE), 1));
  EXPECT_FALSE(a.wait(49).join);
  EXPECT_EQ(a.wait(1).join->leader, kE);
}

TEST(Finalizing, ABetterVoteWithAQuorumAtOnceStillWaits) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  a.wait(40);
  EXPECT_FALSE(a.hear(looks(kC, vote(1, z(1, 5), kC), 1)).join);
  EXPECT_FALSE(a.wait(49).join);
  EXPECT_EQ(a.wait(1).join->leader, kC);
}

TEST(Finalizing, AHigherRoundCancelsTheWait) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  a.hear(looks(kC, vote(1, z(1, 5), kB), 1));
  a.hear(looks(kD, vote(1, z(1, 5), kD), 2));
  EXPECT_FALSE(a.wait(60).join);
}

TEST(Finalizing, AQuorumThatFallsApartCancelsTheWait) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  a.hear(looks(kC, vote(1, z(1, 5), kB), 1));
  a.wait(40);
  a.hear(follows(kC, vote(1, z(1, 5), kD), 9));
  EXPECT_FALSE(a.wait(60).join);
}

TEST(Finalizing, IsNotWaitedForWhenAllVotersVoteTheSame) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kC), 1));
  EXPECT_EQ(a.hear(looks(kC, vote(1, z(1, 5), kC), 1)).join->leader, kC);
}

TEST(Finalizing, IsNotWaitedForWhenTheRestIsKnownDead) {
  Replica a(kA, 3);
  a.refused(kC);
  a.look();
  EXPECT_EQ(a.hear(looks(kB, vote(1, z(1, 5), kB), 1)).join->leader, kB);
  Replica late(kA, 3);
  late.look();
  late.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  EXPECT_EQ(late.refused(kC).join->leader, kB);
}

TEST(Finalizing, ThoseHeardAgainAreNotDead) {
  Replica a(kA, 3);
  a.look();
  a.refused(kC);
  a.hear(looks(kC, vote(1, z(1, 1), kC), 1));
  EXPECT_FALSE(a.hear(looks(kB, vote(1, z(1, 5), kB), 1)).join);
  EXPECT_EQ(a.wait(50).join->leader, kB);
}

TEST(Finalizing, DeathAloneMakesNoQuorum) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.refused(kB).join);
  EXPECT_FALSE(a.refused(kC).join);
  EXPECT_FALSE(a.wait(100).join);
}

TEST(Finalizing, TheDeathOfTheCandidateStartsAnotherRound) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kC, vote(1, z(1, 9), kC), 1));
  const Election::Result result = a.refused(kC);
  EXPECT_EQ(a.round(), 2U);
  EXPECT_EQ(a.vote(), a.own_vote());
  EXPECT_EQ(told(result), (Ids{kB, kC}));
}

TEST(Finalizing, ADecisionIsGivenOnce) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 5), kB), 1));
  EXPECT_TRUE(a.wait(50).join);
  EXPECT_FALSE(a.wait(50).join);
  EXPECT_FALSE(a.hear(leads(kB, vote(1, z(1, 5), kB), 1)).join);
  EXPECT_FALSE(a.refused(kC).join);
}

TEST(Finalizing, TheOnlyVoterOfACellLeadsAtOnce) {
  Replica a(kA, 1);
  EXPECT_EQ(a.look().join->leader, kA);
}

// ---- Whom to believe ---------------------------------------------------------------------------

// ZOOKEEPER-3537: followers of a dead leader would elect it for ever.
TEST(Reports, OfFollowersCountForNothingUntilTheLeaderConfirmsThem) {
  Replica a(kA, 5);
  a.look();
  for (const ServerId follower : {kB, kC, kD}) {
    EXPECT_FALSE(a.hear(follows(follower, vote(3, z(2, 2), kE), 8)).join);
    EXPECT_FALSE(a.hear(follows(follower, vote(3, z(2, 2), kE), 1)).join);
  }
  EXPECT_FALSE(a.wait(60).join);
  EXPECT_FALSE(a.hear(follows(kE, vote(3, z(2, 2), kE), 1)).join);
  EXPECT_TRUE(a.hear(leads(kE, vote(3, z(2, 2), kE), 1)).join);
}

TEST(Reports, OfALeaderWhoseProcessIsGoneAreForgotten) {
  Replica a(kA, 3);
  a.look();
  a.hear(leads(kC, vote(3, z(2, 2), kC), 8));
  a.refused(kC);
  EXPECT_FALSE(a.hear(follows(kB, vote(3, z(2, 2), kC), 8)).join);
}

// ZOOKEEPER-1514: a leader that restarted quickly hears of followers that have not noticed yet.
TEST(Reports, ThatThisReplicaLeadsAreNotBelievedFromAnotherRound) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.hear(follows(kB, vote(1, z(1, 5), kA), 7)).join);
  EXPECT_FALSE(a.hear(follows(kC, vote(1, z(1, 5), kA), 7)).join);
  EXPECT_FALSE(a.wait(60).join);
}

TEST(Reports, ThatThisReplicaLeadsAreNotBelievedForAnotherHistory) {
  Replica a(kA, 3);
  a.look();
  EXPECT_FALSE(a.hear(follows(kB, vote(1, z(1, 1), kA), 1)).join);
  EXPECT_FALSE(a.hear(follows(kC, vote(1, z(1, 1), kA), 1)).join);
}

TEST(Reports, ThatThisReplicaLeadsByItsVoteOfThisRoundAreBelieved) {
  Replica a(kA, 3);
  a.look();
  EXPECT_EQ(a.hear(follows(kB, a.own_vote(), 1)).join->leader, kA);
}

TEST(Reports, OfAQuorumThatChoseThisReplicaWinOverItsLaterVote) {
  Replica a(kA, 5);
  a.look();
  a.hear(looks(kE, vote(1, z(1, 9), kE), 1));
  a.hear(follows(kB, a.own_vote(), 1));
  a.hear(follows(kC, a.own_vote(), 1));
  EXPECT_EQ(a.hear(follows(kD, a.own_vote(), 1)).join->leader, kA);
}

// ZOOKEEPER-1732, 1805, 1817, 1818: replicas that joined one leader at different times report
// votes that differ in zxid and round, and a replica that restarts must still find its way.
TEST(Reports, AreComparedByLeaderAndEpochOnly) {
  Replica a(kA, 3);
  a.look();
  a.hear(follows(kB, vote(3, z(1, 1), kC), 2));
  EXPECT_EQ(a.hear(leads(kC, vote(3, z(2, 9), kC), 40)).join->leader, kC);
  Replica b(kB, 3);
  b.look();
  b.hear(follows(kA, vote(2, z(1, 1), kC), 2));
  EXPECT_FALSE(b.hear(leads(kC, vote(3, z(2, 9), kC), 40)).join) << "of different epochs";
}

TEST(Reports, OfARollingRestartLeadEveryReplicaBack) {
  std::map<ServerId, Replica> cell;
  for (const ServerId id : {kA, kB, kC}) cell.emplace(id, Replica(id, 3));
  for (auto& [id, replica] : cell) {
    replica.look();
    replica.settle(id == kC ? Role::kLeading : Role::kFollowing, kC, 3);
  }
  for (const ServerId id : {kA, kB}) {
    Replica reborn(id, 3);
    reborn.self().current = Epoch(3);
    reborn.self().last = z(3, 4 + static_cast<std::uint32_t>(id.value));
    for (const Notify& question : reborn.look().notify) {
      for (const Notify& answer : cell.at(question.to).hear(question.notification).notify) {
        reborn.hear(answer.notification);
      }
    }
    EXPECT_EQ(reborn.joined(), kC);
    reborn.settle(Role::kFollowing, kC, 3);
    cell.insert_or_assign(id, reborn);
  }
}

// ---- Those who cast no votes -------------------------------------------------------------------

TEST(NonVoters, AskWithTheMinimumVote) {
  Replica observer(kObserver, 3);
  const Election::Result result = observer.look();
  ASSERT_EQ(told(result), (Ids{kA, kB, kC}));
  EXPECT_EQ(result.notify.front().notification.vote, Vote());
  Replica rejoining(kA, 3, Membership::kRejoining);
  EXPECT_EQ(rejoining.look().notify.front().notification.vote, Vote());
}

TEST(NonVoters, AreNotPartOfAnElection) {
  Replica observer(kObserver, 3);
  observer.look();
  for (const ServerId voter : {kA, kB, kC}) {
    const Election::Result result = observer.hear(looks(voter, vote(1, z(1, 5), kC), 1));
    EXPECT_TRUE(result.notify.empty());
    EXPECT_FALSE(result.join);
  }
  EXPECT_FALSE(observer.wait(500).join);
}

TEST(NonVoters, AnObserverJoinsAnEstablishedLeaderAfterARandomWhile) {
  Replica observer(kObserver, 3);
  observer.look();
  observer.hear(leads(kC, vote(4, z(3, 7), kC), 12));
  Election::Result result = observer.hear(follows(kB, vote(4, z(3, 7), kC), 12));
  for (int i = 0; i < 200 && !result.join; ++i) result = observer.wait(1);
  EXPECT_EQ(observer.joined(), kC);
}

TEST(NonVoters, ARejoiningVoterJoinsAnEstablishedLeaderAtOnce) {
  Replica a(kA, 3, Membership::kRejoining);
  a.look();
  a.hear(leads(kC, vote(4, z(3, 7), kC), 12));
  EXPECT_EQ(a.hear(follows(kB, vote(4, z(3, 7), kC), 12)).join->leader, kC);
}

// ZOOKEEPER-261: a wiped replica must not help to elect anyone.
TEST(NonVoters, ARejoiningVoterIsCountedByNobody) {
  Replica b(kB, 3);
  b.look();
  Notification wiped = looks(kA, b.own_vote(), 1);
  wiped.membership = Membership::kRejoining;
  EXPECT_EQ(told(b.hear(wiped)), (Ids{kA}));
  EXPECT_FALSE(b.wait(60).join);
  wiped.role = Role::kFollowing;
  b.hear(wiped);
  EXPECT_FALSE(b.wait(60).join);
}

TEST(NonVoters, TheOnlyVoterCannotRejoin) {
  Replica a(kA, 1, Membership::kRejoining);
  EXPECT_TRUE(a.look().fatal);
}

// ---- The first start of a cell -----------------------------------------------------------------

Notification fresh(Notification n) {
  n.membership = Membership::kFresh;
  return n;
}

TEST(FirstStart, NeedsTheVotesOfAllVoters) {
  Replica a(kA, 3, Membership::kFresh);
  a.look();
  a.refused(kB);
  EXPECT_FALSE(a.hear(fresh(looks(kC, vote(0, Zxid(), kC), 1))).join);
  EXPECT_FALSE(a.wait(100).join);
  EXPECT_EQ(a.hear(fresh(looks(kB, vote(0, Zxid(), kC), 1))).join->leader, kC);
}

TEST(FirstStart, SettledPeersCountWithTheOwnVote) {
  Replica a(kA, 3, Membership::kFresh);
  a.look();
  a.hear(fresh(looks(kC, vote(0, Zxid(), kC), 1)));
  a.hear(fresh(leads(kC, vote(0, Zxid(), kC), 1)));
  EXPECT_EQ(a.hear(fresh(follows(kB, vote(0, Zxid(), kC), 1))).join->leader, kC);
}

TEST(FirstStart, AFreshReplicaThatMeetsAProvisionedOneNamesTheRemedy) {
  for (const Role role : {Role::kLooking, Role::kFollowing, Role::kLeading}) {
    Replica a(kA, 3, Membership::kFresh);
    a.look();
    const Election::Result result = a.hear(says(kB, role, vote(1, z(1, 5), kB), 1));
    ASSERT_TRUE(result.fatal);
    EXPECT_NE(result.fatal->find("--rejoin"), std::string::npos) << *result.fatal;
    EXPECT_FALSE(result.join);
  }
}

TEST(FirstStart, AFreshObserverMayMeetProvisionedVoters) {
  Replica observer(kObserver, 3);
  observer.self().membership = Membership::kFresh;
  observer.look();
  EXPECT_FALSE(observer.hear(leads(kC, vote(4, z(3, 7), kC), 12)).fatal);
  observer.hear(follows(kB, vote(4, z(3, 7), kC), 12));
  observer.wait(200);
  EXPECT_EQ(observer.joined(), kC);
}

TEST(FirstStart, AProvisionedReplicaAnswersFreshOnesAndIgnoresTheirVotes) {
  Replica a(kA, 3);
  a.look();
  const Election::Result result = a.hear(fresh(looks(kB, a.own_vote(), 1)));
  ASSERT_EQ(told(result), (Ids{kB}));
  EXPECT_EQ(result.notify.front().notification.membership, Membership::kProvisioned);
  EXPECT_FALSE(a.wait(60).join);
}

TEST(FirstStart, ARejoiningReplicaAmongFreshOnesOnlyIsTold) {
  Replica a(kA, 3, Membership::kRejoining);
  a.look();
  EXPECT_FALSE(a.hear(fresh(looks(kB, vote(0, Zxid(), kB), 1))).fatal);
  EXPECT_TRUE(a.hear(fresh(looks(kC, vote(0, Zxid(), kC), 1))).fatal);
  Replica b(kB, 3, Membership::kRejoining);
  b.look();
  EXPECT_FALSE(b.hear(fresh(looks(kA, vote(0, Zxid(), kA), 1))).fatal);
  EXPECT_FALSE(b.hear(looks(kC, vote(1, z(1, 5), kC), 1)).fatal);
}

// ---- Failed joins ------------------------------------------------------------------------------

// Lets the replica elect C and fail to join it.
void elect_c_and_fail(Replica& replica) {
  replica.look();
  const std::uint64_t round = replica.round();
  const ServerId other = replica.self().id == kA ? kB : kA;
  replica.hear(looks(kC, vote(1, z(1, 5), kC), round));
  replica.hear(looks(other, vote(1, z(1, 5), kC), round));
  ASSERT_EQ(replica.joined(), kC);
  replica.settle(Role::kFollowing, kC, 0);
  replica.fail_to_join(kC);
}

TEST(FailedJoins, ThreeOfOneLeaderTurnTheVoteToAnother) {
  Replica a(kA, 3);
  elect_c_and_fail(a);
  elect_c_and_fail(a);
  elect_c_and_fail(a);
  a.look();
  a.hear(looks(kC, vote(1, z(1, 5), kC), a.round()));
  EXPECT_EQ(a.vote(), a.own_vote());
  a.hear(looks(kB, vote(1, z(1, 5), kB), a.round()));
  EXPECT_EQ(a.vote().leader, kB);
  EXPECT_EQ(a.wait(50).join->leader, kB);
}

TEST(FailedJoins, TheAvoidedLeaderIsNotJoinedOnReportsEither) {
  Replica a(kA, 3);
  for (int i = 0; i < 3; ++i) elect_c_and_fail(a);
  a.look();
  a.hear(follows(kB, vote(2, z(1, 5), kC), 9));
  EXPECT_FALSE(a.hear(leads(kC, vote(2, z(1, 5), kC), 9)).join);
  EXPECT_EQ(a.wait(3001).join->leader, kC);
}

TEST(FailedJoins, AreForgivenAfterAWhile) {
  Replica a(kA, 3);
  for (int i = 0; i < 3; ++i) elect_c_and_fail(a);
  a.look();
  a.hear(looks(kC, vote(1, z(1, 5), kC), a.round()));
  EXPECT_EQ(a.vote(), a.own_vote());
  const Election::Result result = a.wait(3001);
  EXPECT_EQ(a.vote().leader, kC);
  EXPECT_EQ(told(result), (Ids{kB, kC}));
}

TEST(FailedJoins, FewerThanThreeOrWithASuccessBetweenChangeNothing) {
  Replica a(kA, 3);
  elect_c_and_fail(a);
  elect_c_and_fail(a);
  a.election().on_join_succeeded();
  elect_c_and_fail(a);
  a.look();
  a.hear(looks(kC, vote(1, z(1, 5), kC), a.round()));
  EXPECT_EQ(a.vote().leader, kC);
}

// ZAB.md §2.4 item 4: a candidate that never finds its quorum lets another go first.
TEST(FailedJoins, AReplicaThatCannotLeadBacksOnlyThoseWhoLackNothing) {
  Replica c(kC, 3);
  for (int i = 0; i < 3; ++i) {
    c.look();
    c.hear(looks(kA, c.own_vote(), c.round()));
    c.wait(50);
    ASSERT_EQ(c.joined(), kC);
    c.settle(Role::kLeading, kC, 0);
    c.fail_to_join(kC);
  }
  c.look();
  EXPECT_EQ(c.vote(), Vote());
  c.hear(looks(kA, vote(1, z(1, 4), kA), c.round()));
  EXPECT_EQ(c.vote(), Vote());
  c.hear(looks(kB, vote(1, z(1, 5), kB), c.round()));
  EXPECT_EQ(c.vote().leader, kB);
}

TEST(FailedJoins, AnAbstainingVoterTakesPartInTheRounds) {
  Replica a(kA, 3);
  a.look();
  EXPECT_EQ(told(a.hear(looks(kC, Vote(), 5))), (Ids{kB, kC}));
  EXPECT_EQ(a.round(), 5U);
  EXPECT_EQ(a.vote(), a.own_vote());
}

// ---- Repetition --------------------------------------------------------------------------------

TEST(Repetition, DoublesWithJitterUpToItsLimit) {
  Replica a(kA, 3);
  a.look();
  Ticks expected = 50;
  Ticks since = 0;
  for (int repeats = 0; repeats < 9;) {
    since += 1;
    ASSERT_LE(since, kTiming.resend_max) << "no repetition";
    const Election::Result result = a.wait(1);
    if (result.notify.empty()) continue;
    EXPECT_EQ(told(result), (Ids{kB, kC}));
    EXPECT_LE(since, expected);
    EXPECT_GE(since, expected - expected / 4);
    expected = std::min<Ticks>(2 * expected, 2000);
    since = 0;
    ++repeats;
  }
}

TEST(Repetition, BeginsAnewWhenTheVoteChanges) {
  Replica a(kA, 3);
  a.look();
  for (int i = 0; i < 3000; ++i) a.wait(1);
  a.hear(looks(kB, vote(1, z(1, 1), kB), 3));
  EXPECT_EQ(told(a.wait(50)), (Ids{kB, kC}));
}

TEST(Repetition, GoesToTheDeadToo) {
  Replica a(kA, 3);
  a.look();
  a.refused(kC);
  EXPECT_EQ(told(a.wait(50)), (Ids{kB, kC}));
}

// ---- Speed -------------------------------------------------------------------------------------

// Exchanges notifications in order, without any passing of time, until nobody has more to say.
void exchange(std::map<ServerId, Replica>& cell, std::deque<Notify> queue) {
  int budget = 200;
  while (!queue.empty()) {
    ASSERT_GT(--budget, 0) << "they talk without end";
    const Notify next = queue.front();
    queue.pop_front();
    const auto to = cell.find(next.to);
    if (to == cell.end()) continue;
    const Election::Result result = to->second.hear(next.notification);
    queue.insert(queue.end(), result.notify.begin(), result.notify.end());
    if (result.join) {
      const bool is_itself = result.join->leader == to->first;
      to->second.settle(is_itself ? Role::kLeading : Role::kFollowing, result.join->leader, 0);
    }
  }
}

void say_all(std::deque<Notify>& queue, const Election::Result& result) {
  queue.insert(queue.end(), result.notify.begin(), result.notify.end());
}

std::map<ServerId, Replica> survivors_of_c() {
  std::map<ServerId, Replica> cell;
  for (const ServerId id : {kA, kB}) {
    cell.emplace(id, Replica(id, 3)).first->second.settle(Role::kFollowing, kC, 1);
  }
  return cell;
}

TEST(Failover, TwoSurvivorsAgreeWithoutATimer) {
  std::map<ServerId, Replica> cell = survivors_of_c();
  std::deque<Notify> queue;
  for (auto& [id, replica] : cell) say_all(queue, replica.look());
  for (auto& [id, replica] : cell) say_all(queue, replica.refused(kC));
  exchange(cell, queue);
  EXPECT_EQ(cell.at(kA).joined(), kB);
  EXPECT_EQ(cell.at(kB).joined(), kB);
}

TEST(Failover, ARefusalThatComesLastEndsTheElection) {
  std::map<ServerId, Replica> cell = survivors_of_c();
  std::deque<Notify> queue;
  for (auto& [id, replica] : cell) say_all(queue, replica.look());
  exchange(cell, queue);
  EXPECT_EQ(cell.at(kA).refused(kC).join->leader, kB);
  EXPECT_EQ(cell.at(kB).refused(kC).join->leader, kB);
}

// One survivor looks while the other still follows the dead leader, whichever of them is to win.
TEST(Failover, ALateSurvivorIsTakenAlongWithoutATimer) {
  for (const ServerId early : {kA, kB}) {
    std::map<ServerId, Replica> cell = survivors_of_c();
    for (auto& [id, replica] : cell) replica.refused(kC);
    std::deque<Notify> queue;
    say_all(queue, cell.at(early).look());
    exchange(cell, queue);
    EXPECT_TRUE(cell.at(early).joined().is_none());
    queue.clear();
    say_all(queue, cell.at(early == kA ? kB : kA).look());
    exchange(cell, queue);
    EXPECT_EQ(cell.at(kA).joined(), kB) << "early=" << to_string(early);
    EXPECT_EQ(cell.at(kB).joined(), kB) << "early=" << to_string(early);
  }
}

TEST(Failover, AColdStartOfAllVotersNeedsNoTimer) {
  std::map<ServerId, Replica> cell;
  std::deque<Notify> queue;
  for (const ServerId id : {kA, kB, kC, kD, kE}) {
    say_all(queue, cell.emplace(id, Replica(id, 5)).first->second.look());
  }
  exchange(cell, queue);
  for (auto& [id, replica] : cell) EXPECT_EQ(replica.joined(), kE) << to_string(id);
}

// ---- As a value --------------------------------------------------------------------------------

std::uint64_t hash_of(Replica& replica) {
  StateHash hash(0);
  replica.election().hash_into(hash);
  return hash.value();
}

TEST(Elections, AreValuesThatRepeatThemselves) {
  Replica a(kA, 3);
  a.look();
  a.hear(looks(kB, vote(1, z(1, 6), kB), 1));
  Replica copy = a;
  EXPECT_EQ(hash_of(a), hash_of(copy));
  copy.hear(looks(kC, vote(1, z(1, 7), kC), 1));
  EXPECT_NE(hash_of(a), hash_of(copy));
  a.hear(looks(kC, vote(1, z(1, 7), kC), 1));
  EXPECT_EQ(hash_of(a), hash_of(copy));
  EXPECT_EQ(a.election().describe(), copy.election().describe());
}

TEST(Elections, DescribeThemselves) {
  Replica a(kA, 3);
  a.look();
  a.refused(kB);
  EXPECT_EQ(a.election().describe(),
            "election looking round=1 vote=(epoch=1 zxid=1.5 leader=1) votes=[ ] settled=[ ] "
            "dead=[ 2 ] avoided=[ ]");
}

}  // namespace
}  // namespace holdfast::zab
