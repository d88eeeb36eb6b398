#include <array>

#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/leader_reads.h"

namespace holdfast::zab::testing {
namespace {

Pong pong_of(std::uint64_t round) {
  return Pong{.epoch = kTwo, .round = round, .applied = Zxid(), .free_bytes = 0, .touched = {}};
}

// An established leader of three; its followers are played by the test.
struct ReadIndexAtLeader : ::testing::Test {
  Solo solo{{.self = 1}};
  ConnId second;
  ConnId third;

  ConnId follower(std::uint64_t id) {
    const ConnId conn = solo.accept(info_of(id));
    solo.hear(conn, ack_epoch_of(kTwo));
    solo.hear(conn, AckNewLeader{kTwo});
    solo.said(conn);
    return conn;
  }
  void SetUp() override {
    solo.elect(1);
    second = follower(2);
    third = follower(3);
    solo.forget_outputs();
  }
  std::vector<std::uint64_t> ready() {
    std::vector<std::uint64_t> tags;
    for (const ReadReady& read : solo.outputs<ReadReady>()) tags.push_back(read.tag);
    return tags;
  }
};

// R23.
TEST_F(ReadIndexAtLeader, AReadWaitsForARoundThatBeganAfterIt) {
  solo.advance(Options().heartbeat + 10);
  const auto heartbeat = solo.said_one<Ping>(second);
  ASSERT_TRUE(heartbeat.has_value());
  ASSERT_TRUE(solo.core().read_barrier(7));
  solo.hear(second, pong_of(heartbeat->round));
  EXPECT_TRUE(ready().empty()) << "that round began before the read";
  const auto round = solo.said_one<Ping>(second);
  ASSERT_TRUE(round.has_value());
  EXPECT_GT(round->round, heartbeat->round);
  solo.hear(second, pong_of(round->round));
  EXPECT_EQ(ready(), std::vector<std::uint64_t>{7});
}

TEST_F(ReadIndexAtLeader, ARoundBeginsAtOnce) {
  solo.core().read_barrier(1);
  solo.settle();
  EXPECT_TRUE(solo.said_one<Ping>(second).has_value());
}

TEST_F(ReadIndexAtLeader, ReadsThatWaitShareOneRound) {
  solo.core().read_barrier(1);
  solo.settle();
  const auto first = solo.said_one<Ping>(second);
  for (std::uint64_t tag = 2; tag < 10; ++tag) solo.core().read_barrier(tag);
  solo.settle();
  EXPECT_FALSE(solo.said_one<Ping>(second).has_value()) << "one round at a time";
  solo.hear(second, pong_of(first->round));
  EXPECT_EQ(ready().size(), 1U);
  const auto next = solo.said_one<Ping>(second);
  ASSERT_TRUE(next.has_value());
  solo.hear(third, pong_of(next->round));
  EXPECT_EQ(ready().size(), 9U);
}

TEST_F(ReadIndexAtLeader, ALaterRoundConfirmsEarlierReads) {
  solo.core().read_barrier(1);
  solo.settle();
  solo.advance(Options().heartbeat + 10);
  const auto newest = solo.said_one<Ping>(second);
  solo.hear(second, pong_of(newest->round));
  EXPECT_EQ(ready(), std::vector<std::uint64_t>{1});
}

TEST_F(ReadIndexAtLeader, TheAnswerIsTheCommitPointOfTheReadsArrival) {
  solo.core().read_barrier(1);
  solo.settle();
  const auto round = solo.said_one<Ping>(second);
  solo.propose("a");
  solo.hear(third, Ack{kTwo, Zxid(kTwo, 1)});
  solo.hear(second, pong_of(round->round));
  ASSERT_EQ(solo.outputs<ReadReady>().size(), 1U);
  EXPECT_EQ(solo.outputs<ReadReady>()[0].zxid, Zxid());
}

TEST_F(ReadIndexAtLeader, ALearnersReadIsAnsweredOnItsConnection) {
  solo.propose("a");
  solo.hear(third, Ack{kTwo, Zxid(kTwo, 1)});
  solo.said(second);
  solo.hear(second, ReadIndex{kTwo, 31, {}});
  const auto round = solo.said_one<Ping>(third);
  solo.hear(third, pong_of(round->round));
  const auto reply = solo.said_one<ReadIndexReply>(second);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->tag, 31U);
  EXPECT_EQ(reply->committed, Zxid(kTwo, 1));
}

TEST_F(ReadIndexAtLeader, TouchesAreCountedBeforeTheirRoundBegins) {
  solo.hear(second, ReadIndex{kTwo, 1, {SessionId(5), SessionId(6)}});
  ASSERT_EQ(solo.outputs<Touched>().size(), 1U);
  EXPECT_EQ(solo.outputs<Touched>()[0].sessions.size(), 2U);
  Pong pong = pong_of(0);
  pong.touched = {SessionId(7)};
  solo.hear(third, pong);
  EXPECT_EQ(solo.outputs<Touched>().size(), 2U);
}

// An expiry that was proposed before the touch came is applied before the answer is used.
TEST_F(ReadIndexAtLeader, AReadWithTouchesIsAnsweredWithTheEndOfTheLog) {
  solo.propose("expiry");
  solo.hear(second, ReadIndex{kTwo, 1, {SessionId(5)}});
  const auto round = solo.said_one<Ping>(third);
  solo.hear(third, pong_of(round->round));
  EXPECT_EQ(solo.said_one<ReadIndexReply>(second)->committed, Zxid(kTwo, 1));
}

TEST_F(ReadIndexAtLeader, OneThatIsNotActiveConfirmsNothing) {
  solo.close(second);
  solo.close(third);
  const ConnId joining = solo.accept(info_of(2));
  solo.hear(joining, ack_epoch_of(kTwo));
  solo.said(joining);
  solo.core().read_barrier(1);
  solo.settle();
  const auto round = solo.said_one<Ping>(joining);
  ASSERT_TRUE(round.has_value());
  solo.hear(joining, pong_of(round->round));
  EXPECT_TRUE(ready().empty());
}

TEST_F(ReadIndexAtLeader, ReadsAreForgottenWhenServingEnds) {
  solo.core().read_barrier(1);
  solo.core().resign("test");
  solo.settle();
  EXPECT_EQ(solo.outputs<StopServing>().size(), 1U);
  EXPECT_FALSE(solo.core().read_barrier(2));
  EXPECT_TRUE(ready().empty());
}

TEST(ReadIndex, ALearnersReadsOfOneTakeShareOneQuestionAndCarryItsTouches) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  cell.advance(200);
  const std::uint64_t follower = leader == 1 ? 2 : 1;
  cell.sent().clear();
  const std::array<SessionId, 2> sessions{SessionId(11), SessionId(12)};
  cell.core(follower).touch(sessions);
  for (const std::uint64_t tag : {1U, 2U, 3U}) EXPECT_TRUE(cell.core(follower).read_barrier(tag));
  cell.advance(50);
  const auto questions = cell.sent_of<ReadIndex>(follower, leader);
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].touched.size(), 2U);
  EXPECT_EQ(cell.ready_reads(follower), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(cell.touched(leader).size(), 2U);
}

TEST(ReadIndex, TouchesTravelWithThePongWhenNothingIsRead) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  cell.advance(200);
  const std::array<SessionId, 1> sessions{SessionId(11)};
  cell.core(leader == 1 ? 2 : 1).touch(sessions);
  cell.advance(2 * Options().heartbeat);
  EXPECT_EQ(cell.touched(leader), std::vector<SessionId>{SessionId(11)});
}

// ZOOKEEPER-1675: a leader that was deposed without knowing it must not answer.
TEST(ReadIndex, ADeposedLeaderAnswersNoRead) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t old = cell.elect();
  cell.isolate(old);
  ASSERT_TRUE(cell.advance_until(
      [&] {
        for (const std::uint64_t id : {1U, 2U, 3U}) {
          if (id != old && cell.view(id).role == Role::kLeading) return true;
        }
        // The old leader is asked all the time.
        cell.core(old).read_barrier(static_cast<std::uint64_t>(cell.now()));
        return false;
      },
      20'000));
  EXPECT_TRUE(cell.ready_reads(old).empty());
}

TEST(Confirmation, RoundsConfirmWhatJoinedThem) {
  Confirmation reads;
  EXPECT_FALSE(reads.wants_round());
  reads.add({.conn = ConnId(), .tag = 1, .committed = Zxid()});
  EXPECT_TRUE(reads.wants_round());
  const std::uint64_t first = reads.begin_round();
  EXPECT_FALSE(reads.wants_round());
  reads.add({.conn = ConnId(), .tag = 2, .committed = Zxid()});
  EXPECT_FALSE(reads.wants_round()) << "one that carries reads is open";
  EXPECT_TRUE(reads.confirm(first - 1).empty());
  EXPECT_EQ(reads.confirm(first).size(), 1U);
  EXPECT_TRUE(reads.wants_round());
  const std::uint64_t second = reads.begin_round();
  reads.begin_round();
  EXPECT_EQ(reads.confirm(second + 1).size(), 1U);
}

TEST(ConfirmationDeathTest, ARoundThatHasNotBegunIsRefused) {
  Confirmation reads;
  EXPECT_DEATH(reads.confirm(1), "has not begun");
}

}  // namespace
}  // namespace holdfast::zab::testing
