#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/delivery.h"
#include "zab/persist_queue.h"

namespace holdfast::zab::testing {
namespace {

// An established leader of epoch 2 with an empty log and replica 2 as its follower.
struct Established : ::testing::Test {
  explicit Established(Options options = Options()) : solo({.self = 1}, std::move(options)) {}

  void SetUp() override {
    solo.elect(1);
    conn = solo.accept(info_of(2));
    solo.hear(conn, ack_epoch_of(kTwo));
    solo.hear(conn, AckNewLeader{kTwo});
    solo.said(conn);
    solo.forget_outputs();
  }

  Solo solo;
  ConnId conn;
};

TEST(Broadcast, AFreshCellOfThreeElectsAndCommits) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  ASSERT_NE(cell.elect(), 0U);
  cell.write("a");
  cell.write("b");
  cell.advance(200);
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    EXPECT_EQ(cell.applied(id), "1.1=a 1.2=b");
    EXPECT_EQ(cell.disk(id).membership, Membership::kProvisioned);
    EXPECT_TRUE(cell.view(id).serving);
  }
}

TEST_F(Established, ProposalsOfOneTakeShareOneWriteAndOneMessage) {
  for (const char* payload : {"a", "b", "c"}) solo.core().propose(bytes_of(payload));
  solo.settle();
  const std::vector<PersistOp> ops = solo.persist_ops();
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(std::get<Append>(ops[0]).entries.size(), 3U);
  const std::vector<Message> said = solo.said(conn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(std::get<Proposal>(said[0]).entries.size(), 3U);
}

TEST_F(Established, ProposalsDoNotWaitForEarlierOnes) {
  solo.propose("a");
  solo.propose("b");
  solo.propose("c");
  EXPECT_EQ(solo.said(conn).size(), 3U);
  EXPECT_EQ(solo.view().committed, Zxid());
  solo.hear(conn, Ack{kTwo, Zxid(kTwo, 3)});
  EXPECT_EQ(solo.view().committed, Zxid(kTwo, 3));
}

TEST_F(Established, ACommitTravelsWithTheNextProposal) {
  solo.propose("a");
  solo.said(conn);
  solo.core().on_message(conn, Ack{kTwo, Zxid(kTwo, 1)});
  solo.core().propose(bytes_of("b"));
  solo.settle();
  const std::vector<Message> said = solo.said(conn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(std::get<Proposal>(said[0]).committed, Zxid(kTwo, 1));
}

TEST_F(Established, ACommitGoesByItselfWhenNothingElseDoes) {
  solo.propose("a");
  solo.said(conn);
  solo.hear(conn, Ack{kTwo, Zxid(kTwo, 1)});
  const std::vector<Message> said = solo.said(conn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(std::get<Commit>(said[0]).committed, Zxid(kTwo, 1));
  solo.hear(conn, Ack{kTwo, Zxid(kTwo, 1)});
  EXPECT_TRUE(solo.said(conn).empty()) << "nothing is said twice";
}

// A learner whose window is full is told of commits only as far as it has the entries.
TEST(BroadcastWindow, ACommitNeverRunsAheadOfTheEntries) {
  Options options;
  options.learner_in_flight_bytes = 1;
  options.proposal_run_bytes = 1;
  Solo solo({.self = 1}, options);
  solo.elect(1);
  std::vector<ConnId> conns;
  for (const std::uint64_t id : {2U, 3U}) {
    conns.push_back(solo.accept(info_of(id)));
    solo.hear(conns.back(), ack_epoch_of(kTwo));
    solo.hear(conns.back(), AckNewLeader{kTwo});
  }
  solo.propose("a");
  solo.propose("b");
  solo.said(conns[1]);
  solo.hear(conns[0], Ack{kTwo, Zxid(kTwo, 1)});
  solo.hear(conns[0], Ack{kTwo, Zxid(kTwo, 2)});
  EXPECT_EQ(solo.view().committed, Zxid(kTwo, 2));
  Zxid told;
  for (const Message& message : solo.said(conns[1])) {
    if (const auto* commit = std::get_if<Commit>(&message)) told = commit->committed;
  }
  EXPECT_EQ(told, Zxid(kTwo, 1));
}

TEST(BroadcastCell, AMinorityMayBeDownOrSlow) {
  SmallCell cell({.voters = {1, 2, 3, 4, 5}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  std::vector<std::uint64_t> others;
  for (std::uint64_t id = 1; id <= 5; ++id) {
    if (id != leader) others.push_back(id);
  }
  cell.crash(others[0]);
  cell.slow_disk(others[1]);
  cell.write("a");
  cell.write("b");
  EXPECT_EQ(cell.applied(leader), "1.1=a 1.2=b");
}

TEST(BroadcastCell, NothingCommitsWithoutAQuorum) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    if (id != leader) cell.slow_disk(id);
  }
  ASSERT_TRUE(cell.propose(leader, "a").has_value());
  cell.advance(500);
  EXPECT_EQ(cell.view(leader).committed, Zxid());
  EXPECT_EQ(cell.applied(leader), "");
}

// Both followers hold the entry, the leader dies before it says so: the next leader commits it.
TEST(BroadcastCell, WhatAQuorumHoldsSurvivesItsLeader) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  cell.slow_disk(leader);
  cell.stall_if([leader](const SmallCell::SentMessage& sent) {
    return sent.to == leader && std::holds_alternative<Ack>(sent.message);
  });
  cell.propose(leader, "a");
  cell.run();
  cell.crash(leader);
  cell.heal();
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  EXPECT_EQ(cell.applied(cell.leader()), "1.1=a");
}

TEST(BroadcastCell, AWriteGoesOnThroughTheLossOfTheLeader) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t leader = cell.elect();
    ASSERT_NE(leader, 0U);
    cell.write("w" + std::to_string(i));
    cell.crash(leader);
    ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  }
  cell.elect();
  cell.advance(500);
  EXPECT_EQ(cell.applied(1), "1.1=w0 2.1=w1 3.1=w2 4.1=w3 5.1=w4 6.1=w5");
  EXPECT_EQ(cell.applied(2), cell.applied(1));
  EXPECT_EQ(cell.applied(3), cell.applied(1));
}

TEST(BroadcastCell, AnElectionWithoutFaultsIsQuick) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  cell.elect();
  cell.write("a");
  const std::uint64_t leader = cell.leader();
  const Ticks lost = cell.now();
  cell.crash(leader);
  ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
  EXPECT_LE(cell.now() - lost, 200) << "a closed connection begins the election at once";
}

// ---- the parts --------------------------------------------------------------------------------

Entry entry(std::uint32_t counter) {
  return Entry{Zxid(kOne, counter), counter == 1 ? Zxid() : Zxid(kOne, counter - 1), bytes_of("x")};
}

TEST(PersistQueue, AppendsMergeUntilSomethingElseIsQueued) {
  PersistQueue queue;
  Outbox out;
  EXPECT_EQ(queue.append(entry(1)), Token(1));
  EXPECT_EQ(queue.append(entry(2)), Token(1));
  EXPECT_EQ(queue.push(SetCurrentEpoch{kOne, false}, out), Token(2));
  EXPECT_EQ(queue.append(entry(3)), Token(3));
  queue.flush(out);
  const std::vector<Output> ops = out.take();
  ASSERT_EQ(ops.size(), 3U);
  EXPECT_EQ(std::get<Append>(std::get<Persist>(ops[0]).op).entries.size(), 2U);
  EXPECT_EQ(std::get<Persist>(ops[2]).token, Token(3));
}

TEST(PersistQueue, AGateOpensWhenEverythingBeforeItIsDurable) {
  PersistQueue queue;
  Outbox out;
  queue.push(SetAcceptedEpoch{kOne, false}, out);
  queue.gate(Gate{.action = GatedAction::kSendAckEpoch});
  queue.push(SetCurrentEpoch{kOne, false}, out);
  queue.gate(Gate{.action = GatedAction::kSendAckNewLeader});
  EXPECT_FALSE(queue.take_ready().has_value());
  queue.on_persisted(Token(1));
  EXPECT_EQ(queue.take_ready()->action, GatedAction::kSendAckEpoch);
  EXPECT_FALSE(queue.take_ready().has_value());
  queue.on_persisted(Token(2));
  EXPECT_EQ(queue.take_ready()->action, GatedAction::kSendAckNewLeader);
  EXPECT_TRUE(queue.idle());
}

TEST(PersistQueue, AGateWithNothingBeforeItIsOpen) {
  PersistQueue queue;
  queue.gate(Gate{.action = GatedAction::kSendAckEpoch});
  EXPECT_TRUE(queue.take_ready().has_value());
}

TEST(PersistQueueDeathTest, ATokenThatWasNotGivenOutIsRefused) {
  PersistQueue queue;
  queue.append(entry(1));
  EXPECT_DEATH(queue.on_persisted(Token(1)), "token 1 of 1");
  EXPECT_DEATH(queue.on_persisted(Token(5)), "token 5");
}

TEST(PersistQueueDeathTest, AnAppendWithAHoleIsRefused) {
  PersistQueue queue;
  queue.append(entry(1));
  EXPECT_DEATH(queue.append(entry(3)), "1.3 behind 1.1");
}

LogView log_of(std::uint32_t entries) {
  DurableState start;
  start.epochs = {EpochEnd{}};
  for (std::uint32_t i = 1; i <= entries; ++i) start.tail.push_back(entry(i));
  if (entries > 0) start.epochs.push_back(EpochEnd{kOne, entries});
  return LogView(start, 1U << 20U);
}

TEST(Delivery, AFewRunsAreOutAtATime) {
  const LogView log = log_of(10);
  Delivery delivery{Zxid()};
  Outbox out;
  std::uint64_t ids = 0;
  const Delivery::Bounds one_by_one{.committed = Zxid(kOne, 10), .run_bytes = 1};
  delivery.pump(log, one_by_one, ids, out);
  EXPECT_EQ(out.take().size(), 4U);
  delivery.on_applied(Zxid(kOne, 2));
  delivery.pump(log, one_by_one, ids, out);
  EXPECT_EQ(out.take().size(), 2U);
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 6));
}

TEST(Delivery, OnlyWhatIsCommittedAndDurableIsDelivered) {
  LogView log = log_of(3);
  log.append(entry(4), Token(1));
  Delivery delivery{Zxid()};
  Outbox out;
  std::uint64_t ids = 0;
  delivery.pump(log, {.committed = Zxid(kOne, 2), .run_bytes = 1000}, ids, out);
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 2));
  delivery.pump(log, {.committed = Zxid(kOne, 4), .run_bytes = 1000}, ids, out);
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 3));
  log.on_persisted(Token(1));
  delivery.pump(log, {.committed = Zxid(kOne, 4), .run_bytes = 1000}, ids, out);
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 4));
}

TEST(Delivery, NothingIsDeliveredWhileAnImageIsInstalled) {
  const LogView log = log_of(3);
  Delivery delivery{Zxid()};
  Outbox out;
  std::uint64_t ids = 0;
  const Delivery::Bounds all{.committed = Zxid(kOne, 3), .run_bytes = 1000};
  delivery.install_queued(Zxid(kOne, 1));
  delivery.install_queued(Zxid(kOne, 2));
  delivery.pump(log, all, ids, out);
  delivery.on_installed(Zxid(kOne, 1), out);
  EXPECT_TRUE(out.take().empty()) << "the later image will be found in its place";
  delivery.on_installed(Zxid(kOne, 2), out);
  const std::vector<Output> outputs = out.take();
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(std::get<ImageInstalled>(outputs[0]).zxid, Zxid(kOne, 2));
  delivery.pump(log, all, ids, out);
  EXPECT_TRUE(out.take().empty());
  delivery.on_applied(Zxid(kOne, 2));
  delivery.pump(log, all, ids, out);
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 3));
}

TEST(Delivery, EntriesThatMemoryLetGoAreReadFromDisk) {
  DurableState start;
  start.epochs = {EpochEnd{}, EpochEnd{kOne, 2}};
  const LogView log(start, 1000);
  Delivery delivery{Zxid()};
  Outbox out;
  std::uint64_t ids = 0;
  const Delivery::Bounds all{.committed = Zxid(kOne, 2), .run_bytes = 1000};
  delivery.pump(log, all, ids, out);
  const auto read = std::get<ReadLog>(out.take().at(0));
  EXPECT_EQ(read.after, Zxid());
  EXPECT_EQ(read.through, Zxid(kOne, 2));
  delivery.pump(log, all, ids, out);
  EXPECT_TRUE(out.take().empty()) << "one read at a time";
  EXPECT_FALSE(delivery.on_log_read(read.read + 1, {entry(1)}, all.committed, out));
  EXPECT_TRUE(delivery.on_log_read(read.read, {entry(1), entry(2)}, all.committed, out));
  EXPECT_EQ(delivery.delivered(), Zxid(kOne, 2));
}

TEST(DeliveryDeathTest, WhatWasNotDeliveredCannotBeApplied) {
  Delivery delivery{Zxid()};
  EXPECT_DEATH(delivery.on_applied(Zxid(kOne, 1)), "applied 1.1");
  EXPECT_DEATH(delivery.on_image_durable(Zxid(kOne, 1)), "durable at 1.1");
}

}  // namespace
}  // namespace holdfast::zab::testing
