// The loss of leaders, quorums, disks and space.

#include <gtest/gtest.h>

#include "lockserver/state/command_codec.h"
#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

std::uint64_t hash_at(Cell& cell, int id) {
  return cell.replica(id).state().hash();
}

void cut_off_until_it_notices(Cell& cell, int id) {
  cell.cut_off(id);
  EXPECT_TRUE(cell.wait_for([&] { return !cell.replica(id).status().core.serving; }, 5'000));
}

void heal_until_it_serves(Cell& cell, int id) {
  cell.heal();
  EXPECT_TRUE(cell.wait_for([&] { return cell.replica(id).status().core.serving; }, 5'000));
}

TEST(Failover, ACallThatWasOpenWhenTheLeaderDiedIsRepeatedAndAppliedOnce) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  client.send(create("/a", "0"));
  cell.settle();
  // In one run the leader dies before the command leaves it, in another when it is durable
  // everywhere but not yet committed.
  const auto changed = client.send(set("/a", "1"));
  const auto made = client.send(create("/b", "x"));
  cell.kill(leader);
  cell.wait_for_leader();
  ASSERT_TRUE(cell.wait_for([&] { return !made->empty(); }, 5'000));
  EXPECT_EQ(outcome(changed), "ok");
  EXPECT_EQ(outcome(made), "ok");
  const auto stat = cell.replica(follower).state().get("/a");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->stat.content_generation, 2U);  // Created, and written once.
}

TEST(Failover, EachCallIsAppliedOnceWhereverTheLeaderDies) {
  for (int steps = 0; steps < 40; ++steps) {
    Cell cell({});
    const int leader = cell.wait_for_leader();
    const int follower = cell.follower();
    Client client(cell, follower);
    client.open(kLease);
    client.send(create("/a", "0"));
    cell.settle();
    const auto changed = client.send(set("/a", "1"));
    for (int i = 0; i < steps; ++i) {
      cell.step_once();
    }
    cell.kill(leader);
    cell.wait_for_leader();
    ASSERT_TRUE(cell.wait_for([&] { return !changed->empty(); }, 5'000)) << steps;
    EXPECT_EQ(outcome(changed), "ok") << steps;
    EXPECT_EQ(cell.replica(follower).state().get("/a")->stat.content_generation, 2U) << steps;
  }
}

TEST(Failover, ALockOutlivesItsLeaderUnderTheSameSequencer) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, cell.follower());
  client.open(kLease);
  const auto held = client.acquire("/l", 0, 0);
  cell.settle();
  ASSERT_EQ(outcome(held), "granted");
  const auto before =
      std::get<state::Granted>(std::get<Applied>(held->front().outcome).reply).sequencer;
  cell.kill(leader);
  cell.wait_for_leader();
  const auto now = cell.replica(client.at()).state().sequencer_of(client.session(), {}, "/l");
  ASSERT_TRUE(now);
  EXPECT_EQ(*now, before);
}

TEST(Failover, WithoutALeaderAWriteIsHeldAndThenRefused) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  cut_off_until_it_notices(cell, follower);
  const auto made = client.send(create("/a", "x"));
  const auto read = client.read("/a", Consistency::kLinearizable);
  cell.advance(2'500);
  EXPECT_EQ(outcome(made), "open");
  cell.advance(700);
  EXPECT_EQ(outcome(made), "NO_QUORUM");
  EXPECT_EQ(outcome(read), "NO_QUORUM");
}

// Who was turned away comes again, and before those who came after him.
TEST(Failover, NobodyOvertakesAWriteThatWasTurnedAway) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  client.answered_below = state::RequestNumber(1);
  cut_off_until_it_notices(cell, follower);
  const auto first = client.send(create("/a", "first"));
  cell.advance(2'500);
  const auto second = client.send(create("/a", "second"));
  cell.advance(700);
  EXPECT_EQ(outcome(first), "NO_QUORUM");
  EXPECT_EQ(outcome(second), "NO_QUORUM");
  heal_until_it_serves(cell, follower);
  const auto third = client.send(create("/b", "third"));
  cell.settle();
  EXPECT_EQ(outcome(third), "NO_QUORUM");
  const auto again = client.repeat(1, create("/a", "first"), 0);
  const auto behind = client.repeat(2, create("/a", "second"), 0);
  cell.settle();
  EXPECT_EQ(outcome(again), "ok");
  EXPECT_EQ(outcome(behind), "NODE_EXISTS");
}

TEST(Failover, WhoWereTurnedAwayComeAgainInTheirOrder) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(60'000);
  client.answered_below = state::RequestNumber(1);
  cut_off_until_it_notices(cell, follower);
  client.send(create("/a", "first"));
  const auto second = client.send(create("/b", "second"));
  cell.advance(3'200);
  EXPECT_EQ(outcome(second), "NO_QUORUM");
  heal_until_it_serves(cell, follower);
  const auto first_again = client.repeat(1, create("/a", "first"), 0);
  const auto third = client.send(create("/b", "third"));
  cell.settle();
  EXPECT_EQ(outcome(first_again), "ok");
  EXPECT_EQ(outcome(third), "NO_QUORUM");
  const auto second_again = client.repeat(2, create("/b", "second"), 0);
  const auto third_again = client.repeat(3, create("/b", "third"), 0);
  const auto fourth = client.send(create("/c", "fourth"));
  cell.settle();
  EXPECT_EQ(outcome(second_again), "ok");
  EXPECT_EQ(outcome(third_again), "NODE_EXISTS");
  EXPECT_EQ(outcome(fourth), "ok");
}

// To ask anew about a wait that began before says nothing of the one that was turned away.
TEST(Failover, NobodyOvertakesItBehindAnOlderRequestThatComesAgain) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client holder(cell, follower);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client client(cell, follower);
  client.open(60'000);
  const auto waits = client.acquire("/l", -1, 500);
  cell.advance(600);
  ASSERT_EQ(outcome(waits), "waiting");
  client.answered_below = state::RequestNumber(2);
  cut_off_until_it_notices(cell, follower);
  const auto first = client.send(create("/a", "first"));
  cell.advance(3'200);
  EXPECT_EQ(outcome(first), "NO_QUORUM");
  heal_until_it_serves(cell, follower);
  state::Acquire asked{.path = "/l", .wait_ms = -1};
  asked.create = state::LockCreate::kPersistent;
  const auto waits_on = client.repeat(1, asked, 500);
  const auto second = client.send(create("/a", "second"));
  cell.advance(600);
  EXPECT_EQ(outcome(waits_on), "waiting");
  EXPECT_EQ(outcome(second), "NO_QUORUM");
  const auto again = client.repeat(2, create("/a", "first"), 0);
  const auto behind = client.repeat(3, create("/a", "second"), 0);
  cell.settle();
  EXPECT_EQ(outcome(again), "ok");
  EXPECT_EQ(outcome(behind), "NODE_EXISTS");
}

TEST(Failover, WhoTakesARefusalForTheAnswerGoesOn) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  client.answered_below = state::RequestNumber(1);
  cut_off_until_it_notices(cell, follower);
  const auto first = client.send(create("/a", "first"));
  cell.advance(3'500);
  EXPECT_EQ(outcome(first), "NO_QUORUM");
  heal_until_it_serves(cell, follower);
  client.answered_below = state::RequestNumber(2);
  const auto second = client.send(create("/b", "second"));
  cell.settle();
  EXPECT_EQ(outcome(second), "ok");
}

TEST(Failover, AWriteHeldWhileThereIsNoLeaderGoesToTheNext) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  cut_off_until_it_notices(cell, follower);
  const auto made = client.send(create("/a", "x"));
  cell.advance(1'000);
  cell.heal();
  ASSERT_TRUE(cell.wait_for([&] { return !made->empty(); }, 5'000));
  EXPECT_EQ(outcome(made), "ok");
}

TEST(Failover, AForwardedWriteWhoseTimeIsOverMayStillHappen) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  client.timeout_ms = 500;
  cell.cut_off(follower);
  const auto made = client.send(create("/a", "x"));  // Sent into the void.
  cell.advance(600);
  EXPECT_EQ(outcome(made), "TIMEOUT pending");
  cell.heal();
  cell.wait_for_leader();
  client.timeout_ms = 10'000;
  const auto again = client.repeat(client.newest_number(), create("/a", "x"), 0);
  ASSERT_TRUE(cell.wait_for([&] { return !again->empty(); }, 5'000));
  EXPECT_EQ(outcome(again), "ok");
}

// Its earlier call stands in the queue and may be granted: to say that nothing was done would leave
// a lock behind.
TEST(Failover, ARepeatedAcquireThatCannotBeConfirmedHasAnOpenOutcome) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client holder(cell, leader);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, follower);
  waiter.open(60'000);
  const auto first = waiter.acquire("/l", -1, 500);
  cell.advance(600);
  ASSERT_EQ(outcome(first), "waiting");
  cell.cut_off(follower);
  waiter.timeout_ms = 6'000;
  state::Acquire again{.path = "/l", .wait_ms = -1};
  again.create = state::LockCreate::kPersistent;
  const auto second = waiter.repeat(waiter.newest_number(), again, 500);
  cell.advance(5'500);
  EXPECT_EQ(outcome(second), "open");
  cell.advance(700);
  EXPECT_EQ(outcome(second), "TIMEOUT pending");
}

TEST(Failover, ACutOffLeaderConfirmsNothing) {
  Cell cell({});
  const int old_leader = cell.wait_for_leader();
  Client client(cell, old_leader);
  client.open(kLease);
  cell.cut_off(old_leader);
  const auto read = client.read("/", Consistency::kLinearizable);
  const auto alive = client.keep_alive({}, 0);
  cell.advance(900);
  EXPECT_EQ(outcome(read), "open");
  EXPECT_EQ(outcome(alive), "open");
  ASSERT_TRUE(cell.wait_for([&] { return cell.leader() != 0; }, 10'000));
  cell.advance(4'000);
  EXPECT_EQ(outcome(read), "NO_QUORUM");
  EXPECT_EQ(outcome(alive), "NO_QUORUM");
  EXPECT_EQ(alive->front().facts.lease_ms, 0);
}

TEST(Failover, EachReignBeginsWithItsEpochAndTimeGoesOn) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  cell.advance(2'000);
  const std::int64_t before = cell.replica(cell.follower()).state().last_stamp().cluster_ms;
  cell.kill(leader);
  const int next = cell.wait_for_leader();
  cell.settle();
  const state::StateMachine& state = cell.replica(next).state();
  EXPECT_EQ(state.applied(), Zxid(cell.replica(next).status().core.current, 1));
  EXPECT_GE(state.last_stamp().cluster_ms, before);
}

TEST(Failover, AReplicaAwayForLongIsGivenTheWholeStateAndEqualsTheOthers) {
  Cell cell({.adjust = [](ReplicaOptions& options) {
    options.log_bytes_max = 20'000;
    options.image_flush_ms = 20;
    options.image_sync_ms = 50;
    options.core.log_window_bytes = 2'000;
  }});
  const int leader = cell.wait_for_leader();
  const int away = cell.follower();
  Client client(cell, leader);
  client.open(kLease);
  client.send(create("/a", ""));
  cell.settle();
  cell.kill(away);
  for (int i = 0; i < 300; ++i) {
    client.send(set("/a", std::string(200, static_cast<char>('a' + i % 26))));
    cell.advance(10);
    client.keep_alive({}, 0);
  }
  ASSERT_GT(cell.replica(leader).status().core.base, Zxid());
  cell.start(away);
  cell.wait_for_leader();
  cell.advance(500);
  EXPECT_EQ(hash_at(cell, away), hash_at(cell, leader));
  EXPECT_EQ(cell.node(away).fatal, std::nullopt);
  EXPECT_TRUE(cell.node(away).has_logged("event=image-installed"));
  // And it keeps what it was given.
  cell.advance(500);
  cell.kill(away);
  cell.start(away);
  cell.wait_for_leader();
  cell.advance(500);
  EXPECT_EQ(hash_at(cell, away), hash_at(cell, leader));
}

// Applying all of it in one go would keep it from answering its leader.
TEST(Failover, WhoHasMuchToApplyDoesItInTurns) {
  Cell cell({.calls_wait = true});
  cell.wait_for_leader();
  const int away = cell.follower();
  cell.kill(away);
  Client client(cell, cell.wait_for_leader());
  client.open(kLease);
  client.send(create("/a", "0"));
  for (int i = 0; i < 3'000; ++i) client.send(set("/a", std::to_string(i)));
  cell.settle();
  cell.start(away);
  const Zxid target = cell.replica(cell.leader()).state().applied();
  const auto applied = [&] { return cell.replica(away).state().applied(); };
  std::uint64_t before = applied().counter();
  std::uint64_t longest = 0;
  cell.on_step = [&] {
    longest = std::max(longest, applied().counter() - before);
    before = applied().counter();
  };
  ASSERT_TRUE(cell.wait_for([&] { return applied() == target; }, 10'000));
  EXPECT_EQ(longest, 512U);
  EXPECT_EQ(hash_at(cell, away), hash_at(cell, cell.leader()));
}

TEST(Failover, AReplicaOnAWipedDiskIsRebuilt) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int wiped = cell.follower();
  Client client(cell, leader);
  client.open(kLease);
  client.send(create("/a", "x"));
  cell.advance(200);
  cell.kill(wiped);
  cell.start_wiped(wiped);
  cell.wait_for_leader();
  cell.advance(500);
  EXPECT_EQ(hash_at(cell, wiped), hash_at(cell, leader));
}

TEST(Failover, AllThreeKilledAndStartedAgainHaveEverything) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  client.send(create("/a", "x"));
  cell.advance(2'000);
  for (int id = 1; id <= 3; ++id) {
    cell.kill(id);
  }
  for (int id = 1; id <= 3; ++id) {
    cell.start(id);
  }
  cell.wait_for_leader();
  client.move_to(2);
  EXPECT_FALSE(client.resume().refusal);
  const auto read = client.read("/a", Consistency::kLinearizable);
  cell.settle();
  EXPECT_EQ(outcome(read), "contents x");
}

// The image is old and the log is long: who leads first reads how late it is in the cell.
TEST(Failover, AfterARestartOfAllTimeGoesOnFromWhereItWas) {
  Cell cell({.adjust = [](ReplicaOptions& options) {
    options.image_flush_ms = 10'000'000;
    options.image_sync_ms = 10'000'000;
  }});
  const int leader = cell.wait_for_leader();
  Client first(cell, leader);
  first.open(60'000);
  first.acquire("/l", 0, 0);
  cell.advance(50'000);
  first.send(create("/late", ""));
  cell.settle();
  for (int id = 1; id <= 3; ++id) cell.kill(id);
  for (int id = 1; id <= 3; ++id) cell.start(id);
  Client second(cell, cell.wait_for_leader());
  second.open(60'000);
  const auto waiting = second.acquire("/l", 2'000, 60'000);
  cell.advance(1'500);
  EXPECT_EQ(outcome(waiting), "open");
  cell.advance(2'000);
  EXPECT_EQ(outcome(waiting), "TIMEOUT");
}

TEST(Failover, WithoutSpaceOnAQuorumOnlyWhatFreesIsTaken) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, leader);
  client.open(kLease);
  client.send(create("/a", "x"));
  cell.settle();
  for (int id = 1; id <= 3; ++id) {
    if (id != leader) {
      cell.node(id).disk->free = 0;
    }
  }
  cell.advance(2'000);
  const auto made = client.send(create("/b", "x"));
  Client other(cell, cell.follower());
  other.set_session(client.session());
  other.set_secret(client.secret());
  EXPECT_FALSE(other.resume().refusal);
  const auto forwarded = other.repeat(100, create("/c", "x"), 0);
  const auto removed = client.send(state::Remove{.path = "/a", .conditions = {}, .owner = {}});
  cell.settle();
  EXPECT_EQ(outcome(made), "NO_SPACE");
  EXPECT_EQ(outcome(forwarded), "NO_SPACE");
  // What was carried out before is answered as then.
  const auto repeated = client.repeat(1, create("/a", "x"), 0);
  cell.settle();
  EXPECT_EQ(outcome(repeated), "ok");
  EXPECT_EQ(outcome(removed), "ok");
  for (int id = 1; id <= 3; ++id) {
    cell.node(id).disk->free = 1U << 30U;
  }
  cell.advance(300);
  const auto again = client.send(create("/b", "x"));
  cell.settle();
  EXPECT_EQ(outcome(again), "ok");
}

// A refusal says that nothing will be done; of a request that was proposed before, nobody knows.
TEST(Failover, WithoutSpaceACopyOfWhatIsUnderWayIsNotRefused) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, leader);
  client.open(kLease);
  client.send(create("/a", "x"));
  cell.settle();
  for (int id = 1; id <= 3; ++id) {
    if (id != leader) {
      cell.node(id).disk->stalled = true;
      cell.node(id).disk->free = 0;
    }
  }
  const auto under_way = client.send(create("/b", "x"));
  cell.advance(2'000);
  const auto copy = client.repeat(client.newest_number(), create("/b", "x"), 0);
  const auto other = client.send(create("/c", "x"));
  cell.advance(100);
  EXPECT_TRUE(under_way->empty());
  EXPECT_TRUE(copy->empty());
  for (int id = 1; id <= 3; ++id) {
    cell.node(id).disk->stalled = false;
  }
  cell.advance(100);
  EXPECT_EQ(outcome(under_way), "ok");
  EXPECT_EQ(outcome(copy), "ok");
  EXPECT_EQ(outcome(other), "NO_SPACE");
}

TEST(Failover, AFailedDiskEndsTheReplica) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, leader);
  client.open(kLease);
  cell.node(leader).store->fail_with(Status(StatusCode::kIo, "sync of the log failed"));
  client.send(create("/a", "x"));
  cell.settle();
  ASSERT_TRUE(cell.node(leader).fatal);
  EXPECT_NE(cell.node(leader).fatal->find("sync of the log failed"), std::string::npos);
}

TEST(Failover, ACommandOfALaterReleaseEndsTheReplicaWithClearWords) {
  Cell cell({.voters = 1});
  cell.wait_for_leader();
  cell.advance(100);
  const Zxid last = cell.replica(1).status().core.last;
  cell.kill(1);
  state::Command command;
  command.version = state::kStateMachineVersion + 1;
  command.op = state::EpochBegun{ServerId(1)};
  const zab::PersistOp append = zab::Append{
      {zab::Entry{Zxid(last.value + 1), last, SharedBytes(state::encode_command(command))}}};
  ASSERT_TRUE(cell.node(1).store->persist({&append, 1}).ok());
  cell.start(1);
  cell.advance(1'000);
  ASSERT_TRUE(cell.node(1).fatal);
  EXPECT_NE(cell.node(1).fatal->find("release"), std::string::npos) << *cell.node(1).fatal;
}

TEST(Failover, RubbishFromAFollowerHurtsNobody) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  const Epoch epoch = cell.replica(leader).status().core.current;
  cell.inject(follower, leader, zab::Request{epoch, SharedBytes("rubbish")});
  state::Command foreign;  // It speaks for another replica.
  foreign.origin = {.server = ServerId(99), .incarnation = Incarnation(1), .call = 1};
  foreign.op = state::OpenSession{};
  cell.inject(follower, leader, zab::Request{epoch, SharedBytes(state::encode_command(foreign))});
  state::Command forbidden;  // Only the leader may say this.
  forbidden.op = state::ExpireSession{SessionId(1)};
  cell.inject(follower, leader, zab::Request{epoch, SharedBytes(state::encode_command(forbidden))});
  const Zxid before = cell.replica(leader).status().core.last;
  cell.settle();
  EXPECT_EQ(cell.replica(leader).status().core.last, before);
  EXPECT_TRUE(cell.node(leader).has_logged("event=request-refused"));
  Client client(cell, follower);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  cell.settle();
  EXPECT_EQ(outcome(made), "ok");
}

TEST(Failover, WritesThatFindTheLeaderFullWaitAndKeepTheirOrder) {
  Cell cell({.adjust = [](ReplicaOptions& options) { options.core.in_flight_entries = 2; }});
  const int leader = cell.wait_for_leader();
  const int follower = cell.follower();
  Client near(cell, leader);
  near.open(kLease);
  Client far(cell, follower);
  far.open(kLease);
  near.send(create("/a", ""));
  far.send(create("/b", ""));
  cell.settle();
  std::vector<Soon<WriteAnswer>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(near.send(set("/a", std::to_string(i))));
    answers.push_back(far.send(set("/b", std::to_string(i))));
  }
  cell.settle();
  Zxid newest;
  for (std::size_t i = 0; i < answers.size(); i += 2) {
    ASSERT_EQ(outcome(answers[i]), "ok");
    EXPECT_GT(answers[i]->front().facts.zxid, newest);
    newest = answers[i]->front().facts.zxid;
    ASSERT_EQ(outcome(answers[i + 1]), "ok");
  }
  EXPECT_EQ(cell.replica(follower).state().get("/a")->contents, "19");
  EXPECT_EQ(cell.replica(follower).state().get("/b")->contents, "19");
}

TEST(Stop, ALeaderCommitsWhatIsProposedAnswersAndHandsOver) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client client(cell, leader);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  const auto parked = client.keep_alive({}, 4'000);
  cell.settle();
  const auto last = client.send(create("/b", "x"));
  bool stopped = false;
  cell.replica(leader).stop([&] { stopped = true; });
  const auto late = client.send(create("/c", "x"));
  EXPECT_EQ(outcome(late), "NO_QUORUM");
  ASSERT_TRUE(cell.wait_for([&] { return stopped; }, 3'000));
  EXPECT_EQ(outcome(made), "ok");
  EXPECT_EQ(outcome(last), "ok");
  EXPECT_EQ(outcome(parked), "0 events");
  EXPECT_GT(parked->front().facts.lease_ms, 0);
  cell.kill(leader);
  ASSERT_TRUE(cell.wait_for([&] { return cell.leader() != 0; }, 1'000));
  EXPECT_NE(cell.leader(), leader);
}

TEST(Stop, AFollowerAnswersWhatIsOnItsWay) {
  Cell cell({});
  cell.wait_for_leader();
  const int follower = cell.follower();
  Client client(cell, follower);
  client.open(kLease);
  const auto made = client.send(create("/a", "x"));
  bool stopped = false;
  cell.replica(follower).stop([&] { stopped = true; });
  ASSERT_TRUE(cell.wait_for([&] { return stopped; }, 3'000));
  EXPECT_EQ(outcome(made), "ok");
}

}  // namespace
}  // namespace holdfast::replica::testing
