#include "zab/leader.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/leader_rules.h"

namespace holdfast::zab::testing {
namespace {

// A message of each kind that is well formed for a leader of epoch 2 with an empty log.
std::vector<Message> one_of_each(Epoch epoch) {
  return {info_of(2),
          LeaderInfo{epoch, false},
          ack_epoch_of(epoch),
          Diff{epoch, Zxid()},
          Trunc{epoch, Zxid()},
          Snap{epoch, Zxid()},
          SnapChunk{epoch, bytes_of("x")},
          SnapEnd{epoch, 0, 0},
          SnapAck{epoch, 0},
          Proposal{epoch, entries_of("1.1"), Zxid()},
          NewLeader{epoch, Zxid()},
          AckNewLeader{epoch},
          UpToDate{epoch, Zxid()},
          Ack{epoch, Zxid()},
          Commit{epoch, Zxid()},
          Inform{epoch, entries_of("1.1")},
          Ping{epoch, 0, Zxid()},
          Pong{.epoch = epoch, .round = 0, .applied = Zxid(), .free_bytes = 0, .touched = {}},
          ReadIndex{epoch, 1, {}},
          ReadIndexReply{epoch, 1, Zxid()},
          Request{epoch, bytes_of("x")},
          RequestReply{epoch, bytes_of("x")}};
}

// A leader in whose eyes replica 2 stands in the stage.
struct Stage {
  Solo solo{{.self = 1, .voters = {1, 2, 3, 4, 5}}};
  ConnId conn;

  explicit Stage(LearnerStage stage) {
    solo.elect(1);
    if (stage == LearnerStage::kWaitInfo) {
      conn = solo.accept();
      return;
    }
    conn = solo.accept(info_of(2));
    if (stage == LearnerStage::kInfo) return;
    const ConnId third = solo.accept(info_of(3));
    if (stage == LearnerStage::kEpochSent) return;
    solo.hear(conn, ack_epoch_of(kTwo));
    if (stage == LearnerStage::kEpochAcked) return;
    solo.hear(third, ack_epoch_of(kTwo));
    if (stage == LearnerStage::kSyncing) return;
    solo.hear(conn, AckNewLeader{kTwo});
    if (stage == LearnerStage::kNewLeaderAcked) return;
    solo.hear(third, AckNewLeader{kTwo});
  }
};

LearnerStage stage_at(std::size_t index) {
  return static_cast<LearnerStage>(index);
}

// R10: what each stage hears without closing. The test's own list, against the table.
TEST(LeaderRules, EachStageHearsItsOwnMessagesOnly) {
  const std::array<std::set<std::size_t>, kLearnerStages> heard = {{
      {kind<LearnerInfo>()},
      {},
      {kind<AckEpoch>(), kind<Pong>()},
      {kind<Pong>()},
      {kind<SnapAck>(), kind<Ack>(), kind<AckNewLeader>(), kind<Pong>()},
      {kind<Ack>(), kind<Pong>()},
      {kind<Ack>(), kind<Pong>(), kind<ReadIndex>(), kind<Request>()},
  }};
  for (std::size_t stage = 0; stage < kLearnerStages; ++stage) {
    for (std::size_t message = 0; message < kMessageKinds; ++message) {
      EXPECT_EQ(leader_verdict(stage_at(stage), message) == Verdict::kHandle,
                heard.at(stage).contains(message))
          << to_string(stage_at(stage)) << " message " << message;
    }
  }
}

TEST(LeaderRules, TheTableIsWhatTheLeaderDoes) {
  for (std::size_t stage = 0; stage < kLearnerStages; ++stage) {
    for (const Message& message : one_of_each(kTwo)) {
      Stage at(stage_at(stage));
      ASSERT_FALSE(at.solo.closed(at.conn));
      at.solo.hear(at.conn, message);
      EXPECT_EQ(at.solo.closed(at.conn),
                leader_verdict(stage_at(stage), message.index()) == Verdict::kClose)
          << to_string(stage_at(stage)) << " " << describe(message);
      EXPECT_EQ(at.solo.view().role, Role::kLeading);
    }
  }
}

// R9.
TEST(LeaderRules, AMessageOfAnotherEpochClosesItsConnection) {
  for (std::size_t stage = 2; stage < kLearnerStages; ++stage) {
    for (const Message& message : one_of_each(kOne)) {
      Stage at(stage_at(stage));
      at.solo.hear(at.conn, message);
      EXPECT_TRUE(at.solo.closed(at.conn)) << to_string(stage_at(stage)) << describe(message);
    }
  }
}

TEST(LeaderRules, EveryMessageKindHasItsOwnIndex) {
  const std::vector<Message> all = one_of_each(kOne);
  ASSERT_EQ(all.size(), kMessageKinds);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].index(), i);
  EXPECT_EQ(kind<Pong>(), Message(Pong{}).index());
}

// R10, R19.
TEST(Leader, ALearnerThatComesAgainReplacesItsOlderConnection) {
  Stage at(LearnerStage::kActive);
  const ConnId again = at.solo.accept(info_of(2));
  EXPECT_TRUE(at.solo.closed(at.conn));
  EXPECT_FALSE(at.solo.closed(again));
  at.solo.said(again);
  at.solo.hear(at.conn, ack_epoch_of(kTwo));
  EXPECT_TRUE(at.solo.said(again).empty()) << "the old connection's word was taken";
}

TEST(Leader, LeaderInfoGoesOnceToAConnection) {
  Solo solo({.self = 1});
  solo.hold_disk();
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.close(conn);
  const ConnId again = solo.accept(info_of(2));
  solo.release_disk();
  EXPECT_TRUE(solo.said(conn).empty());
  EXPECT_EQ(solo.said(again).size(), 1U);
  solo.accept(info_of(3));
  EXPECT_TRUE(solo.said(again).empty());
}

TEST(Leader, EstablishmentNeedsItsOwnDiskToo) {
  Solo solo({.self = 1});
  solo.elect(1);
  const ConnId second = solo.accept(info_of(2));
  const ConnId third = solo.accept(info_of(3));
  solo.hold_disk();
  for (const ConnId conn : {second, third}) solo.hear(conn, ack_epoch_of(kTwo));
  for (const ConnId conn : {second, third}) solo.hear(conn, AckNewLeader{kTwo});
  EXPECT_FALSE(solo.view().established);
  EXPECT_FALSE(solo.propose("a").has_value());
  solo.release_disk();
  EXPECT_TRUE(solo.view().established);
  EXPECT_TRUE(solo.view().serving);
  EXPECT_EQ(solo.propose("a"), Zxid(kTwo, 1));
}

// M9, R22: the leader's own disk is one acker among others, and may come last.
TEST(Leader, AFollowersQuorumCommitsWhileTheLeadersDiskIsSlow) {
  Stage at(LearnerStage::kActive);
  Solo& solo = at.solo;
  const ConnId fourth = solo.accept(info_of(4));
  solo.hear(fourth, ack_epoch_of(kTwo));
  solo.hear(fourth, AckNewLeader{kTwo});
  solo.hold_disk();
  solo.propose("a");
  const ConnId third(2);
  for (const ConnId conn : {at.conn, third}) solo.hear(conn, Ack{kTwo, Zxid(kTwo, 1)});
  EXPECT_EQ(solo.view().committed, Zxid());
  solo.hear(fourth, Ack{kTwo, Zxid(kTwo, 1)});
  EXPECT_EQ(solo.view().committed, Zxid(kTwo, 1));
  EXPECT_EQ(solo.view().delivered, Zxid()) << "delivered before it is durable here";
  solo.release_disk();
  EXPECT_EQ(solo.view().delivered, Zxid(kTwo, 1));
}

TEST(Leader, AnAckForWhatWasNotSentCloses) {
  Stage at(LearnerStage::kActive);
  at.solo.propose("a");
  at.solo.hear(at.conn, Ack{kTwo, Zxid(kTwo, 2)});
  EXPECT_TRUE(at.solo.closed(at.conn));
}

TEST(Leader, AnAckForNoEntryCloses) {
  Stage at(LearnerStage::kActive);
  at.solo.propose("a");
  at.solo.hear(at.conn, Ack{kTwo, Zxid(kOne, 77)});
  EXPECT_TRUE(at.solo.closed(at.conn));
}

TEST(Leader, APongForARoundToComeCloses) {
  Stage at(LearnerStage::kActive);
  Pong pong;
  pong.epoch = kTwo;
  pong.round = 1000;
  at.solo.hear(at.conn, pong);
  EXPECT_TRUE(at.solo.closed(at.conn));
}

// R1: with a counter of four bits.
TEST(Leader, ItResignsBeforeTheCounterRunsOut) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    cell.options(id).counter_max = 15;
    cell.options(id).counter_reserve = 5;
  }
  cell.elect();
  for (int i = 0; i < 35; ++i) {
    ASSERT_TRUE(cell.advance_until(
        [&] {
          const std::uint64_t leader = cell.leader();
          return leader != 0 && cell.propose(leader, std::to_string(i)).has_value();
        },
        20'000))
        << i;
  }
  cell.advance(500);
  EXPECT_EQ(cell.view(1).last, Zxid(Epoch(4), 5));
  for (const Entry& entry : cell.disk(1).log) EXPECT_LE(entry.zxid.counter(), 10U);
  EXPECT_EQ(cell.applied(1), cell.applied(3));
}

TEST(Leader, TooMuchInFlightIsRefusedUntilSomeHasCommitted) {
  Options options;
  options.in_flight_entries = 2;
  Solo solo({.self = 1}, options);
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.hear(conn, ack_epoch_of(kTwo));
  solo.hear(conn, AckNewLeader{kTwo});
  EXPECT_TRUE(solo.propose("a").has_value());
  EXPECT_TRUE(solo.propose("b").has_value());
  EXPECT_EQ(std::get<NotProposed>(solo.core().propose(bytes_of("c"))), NotProposed::kFull);
  solo.hear(conn, Ack{kTwo, Zxid(kTwo, 1)});
  EXPECT_TRUE(solo.propose("c").has_value());
}

TEST(Leader, BytesInFlightAreBoundedToo) {
  Options options;
  options.in_flight_bytes = 10;
  Solo solo({.self = 1}, options);
  solo.elect(1);
  const ConnId conn = solo.accept(info_of(2));
  solo.hear(conn, ack_epoch_of(kTwo));
  solo.hear(conn, AckNewLeader{kTwo});
  EXPECT_TRUE(solo.propose(std::string(50, 'x')).has_value()) << "one always fits";
  EXPECT_EQ(std::get<NotProposed>(solo.core().propose(bytes_of("c"))), NotProposed::kFull);
  EXPECT_EQ(std::get<NotProposed>(solo.core().propose(SharedBytes(std::string(3U << 20U, 'x')))),
            NotProposed::kTooLarge);
}

TEST(Leader, AFollowerDoesNotPropose) {
  Solo solo({.self = 1});
  solo.elect(3);
  EXPECT_EQ(std::get<NotProposed>(solo.core().propose(bytes_of("a"))), NotProposed::kNotLeader);
}

// R24.
TEST(Leader, ItResignsWhenItHearsNoQuorum) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  cell.isolate(leader);
  cell.advance(Options().failure_timeout - 150);
  EXPECT_TRUE(cell.view(leader).established);
  cell.advance(400);
  EXPECT_EQ(cell.view(leader).role, Role::kLooking);
  EXPECT_FALSE(cell.view(leader).serving);
}

TEST(Leader, AResigningLeaderClosesEveryConnectionAtOnce) {
  Stage at(LearnerStage::kActive);
  const ConnId nameless = at.solo.accept();
  at.solo.core().resign("stop");
  at.solo.settle();
  EXPECT_TRUE(at.solo.closed(at.conn));
  EXPECT_TRUE(at.solo.closed(ConnId(2)));
  EXPECT_TRUE(at.solo.closed(nameless));
}

// ZOOKEEPER-87: pings alone do not keep a learner whose disk is stuck.
TEST(Leader, ALearnerWithAStuckDiskIsGivenUp) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  const std::uint64_t stuck = leader == 1 ? 2 : 1;
  cell.slow_disk(stuck);
  cell.write("a");
  cell.advance(2 * Options().failure_timeout - 200);
  EXPECT_TRUE(cell.view(stuck).serving);
  const std::size_t before = cell.closes(leader).size();
  cell.advance(600);
  EXPECT_EQ(cell.closes(leader).size(), before + 1);
  EXPECT_FALSE(cell.view(stuck).serving);
  EXPECT_TRUE(cell.view(leader).established);
  cell.fast_disk(stuck);
  ASSERT_TRUE(cell.advance_until([&] { return cell.view(stuck).serving; }, 20'000));
}

TEST(Leader, ANamelessConnectionIsClosedInTime) {
  Stage at(LearnerStage::kActive);
  const ConnId nameless = at.solo.accept();
  for (int i = 0; i < 60; ++i) {
    at.solo.advance(100);
    for (const ConnId conn : {at.conn, ConnId(2)}) {
      if (const auto ping = at.solo.said_one<Ping>(conn)) {
        at.solo.hear(conn, Pong{.epoch = kTwo, .round = ping->round, .touched = {}});
      }
    }
  }
  EXPECT_TRUE(at.solo.closed(nameless));
  EXPECT_FALSE(at.solo.closed(at.conn));
}

TEST(Leader, NamelessConnectionsAreBounded) {
  Stage at(LearnerStage::kActive);
  ConnId conn;
  for (int i = 0; i < 500 && !at.solo.closed(conn); ++i) conn = at.solo.accept();
  EXPECT_TRUE(at.solo.closed(conn));
}

TEST(Leader, ARequestIsHandedOutAndMayBeRefused) {
  Stage at(LearnerStage::kActive);
  at.solo.said(at.conn);
  at.solo.hear(at.conn, Request{kTwo, bytes_of("cmd")});
  const auto requests = at.solo.outputs<ForwardedRequest>();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].from, ServerId(2));
  at.solo.core().reply_to(requests[0].conn, bytes_of("no"));
  at.solo.settle();
  EXPECT_EQ(at.solo.said_one<RequestReply>(at.conn)->payload, bytes_of("no"));
}

TEST(Leader, WhoHasSaidNothingOfItsDiskLacksNothing) {
  const Stage at(LearnerStage::kActive);
  for (const CoreView::Learner& learner : at.solo.view().learners) {
    EXPECT_GT(learner.free_bytes, 0U);
  }
}

TEST(Leader, TheViewShowsItsLearnersById) {
  Stage at(LearnerStage::kActive);
  Pong pong;
  pong.epoch = kTwo;
  pong.free_bytes = 77;
  at.solo.hear(at.conn, pong);
  const CoreView view = at.solo.view();
  ASSERT_EQ(view.learners.size(), 2U);
  EXPECT_EQ(view.learners[0].id, ServerId(2));
  EXPECT_TRUE(view.learners[0].active);
  EXPECT_EQ(view.learners[0].free_bytes, 77U);
  EXPECT_EQ(view.learners[1].id, ServerId(3));
}

}  // namespace
}  // namespace holdfast::zab::testing
