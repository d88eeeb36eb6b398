// Writes, reads, order and refusals at replicas of every role.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

TEST(Service, AWriteThroughAFollowerIsAnsweredByIt) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  cell.settle();
  ASSERT_EQ(outcome(made), "ok");
  EXPECT_EQ(made->front().facts.lease_ms, kLease);
  EXPECT_EQ(made->front().facts.zxid, cell.replica(client.at()).state().applied());
}

TEST(Service, AnObserverServesLikeAFollower) {
  Cell cell({.voters = 3, .observers = 1});
  cell.wait_for_leader();
  Client client(cell, 4);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  const auto read = client.read("/a", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(made), "ok");
  EXPECT_EQ(outcome(read), "contents x");
}

TEST(Service, ASingleReplicaServesAlone) {
  Cell cell({.voters = 1});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  const auto read = client.read("/a", Consistency::kLinearizable);
  const auto alive = client.keep_alive({}, 0);
  cell.settle();
  EXPECT_EQ(outcome(made), "ok");
  EXPECT_EQ(outcome(read), "contents x");
  EXPECT_EQ(outcome(alive), "0 events");
}

TEST(Service, ALinearizableReadSeesWhatAnotherReplicaHasAnswered) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client writer(cell, leader);
  writer.open(kLease);
  Client reader(cell, cell.follower());
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/n" + std::to_string(i);
    const auto made = writer.send(create(path, "x"));
    ASSERT_TRUE(cell.wait_for([&] { return !made->empty(); }, 1'000));
    const auto read = reader.read(path, Consistency::kLinearizable);
    cell.settle();
    ASSERT_EQ(outcome(read), "contents x");
  }
}

TEST(Service, ALinearizableReadWaitsForWhatIsCommittedElsewhere) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client writer(cell, leader);
  writer.open(kLease);
  Client reader(cell, follower);
  cell.node(follower).disk->stalled = true;
  const auto made = writer.send(create("/a", "x"));
  cell.settle();
  ASSERT_EQ(outcome(made), "ok");
  const auto read = reader.read("/a", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(read), "open");
  cell.node(follower).disk->stalled = false;
  cell.settle();
  EXPECT_EQ(outcome(read), "contents x");
}

// What clients say in one turn of the strand costs the cell one round, however much it is.
TEST(Service, ReadsThatComeTogetherShareABarrier) {
  Cell cell({.calls_wait = true});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client writer(cell, follower);
  writer.open(kLease);
  cell.settle();
  Client other(cell, follower);
  const std::size_t before = cell.node(follower).barriers_asked;
  std::vector<Soon<ReadResult>> reads;
  for (int i = 0; i < 5; ++i) {
    reads.push_back(writer.read("/", Consistency::kLinearizable));
    reads.push_back(other.read("/", Consistency::kLinearizable));
  }
  EXPECT_EQ(cell.node(follower).barriers_asked, before);
  cell.settle();
  EXPECT_EQ(cell.node(follower).barriers_asked, before + 1);
  for (const Soon<ReadResult>& read : reads) {
    EXPECT_EQ(outcome(read), "contents ");
  }
}

// The way over another replica's disk is the longer one.
TEST(Service, ProposalsHaveLeftWhenTheOwnDiskIsAsked) {
  Cell cell({});
  Node& leader = cell.node(cell.wait_for_leader());
  Client writer(cell, cell.leader());
  writer.open(kLease);
  std::vector<std::size_t> unflushed;
  leader.disk->on_persist = [&] { unflushed.push_back(leader.unflushed); };
  const auto made = writer.send(create("/a", "x"));
  cell.settle();
  EXPECT_EQ(outcome(made), "ok");
  EXPECT_EQ(unflushed, std::vector<std::size_t>{0});
}

TEST(Service, AStaleReadIsAnsweredAtOnceAlsoWithoutALeader) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client writer(cell, leader);
  writer.open(kLease);
  writer.send(create("/a", "x"));
  cell.advance(200);
  cell.cut_off(follower);
  cell.advance(3'000);
  Client reader(cell, follower);
  EXPECT_EQ(outcome(reader.read("/a", Consistency::kStale)), "contents x");
}

TEST(Service, CallsOfOneLaneAreCarriedOutInOrder) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kLease);
  // All of it is sent before anything is answered.
  client.send(create("/a", "1"));
  const auto first = client.read("/a", Consistency::kLinearizable);
  client.send(set("/a", "2"));
  const auto second = client.read("/a", Consistency::kStale);
  client.send(set("/a", "3"));
  client.send(set("/a", "4"));
  const auto third = client.read("/a", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(first), "contents 1");
  EXPECT_EQ(outcome(second), "contents 2");
  EXPECT_EQ(outcome(third), "contents 4");
}

TEST(Service, AWaitingAcquireDoesNotHoldUpItsLane) {
  Cell cell({});
  cell.wait_for_leader();
  Client holder(cell, 1);
  holder.open(kLease);
  const auto held = holder.acquire("/l", 0, 0);
  cell.settle();
  ASSERT_EQ(outcome(held), "granted");
  Client waiter(cell, 2);
  waiter.open(kLease);
  const auto waiting = waiter.acquire("/l", -1, 60'000);
  const auto read = waiter.read("/l", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(waiting), "open");
  EXPECT_EQ(outcome(read), "contents ");
  holder.send(state::Release{.path = "/l", .owner = {}});
  cell.settle();
  EXPECT_EQ(outcome(waiting), "granted");
}

TEST(Service, AHeldAcquireSaysWaitingAndItsRepetitionWaitsOnWithoutAnEntryInTheLog) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client holder(cell, 1);
  holder.open(kLease);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, 2);
  waiter.open(kLease);
  const auto first = waiter.acquire("/l", -1, 1'000);
  cell.advance(500);
  EXPECT_EQ(outcome(first), "open");
  cell.advance(600);
  ASSERT_EQ(outcome(first), "waiting");
  const Zxid before = cell.replica(leader).state().applied();
  state::Acquire again{.path = "/l", .wait_ms = -1};
  again.create = state::LockCreate::kPersistent;
  const auto second = waiter.repeat(waiter.newest_number(), again, 5'000);
  const auto third = waiter.repeat(waiter.newest_number(), again, 5'000);
  cell.settle();
  EXPECT_EQ(cell.replica(leader).state().applied(), before);
  holder.send(state::Release{.path = "/l", .owner = {}});
  cell.settle();
  EXPECT_EQ(outcome(second), "granted");
  EXPECT_EQ(outcome(third), "granted");
}

TEST(Service, ALaneThatIsNotBoundMayNotSpeakForASession) {
  Cell cell({});
  cell.wait_for_leader();
  Client owner(cell, 1);
  owner.open(kLease);
  Client stranger(cell, 2);
  stranger.set_session(owner.session());
  const auto write = stranger.send(create("/a", ""));
  const auto read = stranger.read("/a", Consistency::kLinearizable);
  const auto alive = stranger.keep_alive({}, 0);
  const auto watch = stranger.watch({.id = 1,
                                     .path = "/a",
                                     .recursive = false,
                                     .kinds = {state::EventKind::kNodeCreated},
                                     .after = {}});
  cell.settle();
  EXPECT_EQ(outcome(write), "SESSION_NOT_BOUND");
  EXPECT_EQ(outcome(read), "SESSION_NOT_BOUND");
  EXPECT_EQ(outcome(alive), "SESSION_NOT_BOUND");
  ASSERT_TRUE(watch->front().refusal);
}

TEST(Service, ResumeNeedsTheSecretAndALivingSession) {
  Cell cell({});
  cell.wait_for_leader();
  Client owner(cell, 1);
  owner.open(kLease);
  Client other(cell, 2);
  other.set_session(owner.session());
  const ReadResult wrong = other.resume();
  ASSERT_TRUE(wrong.refusal);
  EXPECT_EQ(name_of(wrong.refusal->error.code), "WRONG_SECRET");
  other.set_secret(owner.secret());
  const ReadResult right = other.resume();
  EXPECT_FALSE(right.refusal);
  EXPECT_EQ(right.facts.lease_ms, kLease);
  owner.send(state::CloseSession{});
  cell.settle();
  const ReadResult gone = other.resume();
  ASSERT_TRUE(gone.refusal);
  EXPECT_EQ(name_of(gone.refusal->error.code), "SESSION_EXPIRED");
}

TEST(Service, AResumePipelinedBeforeOtherCallsBindsForThem) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  client.move_to(2);
  auto& replica = cell.replica(2);
  bool resumed = false;
  Terms terms;
  terms.session = client.session();
  replica.resume_session(client.lane(), terms, client.secret(),
                         [&](const ReadAnswer& answer) { resumed = !answer.refusal; });
  const auto made = client.send(create("/a", "x"));
  const auto alive = client.keep_alive({}, 0);
  cell.settle();
  EXPECT_TRUE(resumed);
  EXPECT_EQ(outcome(made), "ok");
  EXPECT_EQ(outcome(alive), "0 events");
}

TEST(Service, AReadAheadOfTheReplicaIsBehindWhenItsTimeIsOver) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.last_seen = Zxid(Epoch(90), 1);
  client.timeout_ms = 1'000;
  const auto read = client.read("/a", Consistency::kStale);
  cell.advance(500);
  EXPECT_EQ(outcome(read), "open");
  cell.advance(600);
  EXPECT_EQ(outcome(read), "BEHIND");
}

TEST(Service, AReadWaitsUntilTheReplicaHasWhatTheClientHasSeen) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client writer(cell, leader);
  writer.open(kLease);
  cell.node(follower).disk->stalled = true;  // It does not apply what is not on its disk.
  const auto made = writer.send(create("/a", "x"));
  cell.settle();
  ASSERT_EQ(outcome(made), "ok");
  Client reader(cell, follower);
  reader.last_seen = made->front().facts.zxid;
  const auto read = reader.read("/a", Consistency::kStale);
  cell.settle();
  EXPECT_EQ(outcome(read), "open");
  cell.node(follower).disk->stalled = false;
  cell.settle();
  EXPECT_EQ(outcome(read), "contents x");
}

TEST(Service, TooManyOpenCallsOfOneLaneAreRefused) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  cell.cut_off(leader);
  Client client(cell, leader);
  std::vector<Soon<ReadResult>> reads;
  for (std::size_t i = 0; i <= limits::kConnectionPendingMax; ++i) {
    reads.push_back(client.read("/", Consistency::kLinearizable));
  }
  EXPECT_EQ(outcome(reads.front()), "open");
  EXPECT_EQ(outcome(reads.back()), "LIMIT");
}

TEST(Service, AClosedLaneIsNotAnsweredAndWhatWasProposedStays) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  client.disconnect();
  cell.settle();
  EXPECT_EQ(outcome(made), "open");
  Client reader(cell, 2);
  const auto read = reader.read("/a", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(read), "contents x");
  EXPECT_EQ(cell.replica(1).status().local_sessions, 0U);
}

TEST(Service, AnAnswerMayUseTheReplicaAgain) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  Soon<WriteAnswer> inner;
  Terms terms;
  cell.replica(1).read(client.lane(), terms, Consistency::kLinearizable,
                       [&](const ReadAnswer&) { inner = client.send(create("/a", "x")); });
  cell.settle();
  ASSERT_TRUE(inner);
  EXPECT_EQ(outcome(inner), "ok");
}

}  // namespace
}  // namespace holdfast::replica::testing
