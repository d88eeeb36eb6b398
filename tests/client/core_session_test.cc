#include <gtest/gtest.h>

#include "tests/client/rig.h"

// Opening, lease, jeopardy, expiry and closing of a session (LOCKS: the client's deadline is
// earlier than the server's).

namespace holdfast::client::test {
namespace {

constexpr Ticks kMarginMs = kLeaseMs / LeaseClock::kMarginDivisor + 1;

TEST(CoreSession, LeaseIsCountedFromSendingAndNotFromReceipt) {
  Rig rig;
  rig.core.start(rig.now);
  rig.connect();
  const Ticks sent_at = rig.now;
  const Seen open = rig.take("open_session");
  rig.pass(200);
  rig.reply(opened(open, at(1), kSession));
  EXPECT_EQ(rig.lease_deadline, sent_at + kLeaseMs - kMarginMs);

  const Ticks asked_at = rig.now;
  const Seen keep_alive = rig.take("keep_alive");
  rig.pass(2'000);
  rig.reply(kept_alive(keep_alive, at(1), {}, {}));
  EXPECT_EQ(rig.lease_deadline, asked_at + kLeaseMs - kMarginMs);
}

TEST(CoreSession, OpeningIsRepeatedElsewhereWithTheSameSecret) {
  Rig rig;
  rig.core.start(rig.now);
  rig.connect();
  const Seen first = rig.take("open_session");
  rig.break_connection();
  rig.connect();
  const Seen second = rig.take("open_session");
  EXPECT_EQ(first.secret, second.secret);
  EXPECT_NE(rig.dialed[0], rig.dialed[1]);
  rig.reply(opened(second, at(1), kSession));
  EXPECT_TRUE(rig.is_opened);
  EXPECT_EQ(rig.core.facts().id, kSession);
}

TEST(CoreSession, OpeningNamesThePreviousSession) {
  CoreOptions options = Rig::options();
  options.previous = PreviousSession{.instance_name = "worker-1", .secret = "0123456789abcdef"};
  Rig rig(options);
  rig.core.start(rig.now);
  rig.connect();
  EXPECT_EQ(rig.take("open_session").previous_instance, "worker-1");
}

TEST(CoreSession, OpeningFailsWithNoQuorumWhenNobodyAnswersInTime) {
  Rig rig;
  rig.core.start(rig.now);
  rig.run();
  for (int i = 0; i < 200 && !rig.open_failure; ++i) {
    if (rig.connecting) rig.core.on_closed(rig.now, *rig.connecting, "connection refused");
    rig.run();
    rig.pass(100);
  }
  ASSERT_TRUE(rig.open_failure);
  EXPECT_EQ(rig.open_failure->code, ErrorCode::kNoQuorum);
  EXPECT_NE(rig.open_failure->message.find("connection refused"), std::string::npos);
}

TEST(CoreSession, OpeningFailsAtOnceWhenItIsRefusedForGood) {
  Rig rig;
  rig.core.start(rig.now);
  rig.connect();
  rig.reply(failed(rig.take("open_session"), {}, {.code = ErrorCode::kWrongCell, .message = "no"}));
  ASSERT_TRUE(rig.open_failure);
  EXPECT_EQ(rig.open_failure->code, ErrorCode::kWrongCell);
}

TEST(CoreSession, AnswerThatCameAfterItsLeaseOpensNothing) {
  Rig rig;
  rig.core.start(rig.now);
  rig.connect();
  const Seen open = rig.take("open_session");
  rig.jump(kLeaseMs);
  rig.reply(opened(open, at(1), kSession));
  EXPECT_FALSE(rig.is_opened);
  rig.connect();
  rig.reply(opened(rig.take("open_session"), at(1), kSession));
  EXPECT_TRUE(rig.is_opened);
}

TEST(CoreSession, KeepAlivesFollowEachOtherAndKeepTheSessionLive) {
  Rig rig;
  rig.open();
  for (int i = 0; i < 50; ++i) {
    const Seen ask = rig.take("keep_alive");
    EXPECT_EQ(ask.max_wait_ms, kLeaseMs / 4);
    rig.pass(kLeaseMs / 4);
    rig.reply(kept_alive(ask, at(1), {}, {}));
  }
  EXPECT_EQ(rig.core.state(), SessionState::kLive);
  EXPECT_TRUE(rig.states.empty());
}

TEST(CoreSession, SilencePutsItInJeopardyAndThenEndsIt) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.pass(kLeaseMs - kMarginMs - 1);
  EXPECT_EQ(rig.core.state(), SessionState::kLive);
  rig.pass(1);
  EXPECT_EQ(rig.core.state(), SessionState::kJeopardy);
  rig.pass(kGraceMs - 1);
  EXPECT_EQ(rig.core.state(), SessionState::kJeopardy);
  rig.pass(1);
  EXPECT_EQ(rig.core.state(), SessionState::kExpired);
  EXPECT_EQ(rig.states, (std::vector{SessionState::kJeopardy, SessionState::kExpired}));
  EXPECT_FALSE(rig.core.wake_at());
}

TEST(CoreSession, ContactWithinTheGracePeriodMakesItSafe) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.pass(kLeaseMs + 20'000);
  EXPECT_EQ(rig.core.state(), SessionState::kJeopardy);
  rig.reconnect();
  EXPECT_EQ(rig.core.state(), SessionState::kLive);
  EXPECT_EQ(rig.states, (std::vector{SessionState::kJeopardy, SessionState::kLive}));
  EXPECT_GT(rig.lease_deadline, rig.now);
}

TEST(CoreSession, ReplyOfBeforeTheJeopardyDoesNotEndIt) {
  Rig rig;
  rig.open();
  const Seen ask = rig.take("keep_alive");
  // The process was stopped; the reply lay unread meanwhile.
  rig.jump(kLeaseMs + 5'000);
  rig.reply(kept_alive(ask, at(1), {}, {}));
  EXPECT_EQ(rig.core.state(), SessionState::kJeopardy);
}

TEST(CoreSession, StoppedForLongItIsExpiredAlthoughAReplyLiesThere) {
  Rig rig;
  rig.open();
  const Seen ask = rig.take("keep_alive");
  rig.jump(kLeaseMs + kGraceMs);
  rig.reply(kept_alive(ask, at(1), {}, {}));
  EXPECT_EQ(rig.core.state(), SessionState::kExpired);
}

TEST(CoreSession, CellsWordEndsItAndAllCalls) {
  Rig rig;
  rig.open();
  const CallId read = rig.get("/a");
  const CallId write = rig.set("/b");
  rig.reply(
      failed(rig.take("keep_alive"), {}, {.code = ErrorCode::kSessionExpired, .message = ""}));
  EXPECT_EQ(rig.core.state(), SessionState::kExpired);
  EXPECT_EQ(rig.error_of(read).code, ErrorCode::kSessionExpired);
  EXPECT_FALSE(rig.error_of(read).outcome_pending);
  EXPECT_TRUE(rig.error_of(write).outcome_pending);
  const CallId late = rig.get("/c");
  EXPECT_EQ(rig.error_of(late).code, ErrorCode::kSessionExpired);
}

TEST(CoreSession, WrongSecretAtResumingEndsIt) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.connect();
  rig.reply(
      failed(rig.take("resume_session"), {}, {.code = ErrorCode::kWrongSecret, .message = ""}));
  EXPECT_EQ(rig.core.state(), SessionState::kExpired);
}

TEST(CoreSession, ReplicaOfAnotherCellEndsNothing) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.connect();
  rig.reply(failed(rig.take("resume_session"), {}, {.code = ErrorCode::kWrongCell, .message = ""}));
  EXPECT_EQ(rig.core.state(), SessionState::kLive);
  rig.reconnect();
  EXPECT_TRUE(rig.has("keep_alive"));
}

TEST(CoreSession, RequestsNameTheCellAndTheLastPositionSeen) {
  Rig rig;
  rig.open();
  rig.get("/a");
  rig.reply(got(rig.take("get"), at(77), "x"));
  rig.get("/b");
  const Seen next = rig.take("get");
  EXPECT_EQ(next.last_seen, Zxid(77));
  EXPECT_EQ(next.cell_id, "0123456789abcdef");
  EXPECT_EQ(next.session, kSession);
}

TEST(CoreSession, CloseTellsTheCellAndEndsEverythingHere) {
  Rig rig;
  rig.open();
  const CallId lock = rig.acquire({.path = "/l", .owner = OwnerId(1)});
  rig.reply(granted(rig.take("acquire"), at(5), grant_of(5)));
  const GuardId guard = rig.guard_of(lock);
  const CallId open_call = rig.get("/a");
  const CallId close = rig.core.close(rig.now, 5'000);
  rig.run();
  EXPECT_EQ(rig.core.state(), SessionState::kClosed);
  EXPECT_EQ(rig.losses.at(guard).reason, LossReason::kClosed);
  EXPECT_EQ(rig.error_of(open_call).code, ErrorCode::kSessionExpired);
  EXPECT_FALSE(rig.is_answered(close));
  rig.reply(done(rig.take("close_session"), {.zxid = Zxid(6)}));
  EXPECT_TRUE(rig.answers.at(close).ok());
  EXPECT_FALSE(rig.connection) << "the connection is closed too";
  EXPECT_FALSE(rig.core.wake_at());
}

TEST(CoreSession, CloseGoesOnAtAnotherReplica) {
  Rig rig;
  rig.open();
  const CallId close = rig.core.close(rig.now, 5'000);
  rig.run();
  rig.break_connection();
  rig.connect();
  rig.reply(resumed(rig.take("resume_session"), at(1)));
  rig.reply(failed(rig.take("close_session"), {},
                   {.code = ErrorCode::kSessionExpired, .message = "it was closed before"}));
  EXPECT_TRUE(rig.answers.at(close).ok());
}

TEST(CoreSession, CloseIsBoundedInTime) {
  Rig rig;
  rig.open();
  rig.break_connection();
  const CallId close = rig.core.close(rig.now, 2'000);
  rig.run();
  rig.pass(2'000);
  EXPECT_EQ(rig.error_of(close).code, ErrorCode::kTimeout);
  const CallId again = rig.core.close(rig.now, 2'000);
  rig.run();
  EXPECT_TRUE(rig.answers.at(again).ok());
}

}  // namespace
}  // namespace holdfast::client::test
