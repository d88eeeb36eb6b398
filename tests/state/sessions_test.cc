#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

using Ids = std::vector<SessionId>;

OpenSession opening(std::string_view name) {
  OpenSession open;
  open.secret = secret_of(name);
  open.client_name = name;
  return open;
}

OpenSession taking_over(std::string_view name, std::string_view previous) {
  OpenSession open = opening(name);
  open.instance_name = "service";
  open.previous = PreviousSession{.instance_name = "service", .secret = secret_of(previous)};
  return open;
}

OpenSession instance(std::string_view name) {
  OpenSession open = opening(name);
  open.instance_name = "service";
  return open;
}

TEST(Sessions, AnOpenedSessionHasTheZxidOfItsCommandAsId) {
  TestCell cell;
  const auto opened = as<SessionOpened>(cell.lead(opening("a")));
  EXPECT_EQ(opened.session.value, cell.zxid().value);
  EXPECT_EQ(cell.last().sessions_opened, Ids{opened.session});
  EXPECT_EQ(cell.state().session_of(secret_of("a")), opened.session);
  EXPECT_TRUE(cell.state().secret_fits(opened.session, secret_of("a")));
  EXPECT_FALSE(cell.state().secret_fits(opened.session, secret_of("b")));
}

TEST(Sessions, OpeningIsIdempotentByTheSecret) {
  TestCell cell;
  const auto first = as<SessionOpened>(cell.lead(opening("a")));
  const auto again = as<SessionOpened>(cell.lead(opening("a")));
  EXPECT_EQ(first, again);
  EXPECT_TRUE(cell.last().sessions_opened.empty());
  EXPECT_EQ(cell.state().session_count(), 1U);
}

TEST(Sessions, ALeaseIsClampedAndHasADefault) {
  TestCell cell;
  const auto lease = [&cell](std::string_view name, std::int64_t asked) {
    OpenSession open = opening(name);
    open.lease_ms = asked;
    return as<SessionOpened>(cell.lead(open)).lease_ms;
  };
  EXPECT_EQ(lease("a", 0), 12'000);
  EXPECT_EQ(lease("b", 1), 1'000);
  EXPECT_EQ(lease("c", 5'000), 5'000);
  EXPECT_EQ(lease("d", 1'000'000'000), 600'000);
  EXPECT_EQ(lease("e", -5), 1'000);
}

TEST(Sessions, ASecretIsAHashOf32Bytes) {
  TestCell cell;
  OpenSession open = opening("a");
  open.secret.bytes = "short";
  EXPECT_EQ(code_of(cell.lead(open)), ErrorCode::kBadArgument);
}

TEST(Sessions, CloseReleasesEverythingInOneCommand) {
  TestCell cell;
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  cell.create(a, "/x");
  cell.create(a, "/y");
  cell.acquire(a, with_delay(1000, exclusive("/x")));
  cell.acquire(b, exclusive("/y"));
  as<Waiting>(cell.ask(a, exclusive("/y")));
  as<Waiting>(cell.ask(b, owned_by(9, exclusive("/x"))));
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/eph")));
  as<Done>(cell.ask(a, CloseSession{}));
  EXPECT_EQ(cell.holders("/x"), Ids{b});
  EXPECT_TRUE(cell.waiters("/y").empty());
  EXPECT_FALSE(cell.state().get("/eph"));
  EXPECT_FALSE(cell.state().session(a));
  EXPECT_EQ(cell.last().sessions_ended, Ids{a});
  EXPECT_EQ(cell.last_events(EventKind::kLockReleased).size(), 1U);
  EXPECT_TRUE(cell.last_events(EventKind::kLockLost).empty());
}

TEST(Sessions, ExpiryDelaysEachLockByItsOwnDelayInOneCommand) {
  TestCell cell;
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  cell.create(a, "/x");
  cell.create(a, "/y");
  cell.acquire(a, with_delay(1000, exclusive("/x")));
  cell.acquire(a, exclusive("/y"));
  as<Waiting>(cell.ask(b, exclusive("/x")));
  as<Waiting>(cell.ask(b, exclusive("/y")));
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/eph")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_TRUE(cell.holders("/x").empty());
  EXPECT_TRUE(cell.is_delayed("/x"));
  EXPECT_EQ(cell.holders("/y"), Ids{b});
  EXPECT_FALSE(cell.state().get("/eph"));
  const auto lost = cell.last_events(EventKind::kLockLost);
  ASSERT_EQ(lost.size(), 2U);
  EXPECT_EQ(lost[0].session, a);
  EXPECT_EQ(lost[0].reason, "the session expired");
}

TEST(Sessions, ExpiryOfASessionThatIsGoneChangesNothing) {
  TestCell cell;
  const SessionId a = cell.open("a");
  as<Done>(cell.lead(ExpireSession{.session = a}));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_TRUE(cell.last().sessions_ended.empty());
}

TEST(Sessions, AnEndedSessionGetsSessionExpired) {
  TestCell cell;
  const SessionId a = cell.open("a");
  as<Done>(cell.ask(a, CloseSession{}));
  EXPECT_EQ(code_of(cell.ask(a, CloseSession{})), ErrorCode::kSessionExpired);
  EXPECT_EQ(code_of(cell.ask(a, node("/x"))), ErrorCode::kSessionExpired);
  EXPECT_FALSE(cell.state().get("/x"));
}

TEST(Sessions, ARequestThatNeedsASessionIsRefusedWithoutOne) {
  TestCell cell;
  for (const Op& op :
       std::vector<Op>{node("/x"), removal("/x"), contents("/x", ""), Multi{}, exclusive("/x"),
                       release("/x"), cancel("/x"), CloseSession{}}) {
    EXPECT_EQ(code_of(cell.lead(op)), ErrorCode::kBadArgument);
  }
}

TEST(Sessions, OthersLoseTheLockOfAnEphemeralNodeThatGoes) {
  TestCell cell;
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  const SessionId c = cell.open("c");
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/eph")));
  const Granted granted = cell.acquire(b, exclusive("/eph"));
  as<Waiting>(cell.ask(c, exclusive("/eph")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  const auto lost = cell.last_events(EventKind::kLockLost);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].session, b);
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kNoNode);
  EXPECT_TRUE(cell.state().check_sequencer(granted.sequencer));
  // b may believe until it knows: a new node at the path is closed until then.
  cell.create(c, "/eph");
  EXPECT_EQ(code_of(cell.ask(c, try_exclusive("/eph"))), ErrorCode::kLockDelayed);
  const auto ops = cell.state().acknowledged(b, lost[0].name);
  ASSERT_EQ(ops.size(), 1U);
  as<Done>(cell.lead(ops[0]));
  as<Granted>(cell.ask(c, try_exclusive("/eph")));
}

TEST(Takeover, APreviousSessionIsClosedCleanlyFirst) {
  TestCell cell;
  const auto old = as<SessionOpened>(cell.lead(instance("old"))).session;
  const Granted granted =
      cell.acquire(old, with_delay(9000, creating(LockCreate::kPersistent, exclusive("/lock"))));
  const auto opened = as<SessionOpened>(cell.lead(taking_over("new", "old")));
  EXPECT_TRUE(opened.previous_closed);
  EXPECT_EQ(cell.last().sessions_ended, Ids{old});
  EXPECT_FALSE(cell.is_delayed("/lock"));
  EXPECT_TRUE(cell.state().check_sequencer(granted.sequencer));
  as<Granted>(cell.ask(opened.session, try_exclusive("/lock")));
}

TEST(Takeover, ARepeatedTakeoverAnswersTheSame) {
  TestCell cell;
  cell.lead(instance("old"));
  const auto first = as<SessionOpened>(cell.lead(taking_over("new", "old")));
  cell.reload();
  EXPECT_EQ(as<SessionOpened>(cell.lead(taking_over("new", "old"))), first);
}

TEST(Takeover, DelaysThatThePreviousExpiryLeftAreLifted) {
  TestCell cell;
  const SessionId other = cell.open("other");
  const auto old = as<SessionOpened>(cell.lead(instance("old"))).session;
  cell.acquire(old, with_delay(9000, creating(LockCreate::kPersistent, exclusive("/lock"))));
  cell.acquire(other, with_delay(9000, creating(LockCreate::kPersistent, exclusive("/theirs"))));
  as<Done>(cell.lead(ExpireSession{.session = old}));
  as<Done>(cell.lead(ExpireSession{.session = other}));
  const auto opened = as<SessionOpened>(cell.lead(taking_over("new", "old")));
  EXPECT_FALSE(opened.previous_closed);
  EXPECT_FALSE(cell.is_delayed("/lock"));
  EXPECT_TRUE(cell.is_delayed("/theirs"));
}

TEST(Takeover, ALivingSessionOfAnotherInstanceNameIsWrongSecret) {
  TestCell cell;
  const SessionId old = cell.open("old");
  EXPECT_EQ(code_of(cell.lead(taking_over("new", "old"))), ErrorCode::kWrongSecret);
  EXPECT_TRUE(cell.state().session(old));
  EXPECT_FALSE(cell.state().session_of(secret_of("new")));
}

TEST(Takeover, APreviousSessionThatNeverWasIsNoHindrance) {
  TestCell cell;
  EXPECT_FALSE(as<SessionOpened>(cell.lead(taking_over("new", "old"))).previous_closed);
}

TEST(Takeover, ItMakesRoomForItself) {
  StateLimits limits = StateLimits::defaults();
  limits.sessions_max = 1;
  TestCell cell(limits);
  cell.lead(instance("old"));
  EXPECT_EQ(code_of(cell.lead(instance("third"))), ErrorCode::kLimit);
  EXPECT_TRUE(as<SessionOpened>(cell.lead(taking_over("new", "old"))).previous_closed);
}

TEST(Sessions, InfoCountsWhatASessionHas) {
  TestCell cell;
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  cell.acquire(a, creating(LockCreate::kPersistent, exclusive("/x")));
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/y")));
  as<Waiting>(cell.ask(a, exclusive("/y")));
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/eph")));
  const auto info = cell.state().session(a);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->locks_held, 1U);
  EXPECT_EQ(info->locks_waited_for, 1U);
  EXPECT_EQ(info->ephemerals, 1U);
  EXPECT_EQ(info->results_kept, 3U);
  EXPECT_EQ(cell.state().sessions(SessionId(), 10).size(), 2U);
  EXPECT_EQ(cell.state().sessions(a, 10).size(), 1U);
  EXPECT_EQ(cell.state().sessions(SessionId(), 1).at(0).id, a);
}

}  // namespace
}  // namespace holdfast::state
