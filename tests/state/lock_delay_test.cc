#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

using Ids = std::vector<SessionId>;

class LockDelays : public testing::Test {
 protected:
  void SetUp() override { cell.create(b, "/lock"); }

  // a holds /lock under a lock-delay and expires.
  Zxid expire_a(std::int64_t delay_ms) {
    cell.acquire(a, with_delay(delay_ms, exclusive("/lock")));
    as<Done>(cell.lead(ExpireSession{.session = a}));
    return cell.zxid();
  }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
  SessionId c = cell.open("c");
};

TEST_F(LockDelays, ExpiryClosesTheLockForTheDelayThatItsHolderChose) {
  const Zxid since = expire_a(5000);
  const Error error = error_of(cell.ask(b, try_exclusive("/lock")));
  EXPECT_EQ(error.code, ErrorCode::kLockDelayed);
  EXPECT_EQ(error.remaining_ms, 4999);
  ASSERT_TRUE(error.previous_holder);
  EXPECT_EQ(error.previous_holder->client_name, "a");
  const auto info = cell.state().lock_info("/lock");
  EXPECT_TRUE(info->delayed);
  EXPECT_EQ(info->delay_ms, 5000);
  EXPECT_EQ(info->delay_since, since);
}

TEST_F(LockDelays, WithoutADelayExpiryHandsOverInTheSameCommand) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  as<Granted>(cell.last_outcome());
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(LockDelays, WaitersQueueThroughADelayAndItsEndGrantsTheNext) {
  cell.acquire(a, with_delay(5000, exclusive("/lock")));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_TRUE(cell.last().outcomes.empty());
  const Due due = cell.last().dues.at(0);
  EXPECT_EQ(due.cluster_ms, cell.now_ms() + 5000);
  as<Waiting>(cell.ask(c, exclusive("/lock")));
  EXPECT_TRUE(cell.holders("/lock").empty());
  as<Done>(cell.lead(due.op));
  as<Granted>(cell.last_outcome());
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  EXPECT_EQ(cell.waiters("/lock"), Ids{c});
}

TEST_F(LockDelays, TheEndOfAnotherDelayIsLeftAlone) {
  const Zxid since = expire_a(5000);
  as<Done>(cell.lead(end_of_delay("/lock", Zxid(since.value - 1))));
  EXPECT_TRUE(cell.is_delayed("/lock"));
  as<Done>(cell.lead(end_of_delay("/other", since)));
  EXPECT_TRUE(cell.is_delayed("/lock"));
  as<Done>(cell.lead(end_of_delay("/lock", since)));
  EXPECT_FALSE(cell.is_delayed("/lock"));
}

TEST_F(LockDelays, ReleaseAndCleanCloseLeaveNoDelay) {
  cell.acquire(a, with_delay(5000, exclusive("/lock")));
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_FALSE(cell.is_delayed("/lock"));
  cell.acquire(a, with_delay(5000, exclusive("/lock")));
  as<Done>(cell.ask(a, CloseSession{}));
  EXPECT_FALSE(cell.is_delayed("/lock"));
  as<Granted>(cell.ask(b, try_exclusive("/lock")));
}

// A leader's clock may lie behind that of the one before it.
TEST_F(LockDelays, TimeNeverGoesBack) {
  expire_a(5000);
  cell.pass_ms(-4000);
  EXPECT_EQ(error_of(cell.ask(b, try_exclusive("/lock"))).remaining_ms, 5000);
  cell.pass_ms(4000);
  EXPECT_LT(error_of(cell.ask(b, try_exclusive("/lock"))).remaining_ms, 5000);
}

TEST_F(LockDelays, ANewEpochRestartsTheDelayInFull) {
  expire_a(5000);
  cell.pass_ms(4000);
  cell.begin_epoch();
  const Error error = error_of(cell.ask(b, try_exclusive("/lock")));
  EXPECT_EQ(error.remaining_ms, 4999);
  ASSERT_EQ(cell.state().dues().size(), 1U);
  EXPECT_EQ(cell.state().dues()[0].cluster_ms, cell.now_ms() - 1 + 5000);
  cell.reload();
  EXPECT_EQ(cell.state().dues()[0].cluster_ms, cell.now_ms() - 1 + 5000);
}

TEST_F(LockDelays, TwoCausesKeepTheLockClosedUntilBothAreOver) {
  cell.acquire(a, with_delay(9000, shared("/lock")));
  cell.acquire(b, with_delay(1000, shared("/lock")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  const Zxid first = cell.zxid();
  as<Done>(cell.lead(ExpireSession{.session = b}));
  const Zxid second = cell.zxid();
  EXPECT_EQ(cell.state().lock_info("/lock")->delay_ms, 9000);
  EXPECT_EQ(cell.state().lock_info("/lock")->previous_holder->client_name, "a");
  as<Done>(cell.lead(end_of_delay("/lock", first)));
  EXPECT_TRUE(cell.is_delayed("/lock"));
  as<Done>(cell.lead(end_of_delay("/lock", second)));
  EXPECT_FALSE(cell.is_delayed("/lock"));
}

TEST_F(LockDelays, NobodyJoinsSharedHoldersDuringADelay) {
  cell.acquire(a, with_delay(5000, shared("/lock")));
  cell.acquire(b, shared("/lock"));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  Acquire attempt = shared("/lock");
  attempt.wait_ms = 0;
  EXPECT_EQ(code_of(cell.ask(c, attempt)), ErrorCode::kLockDelayed);
  EXPECT_EQ(code_of(cell.ask(c, try_exclusive("/lock"))), ErrorCode::kLockHeld);
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(LockDelays, ADelayOutlivesItsNodeAndItsPathCanBeCreatedAgain) {
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/gone")));
  cell.acquire(a, with_delay(5000, exclusive("/gone")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_FALSE(cell.state().get("/gone"));
  const auto info = cell.state().lock_info("/gone");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->delayed);
  EXPECT_TRUE(info->instance.is_none());
  EXPECT_EQ(code_of(cell.ask(b, exclusive("/gone"))), ErrorCode::kNoNode);
  cell.create(b, "/gone");
  EXPECT_EQ(code_of(cell.ask(b, try_exclusive("/gone"))), ErrorCode::kLockDelayed);
  as<Waiting>(cell.ask(b, exclusive("/gone")));
}

TEST_F(LockDelays, ATryThatWouldCreateTheNodeUnderADelayCreatesNothing) {
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/gone")));
  cell.acquire(a, with_delay(5000, exclusive("/gone")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_EQ(code_of(cell.ask(b, creating(LockCreate::kPersistent, try_exclusive("/gone")))),
            ErrorCode::kLockDelayed);
  EXPECT_FALSE(cell.state().get("/gone"));
  EXPECT_TRUE(cell.last().events.empty());
}

TEST_F(LockDelays, AnUntilFreeNodeStaysUntilItsDelayIsOver) {
  cell.acquire(a, with_delay(5000, creating(LockCreate::kUntilFree, exclusive("/uf"))));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_TRUE(cell.state().get("/uf"));
  as<Done>(cell.lead(cell.last().dues.at(0).op));
  EXPECT_FALSE(cell.state().get("/uf"));
}

TEST_F(LockDelays, RemovalUnderADelayIsLockDelayed) {
  expire_a(5000);
  EXPECT_EQ(code_of(cell.ask(b, removal("/lock"))), ErrorCode::kLockDelayed);
}

// ------------------------------------------------------------------------------- break and kill

class Breaking : public LockDelays {
 protected:
  void SetUp() override {
    LockDelays::SetUp();
    granted = cell.acquire(a, exclusive("/lock"));
    as<Waiting>(cell.ask(b, exclusive("/lock")));
  }
  Granted granted;
};

TEST_F(Breaking, ABrokenLockIsInvalidAtOnceAndPassesOnWhenItsHolderAcknowledged) {
  const Broken broken = as<Broken>(cell.lead(breaking("/lock")));
  ASSERT_EQ(broken.broken.size(), 1U);
  EXPECT_EQ(broken.broken[0].session, a);
  EXPECT_EQ(broken.delay_ms, 12'000);
  EXPECT_TRUE(cell.state().check_sequencer(granted.sequencer));
  EXPECT_TRUE(cell.holders("/lock").empty());
  const auto lost = cell.last_events(EventKind::kLockLost);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].session, a);
  EXPECT_EQ(lost[0].reason, "broken by operator: it hangs");
  const EventName earlier{.zxid = Zxid(lost[0].name.zxid.value - 1), .index = 99};
  EXPECT_TRUE(cell.state().acknowledged(a, earlier).empty());
  EXPECT_TRUE(cell.state().acknowledged(b, lost[0].name).empty());
  const auto ops = cell.state().acknowledged(a, lost[0].name);
  ASSERT_EQ(ops.size(), 1U);
  as<Done>(cell.lead(ops[0]));
  as<Granted>(cell.last_outcome());
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  EXPECT_TRUE(cell.state().acknowledged(a, lost[0].name).empty());
}

TEST_F(Breaking, ABrokenLockPassesOnWhenTheLeaseHasRunOut) {
  as<Broken>(cell.lead(breaking("/lock")));
  const Due due = cell.last().dues.at(0);
  EXPECT_EQ(due.cluster_ms, cell.now_ms() + 12'000);
  as<Done>(cell.lead(due.op));
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(Breaking, AnAcknowledgementOfAnotherSessionEndsNothing) {
  as<Broken>(cell.lead(breaking("/lock")));
  const Zxid since = cell.zxid();
  EndLockDelay op = end_of_delay("/lock", since);
  op.acknowledged_by = c;
  as<Done>(cell.lead(op));
  EXPECT_TRUE(cell.is_delayed("/lock"));
}

TEST_F(Breaking, NowPassesTheLockOnAtOnce) {
  BreakLock now = breaking("/lock");
  now.now = true;
  EXPECT_EQ(as<Broken>(cell.lead(now)).delay_ms, 0);
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  EXPECT_FALSE(cell.is_delayed("/lock"));
}

TEST_F(Breaking, NowAlsoEndsTheDelayOfAnEarlierBreak) {
  as<Broken>(cell.lead(breaking("/lock")));
  EXPECT_EQ(code_of(cell.lead(breaking("/lock"))), ErrorCode::kNotHeld);
  BreakLock now = breaking("/lock");
  now.now = true;
  EXPECT_TRUE(as<Broken>(cell.lead(now)).broken.empty());
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(Breaking, OnlyTheNamedAcquisitionIsBroken) {
  BreakLock other = breaking("/lock");
  other.acquisition = Zxid(1);
  EXPECT_EQ(code_of(cell.lead(other)), ErrorCode::kNotHeld);
  other.acquisition = granted.sequencer.acquisition;
  EXPECT_EQ(as<Broken>(cell.lead(other)).broken.size(), 1U);
  EXPECT_EQ(code_of(cell.lead(breaking("/absent"))), ErrorCode::kNoNode);
}

TEST_F(Breaking, TheDelayIsAtLeastTheLockDelayThatTheHolderChose) {
  cell.create(c, "/other");
  cell.acquire(a, with_delay(50'000, exclusive("/other")));
  EXPECT_EQ(as<Broken>(cell.lead(breaking("/other"))).delay_ms, 50'000);
}

TEST_F(Breaking, WhoBreaksSaysHisNameAndWhy) {
  BreakLock silent = breaking("/lock");
  silent.reason.clear();
  EXPECT_EQ(code_of(cell.lead(silent)), ErrorCode::kBadArgument);
  KillSession anonymous = killing(a);
  anonymous.who.clear();
  EXPECT_EQ(code_of(cell.lead(anonymous)), ErrorCode::kBadArgument);
}

TEST_F(Breaking, TheEndOfTheBrokenHoldersSessionDoesNotShortenTheDelay) {
  as<Broken>(cell.lead(breaking("/lock")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_TRUE(cell.is_delayed("/lock"));
  EXPECT_TRUE(cell.holders("/lock").empty());
}

TEST_F(Breaking, ABrokenHolderWhoClosesHisSessionCleanlyLetsTheLockPassOn) {
  as<Broken>(cell.lead(breaking("/lock")));
  as<Done>(cell.ask(a, CloseSession{}));
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(Breaking, AKilledSessionIsRefusedAtOnceAndEndsWhenItAcknowledged) {
  EXPECT_TRUE(as<Killed>(cell.lead(killing(a))).killed);
  EXPECT_EQ(cell.last().sessions_killed, Ids{a});
  EXPECT_TRUE(cell.last().sessions_ended.empty());
  EXPECT_TRUE(cell.state().check_sequencer(granted.sequencer));
  EXPECT_TRUE(cell.state().session(a)->killed);
  const auto lost = cell.last_events(EventKind::kLockLost);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(code_of(cell.ask(a, exclusive("/lock"))), ErrorCode::kSessionExpired);
  EXPECT_TRUE(cell.holders("/lock").empty());
  const auto ops = cell.state().acknowledged(a, lost[0].name);
  ASSERT_EQ(ops.size(), 2U);
  as<Done>(cell.lead(ops[0]));
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  as<Done>(cell.lead(ops[1]));
  EXPECT_FALSE(cell.state().session(a));
  EXPECT_EQ(cell.last().sessions_ended, Ids{a});
}

TEST_F(Breaking, ASessionThatHoldsNothingIsKilledAtOnce) {
  EXPECT_TRUE(as<Killed>(cell.lead(killing(b))).killed);
  EXPECT_EQ(cell.last().sessions_ended, Ids{b});
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kSessionExpired);
  EXPECT_FALSE(as<Killed>(cell.lead(killing(b))).killed);
}

TEST_F(Breaking, KillNowPassesTheLocksOnAtOnce) {
  KillSession now = killing(a);
  now.now = true;
  EXPECT_TRUE(as<Killed>(cell.lead(now)).killed);
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  EXPECT_FALSE(cell.state().session(a));
}

TEST_F(Breaking, EphemeralNodesOfAKilledSessionStayUntilItEnds) {
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/presence")));
  as<Killed>(cell.lead(killing(a)));
  EXPECT_TRUE(cell.state().get("/presence"));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_FALSE(cell.state().get("/presence"));
}

}  // namespace
}  // namespace holdfast::state
