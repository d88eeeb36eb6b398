#include <gtest/gtest.h>

#include "tests/client/rig.h"

// Acquiring, holding, losing and giving back.

namespace holdfast::client::test {
namespace {

constexpr OwnerId kOwner(9);

AcquireAsk ask(std::optional<Ticks> wait_ms) {
  return {.path = "/l", .wait_ms = wait_ms, .owner = kOwner};
}

Event lock_lost(std::uint64_t zxid, std::uint64_t acquisition) {
  return {.name = {.zxid = Zxid(zxid)},
          .kind = EventKind::kLockLost,
          .path = "/l",
          .session = kSession,
          .owner = kOwner,
          .acquisition = Zxid(acquisition),
          .reason = "broken by anna: stuck"};
}

// A held lock; its acquisition is 5.
struct Held {
  Rig rig;
  GuardId guard;

  explicit Held(bool lost_at_jeopardy) {
    rig.open();
    AcquireAsk request = ask(0);
    request.lost_at_jeopardy = lost_at_jeopardy;
    const CallId call = rig.acquire(request);
    rig.reply(granted(rig.take("acquire"), at(5), grant_of(5)));
    guard = rig.guard_of(call);
  }
  Held() : Held(false) {}
};

TEST(CoreLocks, WaitingAcquireIsRepeatedWithItsNumberUntilItIsGranted) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(60'000));
  const Seen first = rig.take("acquire");
  EXPECT_EQ(first.wait_ms, 60'000);
  EXPECT_EQ(first.max_wait_ms, 1) << "the first answer comes at once and pins no result";
  rig.reply(waiting(first, at(2), 3));
  EXPECT_EQ(rig.queued, (std::vector<std::size_t>{3}));
  const Seen second = rig.take("acquire");
  EXPECT_EQ(second.number, first.number);
  EXPECT_EQ(second.wait_ms, 60'000);
  EXPECT_GT(second.max_wait_ms, 1'000);
  rig.reply(waiting(second, at(3), 0));
  rig.reply(granted(rig.take("acquire"), at(8), grant_of(8)));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreLocks, WaitingAcquirePinsNoResults) {
  Rig rig;
  rig.open();
  rig.acquire(ask(std::nullopt));
  const Seen acquire = rig.take("acquire");
  EXPECT_EQ(acquire.wait_ms, -1);
  rig.reply(waiting(acquire, at(2), 1));
  rig.set("/a");
  EXPECT_EQ(rig.take("set_contents").answered_below, 2U);
}

TEST(CoreLocks, WaitIsWithdrawnByTheClientsOwnClock) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(2'000));
  rig.reply(waiting(rig.take("acquire"), at(2), 1));
  const Seen parked = rig.take("acquire");
  for (int i = 0; i < 10; ++i) {
    rig.pass(249);
    if (rig.has("cell_status")) rig.reply(done(rig.take("cell_status"), {}));
  }
  EXPECT_FALSE(rig.has("cancel")) << "the leader ends a wait by itself a little earlier";
  rig.pass(20);
  const Seen cancel = rig.take("cancel");
  EXPECT_EQ(cancel.path, "/l");
  EXPECT_EQ(cancel.owner, kOwner);
  EXPECT_GT(cancel.number, parked.number);
  rig.reply(failed(parked, at(3), {.code = ErrorCode::kCancelled, .message = "cancelled"}));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kTimeout);
}

TEST(CoreLocks, GrantThatCrossesTheWithdrawalIsHandedOver) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(std::nullopt));
  rig.reply(waiting(rig.take("acquire"), at(2), 1));
  const Seen parked = rig.take("acquire");
  rig.core.withdraw(rig.now, call);
  rig.run();
  EXPECT_TRUE(rig.has("cancel"));
  rig.reply(granted(parked, at(7), grant_of(7)));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreLocks, WithdrawnByTheProgramSaysCancelled) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(std::nullopt));
  rig.reply(waiting(rig.take("acquire"), at(2), 1));
  const Seen parked = rig.take("acquire");
  rig.core.withdraw(rig.now, call);
  rig.run();
  rig.reply(failed(parked, at(3), {.code = ErrorCode::kCancelled, .message = "cancelled"}));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kCancelled);
}

TEST(CoreLocks, WithdrawnByTheProgramSaysCancelledAlsoToACopyThatTheCancelOvertook) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(std::nullopt));
  rig.reply(waiting(rig.take("acquire"), at(2), 1));
  const Seen copy = rig.take("acquire");
  rig.core.withdraw(rig.now, call);
  rig.run();
  rig.reply(failed(copy, at(3), {.code = ErrorCode::kTimeout, .message = "ended without it"}));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kCancelled);
}

TEST(CoreLocks, WithdrawnBeforeItWasSentIsOverAtOnce) {
  Rig rig;
  rig.open();
  rig.break_connection();
  const CallId call = rig.acquire(ask(std::nullopt));
  rig.core.withdraw(rig.now, call);
  rig.run();
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kCancelled);
  rig.reconnect();
  EXPECT_FALSE(rig.has("acquire"));
}

TEST(CoreLocks, AbandonedAcquireLeavesNoLockBehind) {
  Rig rig;
  rig.open();
  AcquireAsk request = ask(std::nullopt);
  request.timeout_ms = 500;
  const CallId call = rig.acquire(request);
  rig.break_connection();
  rig.pass(500);
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kTimeout);
  EXPECT_TRUE(rig.error_of(call).outcome_pending);
  rig.reconnect();
  const Seen again = rig.take("acquire");
  EXPECT_TRUE(rig.has("cancel"));
  rig.reply(granted(again, at(7), grant_of(7)));
  const Seen release = rig.take("release");
  EXPECT_EQ(release.path, "/l");
  EXPECT_EQ(release.owner, kOwner);
}

TEST(CoreLocks, AcquireIsNotGivenWhatAnAbandonedOneGivesBack) {
  Rig rig;
  rig.open();
  AcquireAsk impatient = ask(std::nullopt);
  impatient.timeout_ms = 500;
  rig.acquire(impatient);
  rig.reply(waiting(rig.take("acquire"), at(2), 1));
  const Seen first = rig.take("acquire");
  rig.pass(500);
  const CallId next = rig.acquire(ask(0));
  rig.reply(granted(first, at(7), grant_of(7)));
  const Seen release = rig.take("release");
  rig.reply(done(rig.take("cancel"), at(7)));
  EXPECT_FALSE(rig.has("acquire")) << "it would be told of the acquisition 7";
  rig.reply(done(release, at(8)));
  rig.reply(granted(rig.take("acquire"), at(9), grant_of(9)));
  EXPECT_TRUE(rig.answers.at(next).ok());
}

TEST(CoreLocks, AbandonedAcquireLeavesAnotherGuardItsLock) {
  Held held;
  AcquireAsk impatient = ask(0);
  impatient.timeout_ms = 500;
  const CallId again = held.rig.acquire(impatient);
  const Seen request = held.rig.take("acquire");
  held.rig.pass(500);
  EXPECT_EQ(held.rig.error_of(again).code, ErrorCode::kTimeout);
  held.rig.reply(granted(request, at(6), grant_of(5)));
  EXPECT_FALSE(held.rig.has("release"));
}

TEST(CoreLocks, GrantOfWhatIsBeingReleasedIsAskedForAnew) {
  Held held;
  const CallId again = held.rig.acquire(ask(0));
  const Seen request = held.rig.take("acquire");
  held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.run();
  held.rig.reply(granted(request, at(6), grant_of(5)));
  EXPECT_FALSE(held.rig.is_answered(again));
  EXPECT_FALSE(held.rig.has("acquire"));
  held.rig.reply(done(held.rig.take("release"), at(7)));
  const Seen anew = held.rig.take("acquire");
  EXPECT_GT(anew.number, request.number);
  held.rig.reply(granted(anew, at(8), grant_of(8)));
  EXPECT_TRUE(held.rig.answers.at(again).ok());
}

TEST(CoreLocks, GrantThatTheAnswerToAReleaseOvertakesIsAskedForAnew) {
  Held held;
  const CallId again = held.rig.acquire(ask(0));
  const Seen request = held.rig.take("acquire");
  held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.run();
  held.rig.reply(done(held.rig.take("release"), at(7)));
  held.rig.reply(granted(request, at(6), grant_of(5)));
  EXPECT_FALSE(held.rig.is_answered(again));
  held.rig.reply(granted(held.rig.take("acquire"), at(8), grant_of(8)));
  EXPECT_TRUE(held.rig.answers.at(again).ok());
}

TEST(CoreLocks, WithdrawnAcquireThatIsGrantedWhatIsBeingReleasedIsOver) {
  Held held;
  const CallId again = held.rig.acquire(ask(60'000));
  const Seen request = held.rig.take("acquire");
  held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.core.withdraw(held.rig.now, again);
  held.rig.run();
  held.rig.reply(granted(request, at(6), grant_of(5)));
  EXPECT_EQ(held.rig.error_of(again).code, ErrorCode::kCancelled);
}

TEST(CoreLocks, RefusalOfTheCellIsTheAnswer) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(0));
  rig.reply(failed(rig.take("acquire"), at(3), {.code = ErrorCode::kLockHeld, .message = "held"}));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kLockHeld);
}

TEST(CoreLocks, LossToldByTheCellIsForGood) {
  Held held;
  held.rig.deliver({lock_lost(9, 5)}, 9);
  EXPECT_EQ(held.rig.losses.at(held.guard).reason, LossReason::kTaken);
  EXPECT_EQ(held.rig.losses.at(held.guard).message, "broken by anna: stuck");
  EXPECT_EQ(held.rig.log, (std::vector<std::string>{"answer", "lost", "events"}));
  EXPECT_FALSE(held.rig.has("acquire")) << "it is never acquired again silently";
}

TEST(CoreLocks, LossIsToldAlsoOfALockThatWasAskedForByItsLongPath) {
  Rig rig;
  rig.open();
  AcquireAsk request = ask(0);
  request.path = "/ls/local" + request.path;
  const CallId call = rig.acquire(request);
  rig.reply(granted(rig.take("acquire"), at(5), grant_of(5)));
  rig.deliver({lock_lost(9, 5)}, 9);
  EXPECT_EQ(rig.lost, (std::vector{rig.guard_of(call)}));
}

TEST(CoreLocks, LossIsAcknowledgedOnlyWhenTheProgramWasTold) {
  Held held;
  held.rig.deliver({lock_lost(9, 5)}, 9);
  EXPECT_FALSE(held.rig.has("keep_alive"));
  held.rig.told();
  EXPECT_EQ(held.rig.take("keep_alive").acknowledged, (EventName{.zxid = Zxid(9)}));
}

TEST(CoreLocks, LossOfAnotherAcquisitionOrOwnerOrSessionIsNotOurs) {
  Held held;
  Event other_owner = lock_lost(9, 5);
  other_owner.owner = OwnerId(10);
  Event other_session = lock_lost(10, 5);
  other_session.session = SessionId(99);
  held.rig.deliver({lock_lost(8, 4), other_owner, other_session}, 10);
  EXPECT_TRUE(held.rig.lost.empty());
}

TEST(CoreLocks, LossThatOvertakesTheGrantIsNotForgotten) {
  Rig rig;
  rig.open();
  const CallId call = rig.acquire(ask(0));
  const Seen acquire = rig.take("acquire");
  rig.deliver({lock_lost(9, 5)}, 9);
  rig.reply(granted(acquire, at(5), grant_of(5)));
  ASSERT_TRUE(rig.answers.at(call).ok());
  EXPECT_EQ(rig.lost, (std::vector{rig.guard_of(call)}));
}

TEST(CoreLocks, GuardSurvivesJeopardy) {
  Held held;
  held.rig.break_connection();
  held.rig.pass(kLeaseMs + 1'000);
  EXPECT_TRUE(held.rig.lost.empty());
  held.rig.reconnect();
  EXPECT_TRUE(held.rig.lost.empty());
  EXPECT_FALSE(held.rig.has("release"));
}

TEST(CoreLocks, GuardThatAskedForItIsLostAtJeopardyAndGivenBack) {
  Held held(true);
  held.rig.break_connection();
  held.rig.pass(kLeaseMs + 1'000);
  EXPECT_EQ(held.rig.losses.at(held.guard).reason, LossReason::kJeopardy);
  held.rig.reconnect();
  EXPECT_TRUE(held.rig.has("release"));
  EXPECT_EQ(held.rig.lost.size(), 1U);
}

TEST(CoreLocks, GuardLostAtJeopardyLeavesAnotherGuardItsLock) {
  Held held(true);
  const CallId again = held.rig.acquire(ask(0));
  held.rig.reply(granted(held.rig.take("acquire"), at(6), grant_of(5)));
  held.rig.break_connection();
  held.rig.pass(kLeaseMs + 1'000);
  held.rig.reconnect();
  EXPECT_FALSE(held.rig.has("release"));
  EXPECT_EQ(held.rig.lost, (std::vector{held.guard}));
  EXPECT_NE(held.rig.guard_of(again), held.guard);
}

TEST(CoreLocks, GuardIsLostWhenTheSessionExpires) {
  Held held;
  held.rig.break_connection();
  held.rig.pass(kLeaseMs + kGraceMs);
  EXPECT_EQ(held.rig.losses.at(held.guard).reason, LossReason::kExpired);
}

TEST(CoreLocks, LeaseIsNotBelievedBeforeTheEventsOfItsReply) {
  Held held;
  held.rig.break_connection();
  held.rig.pass(kLeaseMs + 1'000);
  held.rig.connect();
  // The lock was broken meanwhile: the reply that extends the lease already knows of it.
  const EventName loss{.zxid = Zxid(9)};
  held.rig.reply(resumed(held.rig.take("resume_session"),
                         {.zxid = Zxid(9), .events_through = loss, .lease_ms = kLeaseMs}));
  EXPECT_EQ(held.rig.core.state(), SessionState::kJeopardy);
  held.rig.deliver({lock_lost(9, 5)}, 9);
  EXPECT_EQ(held.rig.lost, (std::vector{held.guard}));
  EXPECT_EQ(held.rig.core.state(), SessionState::kLive);
}

TEST(CoreLocks, ReleaseIsRepeatedWithItsNumber) {
  Held held;
  const CallId release = held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.run();
  const Seen first = held.rig.take("release");
  held.rig.break_connection();
  held.rig.reconnect();
  const Seen again = held.rig.take("release");
  EXPECT_EQ(again.number, first.number);
  held.rig.reply(done(again, at(9)));
  EXPECT_EQ(std::get<Released>(*held.rig.answers.at(release)).zxid, Zxid(9));
}

TEST(CoreLocks, ReleaseOfALostGuardIsNotHeld) {
  Held held;
  held.rig.deliver({lock_lost(9, 5)}, 9);
  const CallId release = held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.run();
  EXPECT_EQ(held.rig.error_of(release).code, ErrorCode::kNotHeld);
}

TEST(CoreLocks, ReleaseOfOneGuardReleasesItsTwins) {
  Held held;
  const CallId again = held.rig.acquire(ask(0));
  held.rig.reply(granted(held.rig.take("acquire"), at(6), grant_of(5)));
  held.rig.core.release(held.rig.now, held.guard, std::nullopt);
  held.rig.run();
  EXPECT_EQ(held.rig.released, (std::vector{held.rig.guard_of(again)}));
}

TEST(CoreLocks, LostEventsPutGuardsInDoubtUntilTheCellWasAsked) {
  Held held;
  held.rig.deliver({{.name = {.zxid = Zxid(9)}, .kind = EventKind::kEventsLost, .path = "/"}}, 9);
  EXPECT_EQ(held.rig.doubtful, (std::vector{held.guard}));
  held.rig.reply(sequencer_got(held.rig.take("get_sequencer"), at(10), grant_of(5)));
  EXPECT_EQ(held.rig.certain, (std::vector{held.guard}));
  EXPECT_TRUE(held.rig.lost.empty());
}

TEST(CoreLocks, GuardThatTheCellDoesNotKnowAnyMoreIsLost) {
  Held held;
  held.rig.deliver({{.name = {.zxid = Zxid(9)}, .kind = EventKind::kEventsLost, .path = "/"}}, 9);
  held.rig.reply(failed(held.rig.take("get_sequencer"), at(10),
                        {.code = ErrorCode::kNotHeld, .message = "not held"}));
  EXPECT_EQ(held.rig.lost, (std::vector{held.guard}));
}

TEST(CoreLocks, LockWhoseNodeItsOwnerRemovesIsInDoubtUntilTheCellWasAsked) {
  Held held;
  const Remove removal{.path = "/ls/local/l", .owner = kOwner};
  const CallId call = held.rig.core.call(held.rig.now, removal, std::nullopt);
  held.rig.run();
  EXPECT_EQ(held.rig.doubtful, (std::vector{held.guard}));
  EXPECT_FALSE(held.rig.has("get_sequencer")) << "it may not have been carried out yet";
  held.rig.reply(done(held.rig.take("remove"), at(9)));
  EXPECT_TRUE(held.rig.answers.at(call).ok());
  held.rig.reply(failed(held.rig.take("get_sequencer"), at(9),
                        {.code = ErrorCode::kNoNode, .message = "no node"}));
  EXPECT_EQ(held.rig.lost, (std::vector{held.guard}));
}

TEST(CoreLocks, LockWhoseNodeWasNotRemovedIsHeldOn) {
  Held held;
  held.rig.core.call(
      held.rig.now,
      Multi().check_absent("/x").remove({.path = "/l", .owner = kOwner}).remove({.path = "/l"}),
      std::nullopt);
  held.rig.run();
  EXPECT_EQ(held.rig.doubtful, (std::vector{held.guard}));
  held.rig.reply(failed(held.rig.take("multi"), at(9), {.code = ErrorCode::kNodeExists}));
  held.rig.reply(sequencer_got(held.rig.take("get_sequencer"), at(10), grant_of(5)));
  EXPECT_EQ(held.rig.certain, (std::vector{held.guard}));
  EXPECT_TRUE(held.rig.lost.empty());
}

TEST(CoreLocks, RemovalThatWasNeverSentLeavesTheLock) {
  Held held;
  held.rig.break_connection();
  held.rig.core.call(held.rig.now, Remove{.path = "/l", .owner = kOwner}, 10);
  held.rig.run();
  EXPECT_EQ(held.rig.doubtful, (std::vector{held.guard}));
  held.rig.pass(10);
  held.rig.reconnect();
  EXPECT_FALSE(held.rig.has("remove"));
  held.rig.reply(sequencer_got(held.rig.take("get_sequencer"), at(10), grant_of(5)));
  EXPECT_EQ(held.rig.certain, (std::vector{held.guard}));
}

TEST(CoreLocks, LaterAcquisitionIsNotOurs) {
  Held held;
  held.rig.deliver({{.name = {.zxid = Zxid(9)}, .kind = EventKind::kEventsLost, .path = "/"}}, 9);
  held.rig.reply(sequencer_got(held.rig.take("get_sequencer"), at(10), grant_of(8)));
  EXPECT_EQ(held.rig.lost, (std::vector{held.guard}));
}

}  // namespace
}  // namespace holdfast::client::test
