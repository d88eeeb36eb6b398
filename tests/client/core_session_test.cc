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

// ---- names --------------------------------------------------------------------------------------

Rig rig_of_service() {
  CoreOptions options = Rig::options();
  options.endpoints = {"srv:a.example"};
  Rig rig(std::move(options));
  rig.resolves = false;
  return rig;
}

std::vector<Place> place_at(const std::string& address) {
  return {{.name = address, .addresses = {address}}};
}

TEST(CoreSession, ConnectsToWhatTheEndpointWasFoundToStandFor) {
  Rig rig = rig_of_service();
  rig.core.start(rig.now);
  rig.run();
  EXPECT_EQ(rig.resolving, std::vector<std::string>{"srv:a.example"});
  EXPECT_FALSE(rig.connecting);
  rig.pass(3'000);
  EXPECT_EQ(rig.resolving.size(), 1U) << "it is asked once";
  rig.core.on_resolved(rig.now, "srv:a.example", place_at("10.0.0.1:1"));
  rig.connect();
  EXPECT_EQ(rig.dialed, std::vector<std::string>{"10.0.0.1:1"});
}

TEST(CoreSession, EndpointIsLookedUpAnewWhenTheConnectionIsLost) {
  Rig rig = rig_of_service();
  rig.core.start(rig.now);
  rig.run();
  rig.core.on_resolved(rig.now, "srv:a.example", place_at("10.0.0.1:1"));
  rig.connect();
  rig.reply(opened(rig.take("open_session"), at(1), kSession));
  rig.reply(kept_alive(rig.take("keep_alive"), at(1), {}, {}));
  rig.break_connection();
  EXPECT_EQ(rig.resolving.size(), 2U);
  rig.core.on_resolved(rig.now, "srv:a.example", place_at("10.0.0.2:1"));
  rig.reconnect();
  EXPECT_EQ(rig.dialed.back(), "10.0.0.2:1");
  rig.reply(kept_alive(rig.take("keep_alive"), at(1), {}, {}));
  rig.break_connection();
  EXPECT_EQ(rig.resolving.size(), 3U);
  rig.pass(EndpointWalk::kPatienceMs);
  EXPECT_EQ(rig.dialed.size(), 3U) << "without an answer it stays with what it knows";
  EXPECT_EQ(rig.dialed.back(), "10.0.0.2:1");
}

TEST(CoreSession, SaysWhyAnEndpointCouldNotBeLookedUp) {
  Rig rig = rig_of_service();
  rig.core.start(rig.now);
  rig.run();
  std::size_t answered = 0;
  while (!rig.open_failure) {
    for (; answered < rig.resolving.size(); ++answered) {
      rig.core.on_resolved(rig.now, "srv:a.example",
                           Status(StatusCode::kUnavailable, "there is no such name"));
      rig.run();
    }
    rig.pass(50);
  }
  EXPECT_GT(answered, 5U) << "it is asked again";
  EXPECT_LT(answered, 50U) << "but not all the time";
  EXPECT_NE(rig.open_failure->message.find("srv:a.example: there is no such name"),
            std::string::npos);
  EXPECT_FALSE(rig.core.wake_at());
}

}  // namespace
}  // namespace holdfast::client::test
