#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"

namespace holdfast::zab::testing {
namespace {

// A leader of epoch 2 whose log is "1.1 1.2 1.3", still waiting for its quorum.
struct Leading : ::testing::Test {
  Solo solo{{.self = 1, .voters = {1, 2, 3}, .observers = {4}, .log = "1.1 1.2 1.3"}};

  ConnId learner(std::uint64_t id, EpochVector epochs, Zxid floor) {
    const ConnId conn = solo.accept(info_of(id));
    solo.said(conn);
    AckEpoch ack = ack_epoch_of(kTwo);
    ack.epochs = std::move(epochs);
    ack.floor = floor;
    solo.hear(conn, ack);
    return conn;
  }
  void SetUp() override { solo.elect(1); }
};

std::string words(const std::vector<Message>& messages) {
  std::string text;
  for (const Message& message : messages) {
    const std::string line = describe(message);
    text += (text.empty() ? "" : ", ") + line.substr(0, line.find(' '));
  }
  return text;
}

TEST_F(Leading, ALearnerWithAPrefixGetsTheRestAndThenNewLeader) {
  const ConnId conn = learner(2, {EpochEnd{}, EpochEnd{kOne, 1}}, Zxid());
  const std::vector<Message> said = solo.said(conn);
  ASSERT_EQ(words(said), "DIFF, PROPOSAL, NEWLEADER");
  EXPECT_EQ(std::get<Diff>(said[0]).from, Zxid(kOne, 1));
  const auto& run = std::get<Proposal>(said[1]).entries;
  ASSERT_EQ(run.size(), 2U);
  EXPECT_EQ(run.front().zxid, Zxid(kOne, 2));
  EXPECT_EQ(std::get<NewLeader>(said[2]).last, Zxid(kOne, 3));
}

TEST_F(Leading, AnEqualLearnerGetsAnEmptyDiff) {
  const ConnId conn = learner(2, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  EXPECT_EQ(words(solo.said(conn)), "DIFF, NEWLEADER");
}

// ZOOKEEPER-1319: an empty learner is not in sync with a leader that has not proposed yet.
TEST_F(Leading, AnEmptyLearnerGetsEverything) {
  const ConnId conn = learner(2, {EpochEnd{}}, Zxid());
  const std::vector<Message> said = solo.said(conn);
  ASSERT_EQ(words(said), "DIFF, PROPOSAL, NEWLEADER");
  EXPECT_EQ(std::get<Proposal>(said[1]).entries.size(), 3U);
}

TEST_F(Leading, ALearnerWithMoreIsTruncated) {
  Solo other({.self = 1, .accepted = kTwo, .current = kTwo, .log = "1.1 2.1"});
  other.elect(1);
  const ConnId conn = other.accept(info_of(2));
  other.said(conn);
  AckEpoch ack = ack_epoch_of(Epoch(3));
  ack.epochs = {EpochEnd{}, EpochEnd{kOne, 4}};
  other.hear(conn, ack);
  const std::vector<Message> said = other.said(conn);
  ASSERT_EQ(words(said), "TRUNC, PROPOSAL, NEWLEADER");
  EXPECT_EQ(std::get<Trunc>(said[0]).to, Zxid(kOne, 1));
  EXPECT_EQ(std::get<Proposal>(said[1]).entries[0].zxid, Zxid(kTwo, 1));
}

TEST_F(Leading, NoEntryIsLostBetweenHistoryAndBroadcast) {
  const ConnId second = learner(2, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  solo.hear(second, AckNewLeader{kTwo});
  ASSERT_TRUE(solo.view().established);
  solo.propose("a");
  // A late joiner: NEWLEADER stands behind the log's end of the moment it came, with entries in
  // flight.
  const ConnId third = learner(3, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  solo.propose("b");
  const std::vector<Message> said = solo.said(third);
  ASSERT_EQ(words(said), "DIFF, PROPOSAL, NEWLEADER, PROPOSAL");
  EXPECT_EQ(std::get<NewLeader>(said[2]).last, Zxid(kTwo, 1));
  EXPECT_EQ(std::get<Proposal>(said[3]).entries[0].zxid, Zxid(kTwo, 2));
}

// R18, ZOOKEEPER-4685: both kinds of acknowledgement mix in any order the learner's disk gives
// them.
TEST_F(Leading, AnAckBeforeAckNewLeaderCountsForNothing) {
  const ConnId second = learner(2, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  solo.hear(second, AckNewLeader{kTwo});
  const ConnId third = learner(3, {EpochEnd{}}, Zxid());
  solo.hear(third, Ack{kTwo, Zxid(kOne, 2)});
  EXPECT_FALSE(solo.closed(third));
  EXPECT_EQ(solo.view().learners[1].match, Zxid());
  solo.hear(third, AckNewLeader{kTwo});
  EXPECT_EQ(solo.view().learners[1].match, Zxid(kOne, 3));
}

// R20.
TEST_F(Leading, UpToDateCarriesTheCommitPointOfItsMoment) {
  const ConnId second = learner(2, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  solo.hear(second, AckNewLeader{kTwo});
  EXPECT_EQ(solo.said_one<UpToDate>(second)->committed, Zxid(kOne, 3));
  const ConnId third = learner(3, {EpochEnd{}, EpochEnd{kOne, 3}}, Zxid());
  solo.propose("a");
  solo.hear(second, Ack{kTwo, Zxid(kTwo, 1)});
  solo.hear(third, AckNewLeader{kTwo});
  EXPECT_EQ(solo.said_one<UpToDate>(third)->committed, Zxid(kTwo, 1));
}

TEST_F(Leading, AckNewLeaderBeforeNewLeaderCloses) {
  Options options;
  options.learner_in_flight_bytes = 1;
  options.proposal_run_bytes = 1;
  Solo narrow({.self = 1, .log = "1.1 1.2 1.3"}, options);
  narrow.elect(1);
  const ConnId conn = narrow.accept(info_of(2));
  narrow.hear(conn, ack_epoch_of(kTwo));
  narrow.hear(conn, AckNewLeader{kTwo});
  EXPECT_TRUE(narrow.closed(conn));
}

// A slow learner holds no memory: what is sent and not acknowledged is bounded.
TEST_F(Leading, TheWindowOfAStreamIsBounded) {
  Options options;
  options.learner_in_flight_bytes = 40;
  options.proposal_run_bytes = 1;
  Solo narrow({.self = 1, .log = "1.1 1.2 1.3 1.4 1.5"}, options);
  narrow.elect(1);
  const ConnId conn = narrow.accept(info_of(2));
  narrow.hear(conn, ack_epoch_of(kTwo));
  EXPECT_EQ(words(narrow.said(conn)), "LEADERINFO, DIFF, PROPOSAL, PROPOSAL");
  narrow.hear(conn, Ack{kTwo, Zxid(kOne, 1)});
  EXPECT_EQ(words(narrow.said(conn)), "PROPOSAL");
  narrow.hear(conn, Ack{kTwo, Zxid(kOne, 3)});
  EXPECT_EQ(words(narrow.said(conn)), "PROPOSAL, PROPOSAL, NEWLEADER");
}

// ---- whole cells ------------------------------------------------------------------------------

// Three replicas in epoch 1 with the same three entries, led by 3 when all are up.
struct Cell : ::testing::Test {
  SmallCell cell{{.voters = {1, 2, 3}, .observers = {}}};

  void SetUp() override {
    for (const std::uint64_t id : {1U, 2U, 3U}) cell.provision(id, kOne, kOne, "1.1 1.2 1.3");
  }
  void expect_equal() {
    ASSERT_TRUE(cell.advance_until(
        [&] { return cell.view(1).serving && cell.view(2).serving && cell.view(3).serving; },
        20'000));
    cell.advance(300);
    EXPECT_EQ(cell.applied(1), cell.applied(2));
    EXPECT_EQ(cell.applied(2), cell.applied(3));
  }
};

TEST_F(Cell, AnUncommittedTailIsTruncatedAndReplaced) {
  cell.provision(1, kOne, kOne, "1.1 1.2 1.3 1.4 1.5");
  cell.start(2);
  cell.start(3);
  cell.advance(2000);
  cell.write("a");
  cell.start(1);
  expect_equal();
  EXPECT_EQ(cell.log(1), "1.1 1.2 1.3 2.1");
}

// ZOOKEEPER-1154: its last zxid lies inside the leader's window but is none of its entries.
TEST_F(Cell, ALogThatDivergedInTheMiddleIsCutAtTheCommonPoint) {
  cell.provision(1, kTwo, kOne, "1.1 1.2 1.3 1.4");
  cell.provision(2, Epoch(3), Epoch(3), "1.1 1.2 1.3 3.1 3.2");
  cell.provision(3, Epoch(3), Epoch(3), "1.1 1.2 1.3 3.1 3.2");
  cell.start_all();
  expect_equal();
  EXPECT_EQ(cell.log(1), "1.1 1.2 1.3 3.1 3.2");
}

// R16, ZOOKEEPER-1549: what only one disk has may be committed by its leader or be forgotten, but
// never both.
TEST_F(Cell, ATailThatOneReplicaHoldsIsGoneWhenAnotherLed) {
  cell.provision(3, kOne, kOne, "1.1 1.2 1.3 1.4");
  cell.start(1);
  cell.start(2);
  cell.advance(2000);
  ASSERT_NE(cell.leader(), 0U);
  cell.write("a");
  cell.start(3);
  expect_equal();
  EXPECT_EQ(cell.applied(3), "1.1=1.1 1.2=1.2 1.3=1.3 2.1=a");
}

TEST_F(Cell, AReplicaThatWasAwayForLongGetsTheImage) {
  cell.elect();
  cell.crash(1);
  cell.advance(500);
  cell.write("a");
  cell.write("b");
  for (const std::uint64_t id : {2U, 3U}) {
    cell.sync_image(id);
    cell.core(id).purge(Zxid(kTwo, 1));
  }
  cell.advance(100);
  EXPECT_EQ(cell.log(cell.leader()), "2.2");
  cell.start(1);
  expect_equal();
  EXPECT_FALSE(cell.sent_of<Snap>(cell.leader(), 1).empty());
  EXPECT_EQ(cell.disk(1).base, Zxid(kTwo, 2));
  EXPECT_EQ(cell.applied(1), "1.1=1.1 1.2=1.2 1.3=1.3 2.1=a 2.2=b");
}

TEST_F(Cell, AnImageIsSentInChunksWithABoundedNumberOnTheWay) {
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    cell.options(id).snap_chunk_bytes = 4;
    cell.options(id).snap_chunks_in_flight = 2;
  }
  cell.elect();
  cell.crash(1);
  cell.advance(500);
  cell.write("a");
  for (const std::uint64_t id : {2U, 3U}) {
    cell.sync_image(id);
    cell.core(id).purge(Zxid(kTwo, 1));
  }
  cell.sent().clear();
  cell.start(1);
  cell.slow_disk(1);
  cell.advance(300);
  EXPECT_EQ(cell.sent_of<SnapChunk>(cell.leader(), 1).size(), 2U);
  cell.persist_one(1);  // BeginImage: nothing is staged yet.
  cell.advance(10);
  EXPECT_EQ(cell.sent_of<SnapChunk>(cell.leader(), 1).size(), 2U);
  cell.persist_one(1);
  cell.advance(10);
  EXPECT_EQ(cell.sent_of<SnapChunk>(cell.leader(), 1).size(), 3U);
  cell.fast_disk(1);
  expect_equal();
}

// R5, R14: while an image is on its way the log behind it is not purged.
TEST_F(Cell, WhatALearnerNeedsNextIsNotPurged) {
  for (const std::uint64_t id : {1U, 2U, 3U}) cell.options(id).snap_chunk_bytes = 4;
  cell.elect();
  cell.crash(1);
  cell.advance(500);
  cell.write("a");
  for (const std::uint64_t id : {2U, 3U}) {
    cell.sync_image(id);
    cell.core(id).purge(Zxid(kTwo, 1));
  }
  cell.start(1);
  cell.slow_disk(1);
  cell.advance(300);
  cell.persist_one(1);
  cell.advance(20);
  const std::uint64_t leader = cell.leader();
  ASSERT_FALSE(cell.sent_of<Snap>(leader, 1).empty());
  cell.write("b");
  cell.write("c");
  cell.sync_image(leader);
  cell.core(leader).purge(Zxid(kTwo, 3));
  cell.advance(20);
  EXPECT_EQ(cell.log(leader), "2.2 2.3");
  cell.fast_disk(1);
  expect_equal();
}

TEST_F(Cell, ABrokenTransferLeavesTheOldState) {
  for (const std::uint64_t id : {1U, 2U, 3U}) cell.options(id).snap_chunk_bytes = 4;
  cell.elect();
  cell.crash(1);
  cell.advance(500);
  cell.write("a");
  for (const std::uint64_t id : {2U, 3U}) {
    cell.sync_image(id);
    cell.core(id).purge(Zxid(kTwo, 1));
  }
  cell.start(1);
  cell.slow_disk(1);
  cell.advance(300);
  for (int i = 0; i < 4; ++i) {
    cell.persist_one(1);
    cell.advance(5);
  }
  EXPECT_TRUE(cell.disk(1).staged.has_value());
  cell.crash(1);
  EXPECT_EQ(cell.log(1), "1.1 1.2 1.3");
  cell.start(1);
  expect_equal();
}

TEST_F(Cell, ACrashAtEveryStepOfSynchronizationIsSurvived) {
  for (int steps = 0; steps < 12; ++steps) {
    SmallCell one({.voters = {1, 2, 3}, .observers = {}});
    one.provision(1, kOne, kOne, "1.1 1.2 1.3 1.4");
    one.provision(2, kOne, kOne, "1.1 1.2 1.3");
    one.provision(3, kOne, kOne, "1.1 1.2 1.3");
    one.start(2);
    one.start(3);
    ASSERT_TRUE(one.advance_until([&] { return one.leader() != 0; }, 10'000));
    one.write("a");
    one.start(1);
    one.slow_disk(1);
    for (int i = 0; i < steps; ++i) {
      one.advance(60);
      one.persist_one(1);
    }
    one.crash(1);
    one.start(1);
    ASSERT_TRUE(one.advance_until([&] { return one.view(1).serving; }, 20'000)) << steps;
    one.advance(200);
    EXPECT_EQ(one.log(1), "1.1 1.2 1.3 2.1") << steps;
  }
}

// ZOOKEEPER-4712: what an earlier leader's entries had queued is part of the log that the next
// leader sees.
TEST_F(Cell, QueuedAppendsOfAnEarlierLeaderAreTruncatedNotForgotten) {
  const std::uint64_t first = cell.elect();
  const std::uint64_t other = first == 1 ? 2 : 1;
  const std::uint64_t slow = 6 - first - other;
  cell.cut(first, other);
  cell.slow_disk(slow);
  cell.slow_disk(first);
  ASSERT_TRUE(cell.propose(first, "p").has_value());
  ASSERT_TRUE(cell.propose(first, "q").has_value());
  cell.run();
  EXPECT_GE(cell.view(slow).last, Zxid(kTwo, 2));
  EXPECT_LT(cell.disk(slow).last(), Zxid(kTwo, 1));
  cell.crash(first);
  cell.heal();
  cell.advance(3000);
  cell.fast_disk(slow);
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  cell.write("r");
  cell.start(first);
  expect_equal();
}

// ZOOKEEPER-2355: the end of the log is the end of the log, whatever was announced.
TEST_F(Cell, ALearnerCutOffAfterDiffReportsOnlyWhatItHas) {
  cell.provision(1, kOne, kOne, "1.1");
  cell.start(2);
  cell.start(3);
  cell.advance(2000);
  cell.stall_if([](const SmallCell::SentMessage& sent) {
    return sent.to == 1 && std::holds_alternative<Diff>(sent.message);
  });
  cell.start(1);
  cell.advance(1000);
  EXPECT_EQ(cell.view(1).last, Zxid(kOne, 1));
  cell.heal();
  expect_equal();
}

// ZOOKEEPER-2418, 4925: entries that memory has let go of are read from disk, without a hole.
TEST_F(Cell, ASmallWindowMakesTheLeaderReadItsDisk) {
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    cell.options(id).log_window_bytes = 1;
    cell.options(id).proposal_run_bytes = 1;
  }
  cell.start(2);
  cell.start(3);
  cell.advance(2000);
  for (int i = 0; i < 7; ++i) cell.write("w" + std::to_string(i));
  cell.start(1);
  expect_equal();
}

TEST_F(Cell, AnImageBehindTheLearnerIsNotSent) {
  for (const std::uint64_t id : {1U, 2U, 3U}) cell.options(id).snap_percent = 1;
  cell.elect();
  cell.write("a");
  cell.advance(200);
  const std::uint64_t leader = cell.leader();
  const std::uint64_t back = leader == 1 ? 2 : 1;
  // The leader has opened its image before, so it knows its size and finds every DIFF dear.
  cell.core(leader).on_image_opened(999, Zxid(), 1);
  cell.crash(back);
  cell.start(back);
  expect_equal();
  cell.write("b");
  expect_equal();
}

}  // namespace
}  // namespace holdfast::zab::testing
