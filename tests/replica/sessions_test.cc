// Leases, expiry, keep-alives, delays and waits: what ends by time, and who decides it.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

bool lives(Cell& cell, int at, SessionId session) {
  return cell.replica(at).state().session(session).has_value();
}

TEST(Sessions, ASilentSessionExpiresByACommittedCommand) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  cell.advance(kShortLease - 100);
  EXPECT_TRUE(lives(cell, leader, client.session()));
  cell.advance(400);
  for (int id = 1; id <= 3; ++id) {
    EXPECT_FALSE(lives(cell, id, client.session())) << id;
  }
}

TEST(Sessions, KeepAlivesAtAFollowerKeepASessionAliveWithoutEntriesInTheLog) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  cell.settle();
  const Zxid before = cell.replica(leader).state().applied();
  for (int i = 0; i < 20; ++i) {
    const auto alive = client.keep_alive({}, kShortLease);
    cell.advance(kShortLease / 3 + 20);
    ASSERT_EQ(outcome(alive), "0 events");
    ASSERT_EQ(alive->front().facts.lease_ms, kShortLease);
  }
  EXPECT_EQ(cell.replica(leader).state().applied(), before);
}

TEST(Sessions, KeepAlivesThatComeWithinTheGatheringTimeAreConfirmedTogether) {
  Cell cell({.adjust = [](ReplicaOptions& options) { options.keep_alive_gather_ms = 50; }});
  cell.wait_for_leader();
  for (const int at : {cell.leader(), cell.follower()}) {
    Client first(cell, at);
    Client second(cell, at);
    Client third(cell, at);
    for (Client* client : {&first, &second, &third}) client->open(kShortLease);
    cell.advance(100);
    const auto alone = first.keep_alive({}, 0);
    cell.settle();
    EXPECT_EQ(outcome(alone), "0 events");
    const auto early = second.keep_alive({}, 0);
    const auto late = third.keep_alive({}, 0);
    cell.settle();
    EXPECT_EQ(outcome(early), "open");
    EXPECT_EQ(outcome(late), "open");
    cell.advance(60);
    EXPECT_EQ(outcome(early), "0 events");
    EXPECT_EQ(outcome(late), "0 events");
  }
}

TEST(Sessions, AParkedKeepAliveIsCutToAThirdOfTheLease) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(3'000);
  const auto alive = client.keep_alive({}, 60'000);
  cell.advance(900);
  EXPECT_EQ(outcome(alive), "open");
  cell.advance(200);
  EXPECT_EQ(outcome(alive), "0 events");
}

TEST(Sessions, AKeepAliveOfAnEndedSessionIsToldSo) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kShortLease);
  const auto alive = client.keep_alive({}, kShortLease);
  cell.settle();
  Client admin(cell, 2);
  state::KillSession kill;
  kill.session = client.session();
  kill.reason = "test";
  kill.who = "me";
  kill.now = true;
  admin.send(kill);
  cell.settle();
  EXPECT_EQ(outcome(alive), "SESSION_EXPIRED");
  const auto again = client.keep_alive({}, 0);
  cell.settle();
  EXPECT_EQ(outcome(again), "SESSION_EXPIRED");
}

// The touch comes after the leader has proposed the expiry. The keep-alive must not be confirmed by
// a round that ends before that expiry is applied, or its client would believe in a lease that the
// cell has ended.
TEST(Sessions, AKeepAliveAfterTheProposedExpiryIsNotConfirmed) {
  for (const int at : {1, 2, 3, 4}) {  // Leader, followers, observer.
    const int voters = 3;
    Cell cell({.voters = voters, .observers = 1});
    const int leader = cell.wait_for_leader();
    Client client(cell, at);
    client.open(kShortLease);
    // The disks of the voters hang: proposals do not commit, but rounds are answered.
    for (int id = 1; id <= voters; ++id) {
      cell.node(id).disk->stalled = true;
    }
    const Zxid before = cell.replica(leader).status().core.last;
    ASSERT_TRUE(cell.wait_for([&] { return cell.replica(leader).status().core.last > before; },
                              kShortLease + 500));
    const auto alive = client.keep_alive({}, 0);
    cell.settle();
    EXPECT_EQ(outcome(alive), "open") << at;
    for (int id = 1; id <= voters; ++id) {
      cell.node(id).disk->stalled = false;
    }
    cell.advance(300);
    EXPECT_EQ(outcome(alive), "SESSION_EXPIRED") << at;
  }
}

TEST(Sessions, ANewLeaderGivesEverySessionAFullLease) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  cell.advance(kShortLease - 200);
  cell.kill(leader);
  const int next = cell.wait_for_leader();
  cell.advance(kShortLease - 200);
  EXPECT_TRUE(lives(cell, next, client.session()));
  cell.advance(600);
  EXPECT_FALSE(lives(cell, next, client.session()));
}

TEST(Sessions, AWriteExtendsTheLeaseOfItsSession) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  for (int i = 0; i < 5; ++i) {
    cell.advance(kShortLease - 300);
    const auto made = client.send(create("/n" + std::to_string(i), ""));
    cell.settle();
    ASSERT_EQ(outcome(made), "ok");
    EXPECT_EQ(made->front().facts.lease_ms, kShortLease);
  }
  EXPECT_TRUE(lives(cell, leader, client.session()));
}

TEST(Sessions, AClientThatOnlyRepeatsItsAcquireStaysAlive) {
  Cell cell({});
  cell.wait_for_leader();
  Client holder(cell, 1);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, 2);
  waiter.open(kShortLease);
  auto answer = waiter.acquire("/l", -1, 0);
  state::Acquire again{.path = "/l", .wait_ms = -1};
  again.create = state::LockCreate::kPersistent;
  for (int i = 0; i < 12; ++i) {
    cell.advance(kShortLease / 3 + 20);
    ASSERT_EQ(outcome(answer), "waiting") << i;
    ASSERT_EQ(answer->front().facts.lease_ms, kShortLease) << i;
    answer = waiter.repeat(waiter.newest_number(), again, 0);
  }
}

TEST(Sessions, AWaitEndsByTheLeadersCommandWhenItsTimeIsOver) {
  Cell cell({});
  cell.wait_for_leader();
  Client holder(cell, 1);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, 2);
  waiter.open(60'000);
  const auto waiting = waiter.acquire("/l", 1'000, 10'000);
  cell.advance(900);
  EXPECT_EQ(outcome(waiting), "open");
  cell.advance(300);
  EXPECT_EQ(outcome(waiting), "TIMEOUT");
  EXPECT_TRUE(cell.replica(2).state().lock_info("/l")->waiters.empty());
}

TEST(Sessions, ANewLeaderRestartsWaits) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int at = cell.follower();
  Client holder(cell, at);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, at);
  waiter.open(60'000);
  const auto waiting = waiter.acquire("/l", 1'000, 10'000);
  cell.advance(800);
  cell.kill(leader);
  cell.wait_for_leader();
  cell.advance(800);
  EXPECT_EQ(outcome(waiting), "open");
  cell.advance(400);
  EXPECT_EQ(outcome(waiting), "TIMEOUT");
}

TEST(Sessions, AnExpiredHoldersLockPassesOnAfterItsDelay) {
  Cell cell({});
  cell.wait_for_leader();
  Client holder(cell, 1);
  holder.open(kShortLease);
  state::Acquire acquire{.path = "/l", .wait_ms = 0};
  acquire.create = state::LockCreate::kPersistent;
  acquire.lock_delay_ms = 3'000;
  holder.send(acquire);
  Client waiter(cell, 2);
  waiter.open(60'000);
  const auto waiting = waiter.acquire("/l", -1, 60'000);
  cell.advance(kShortLease + 300);
  EXPECT_TRUE(cell.replica(2).state().lock_info("/l")->delayed);
  cell.advance(2'500);
  EXPECT_EQ(outcome(waiting), "open");
  cell.advance(600);
  EXPECT_EQ(outcome(waiting), "granted");
}

class Broken : public ::testing::Test {
 protected:
  // A lock that a session with a long lease holds and another waits for, broken by an operator.
  void break_it() {
    cell.wait_for_leader();
    holder.emplace(cell, cell.follower());
    holder->open(20'000);
    holder->acquire("/l", 0, 0);
    waiter.emplace(cell, cell.follower());
    waiter->open(60'000);
    waiting = waiter->acquire("/l", -1, 60'000);
    cell.settle();
    state::BreakLock op;
    op.path = "/l";
    op.reason = "test";
    op.who = "me";
    Client(cell, 1).send(op);
    cell.advance(100);
  }
  Cell cell{{}};
  std::optional<Client> holder;
  std::optional<Client> waiter;
  Soon<WriteAnswer> waiting;
};

TEST_F(Broken, ALockPassesOnWhenItsHolderHasAcknowledgedTheLoss) {
  break_it();
  EXPECT_EQ(outcome(waiting), "open");
  const auto told = holder->keep_alive({}, 5'000);
  cell.settle();
  ASSERT_FALSE(told->empty());
  ASSERT_FALSE(told->front().events.empty());
  EXPECT_EQ(told->front().events.back().kind, state::EventKind::kLockLost);
  EXPECT_EQ(told->front().facts.lease_ms, 20'000);
  EXPECT_EQ(outcome(waiting), "open");
  holder->keep_alive(told->front().delivered_through, 5'000);
  cell.settle();
  EXPECT_EQ(outcome(waiting), "granted");
}

TEST_F(Broken, NoReplyExtendsTheLeaseBeforeTheLossWasTold) {
  break_it();
  const auto made = holder->send(create("/a", ""));
  cell.settle();
  ASSERT_EQ(outcome(made), "ok");
  EXPECT_EQ(made->front().facts.lease_ms, 0);
  const auto told = holder->keep_alive({}, 0);
  cell.settle();
  holder->keep_alive(told->front().delivered_through, 0);
  cell.settle();
  const auto after = holder->send(create("/b", ""));
  cell.settle();
  EXPECT_EQ(after->front().facts.lease_ms, 20'000);
}

TEST(Sessions, AKilledSessionLivesNoLongerThanItsLease) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  client.acquire("/l", 0, 0);
  cell.advance(1'000);
  state::KillSession kill;
  kill.session = client.session();
  kill.reason = "test";
  kill.who = "me";
  Client(cell, 1).send(kill);
  cell.settle();
  ASSERT_TRUE(lives(cell, leader, client.session()));
  for (int i = 0; i < 4; ++i) {
    const auto alive = client.keep_alive({}, 0);  // It does not acknowledge.
    cell.advance(300);
    if (!alive->empty() && !alive->front().refusal) {
      EXPECT_EQ(alive->front().facts.lease_ms, 0);
    }
  }
  cell.advance(1'000);
  EXPECT_FALSE(lives(cell, leader, client.session()));
}

// Also when its lock stays closed for longer than that.
TEST(Sessions, AKilledSessionLivesNoLongerUnderANewLeaderEither) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kShortLease);
  client.send(state::Acquire{
      .path = "/l", .lock_delay_ms = 60'000, .create = state::LockCreate::kPersistent});
  state::KillSession kill;
  kill.session = client.session();
  kill.reason = "test";
  kill.who = "me";
  Client(cell, client.at()).send(kill);
  cell.settle();
  cell.kill(leader);
  const int next = cell.wait_for_leader();
  ASSERT_TRUE(lives(cell, next, client.session()));
  for (Ticks passed = 0; passed < 2 * kShortLease; passed += 200) {
    client.keep_alive({}, 0);  // It does not acknowledge.
    cell.advance(200);
  }
  EXPECT_FALSE(lives(cell, next, client.session()));
}

TEST(Sessions, AKilledSessionThatAcknowledgesEndsAtOnce) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(60'000);
  client.acquire("/l", 0, 0);
  state::KillSession kill;
  kill.session = client.session();
  kill.reason = "test";
  kill.who = "me";
  cell.settle();
  Client(cell, 1).send(kill);
  cell.settle();
  const auto told = client.keep_alive({}, 0);
  cell.settle();
  ASSERT_FALSE(told->empty());
  client.keep_alive(told->front().delivered_through, 0);
  cell.advance(100);
  client.keep_alive(told->front().delivered_through, 0);
  cell.advance(100);
  EXPECT_FALSE(lives(cell, leader, client.session()));
}

TEST(Sessions, AStalledLeaderDoesNotExpireThoseWhoCouldNotReachIt) {
  Cell cell({.voters = 1});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kShortLease);
  cell.advance(1'500);
  cell.clock.now_ms += 5'000;  // The machine stood still.
  cell.advance(100);
  EXPECT_TRUE(lives(cell, 1, client.session()));
  const auto alive = client.keep_alive({}, 0);
  cell.settle();
  EXPECT_EQ(outcome(alive), "0 events");
}

}  // namespace
}  // namespace holdfast::replica::testing
