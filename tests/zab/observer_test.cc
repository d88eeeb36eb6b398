#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"

namespace holdfast::zab::testing {
namespace {

TEST(Observer, ItFollowsTheCommittedHistory) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4}});
  ASSERT_NE(cell.elect(), 0U);
  cell.write("a");
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 10'000));
  cell.write("b");
  cell.advance(200);
  EXPECT_EQ(cell.applied(4), "1.1=a 1.2=b");
  EXPECT_EQ(cell.view(4).role, Role::kObserving);
  EXPECT_EQ(cell.disk(4).membership, Membership::kProvisioned);
}

TEST(Observer, ItIsSentOnlyWhatIsCommitted) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4}});
  const std::uint64_t leader = cell.elect();
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 10'000));
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    if (id != leader) cell.slow_disk(id);
  }
  cell.propose(leader, "a");
  cell.advance(100);
  EXPECT_EQ(cell.view(4).last, Zxid());
  EXPECT_TRUE(cell.sent_of<Proposal>(leader, 4).empty());
  for (const std::uint64_t id : {1U, 2U, 3U}) cell.fast_disk(id);
  cell.advance(100);
  EXPECT_EQ(cell.applied(4), "1.1=a");
  EXPECT_TRUE(cell.sent_of<Commit>(leader, 4).empty());
}

// ZOOKEEPER-764, 769, 2959: two voters of three are down.
TEST(Observer, ObserversMakeNoQuorumOfAnyKind) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4, 5}});
  const std::uint64_t leader = cell.elect();
  ASSERT_TRUE(
      cell.advance_until([&] { return cell.view(4).serving && cell.view(5).serving; }, 10'000));
  const std::uint64_t last = leader == 1 ? 2 : 1;
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    if (id != leader && id != last) cell.crash(id);
  }
  cell.slow_disk(last);
  cell.propose(leader, "a");
  cell.core(leader).read_barrier(1);
  cell.run();
  EXPECT_EQ(cell.view(leader).committed, Zxid()) << "observers acknowledged for voters";
  cell.crash(last);
  cell.advance(3000);
  EXPECT_EQ(cell.leader(), 0U);
}

TEST(Observer, ItIsHeldUntilTheLeaderIsEstablished) {
  Solo solo({.self = 1, .voters = {1, 2, 3}, .observers = {4}, .log = "1.1"});
  solo.elect(1);
  LearnerInfo info = info_of(4);
  info.observer = true;
  const ConnId observer = solo.accept(info);
  const ConnId second = solo.accept(info_of(2));
  solo.hear(second, ack_epoch_of(kTwo));
  EXPECT_TRUE(solo.said(observer).empty());
  solo.hear(second, AckNewLeader{kTwo});
  ASSERT_TRUE(solo.view().established);
  EXPECT_EQ(solo.said_one<LeaderInfo>(observer)->epoch, kTwo);
  solo.hear(observer, ack_epoch_of(kTwo));
  const std::vector<Message> said = solo.said(observer);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<Diff>(said[0]));
  EXPECT_EQ(std::get<Inform>(said[1]).entries.size(), 1U);
  EXPECT_EQ(std::get<NewLeader>(said[2]).last, Zxid(kOne, 1));
}

TEST(Observer, ItsAcksMoveItsWindowAndNothingElse) {
  Solo solo({.self = 1, .voters = {1, 2, 3}, .observers = {4}});
  solo.elect(1);
  const ConnId second = solo.accept(info_of(2));
  solo.hear(second, ack_epoch_of(kTwo));
  solo.hear(second, AckNewLeader{kTwo});
  LearnerInfo info = info_of(4);
  info.observer = true;
  const ConnId observer = solo.accept(info);
  solo.hear(observer, ack_epoch_of(kTwo));
  solo.hear(observer, AckNewLeader{kTwo});
  solo.propose("a");
  solo.hear(observer, Ack{kTwo, Zxid(kTwo, 1)});
  EXPECT_TRUE(solo.closed(observer)) << "it acknowledged what it was not sent";
  EXPECT_EQ(solo.view().committed, Zxid());
}

TEST(Observer, ItReadsAndForwardsLikeAFollower) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4}});
  const std::uint64_t leader = cell.elect();
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 10'000));
  EXPECT_TRUE(cell.core(4).forward(bytes_of("cmd")));
  cell.advance(50);
  EXPECT_EQ(cell.forwarded(leader), std::vector<std::string>{"cmd"});
  EXPECT_EQ(cell.applied(4), "1.1=cmd");
  EXPECT_TRUE(cell.core(4).read_barrier(9));
  cell.advance(50);
  EXPECT_EQ(cell.ready_reads(4), std::vector<std::uint64_t>{9});
}

TEST(Observer, ItSurvivesTheLossOfTheLeader) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4}});
  const std::uint64_t leader = cell.elect();
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 10'000));
  cell.write("a");
  cell.crash(leader);
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  cell.write("b");
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 20'000));
  cell.advance(100);
  EXPECT_EQ(cell.applied(4), "1.1=a 2.1=b");
}

TEST(Observer, AFreshOneJoinsACellThatLives) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {4}});
  for (const std::uint64_t id : {1U, 2U, 3U}) cell.provision(id, kOne, kOne, "1.1 1.2");
  ASSERT_NE(cell.elect(), 0U);
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(4).serving; }, 10'000));
  EXPECT_FALSE(cell.fatal(4).has_value());
  EXPECT_EQ(cell.applied(4), "1.1=1.1 1.2=1.2");
}

}  // namespace
}  // namespace holdfast::zab::testing
