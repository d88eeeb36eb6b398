#include <gtest/gtest.h>

#include "tests/client/rig.h"

// Calls on their way: matching, numbers, repetition, time.

namespace holdfast::client::test {
namespace {

const std::string& contents_of(const Rig& rig, CallId call) {
  return std::get<Contents>(std::get<AnyReply>(*rig.answers.at(call))).contents;
}

Error refusal(ErrorCode code) {
  return {.code = code, .message = "refused", .retryable = true};
}

TEST(CoreCalls, RepliesAreMatchedByTheirSequenceIdInAnyOrder) {
  Rig rig;
  rig.open();
  const CallId first = rig.get("/1");
  const CallId second = rig.get("/2");
  const Seen ask_first = rig.take("get");
  const Seen ask_second = rig.take("get");
  rig.reply(got(ask_second, at(2), "two"));
  rig.reply(got(ask_first, at(2), "one"));
  EXPECT_EQ(contents_of(rig, first), "one");
  EXPECT_EQ(contents_of(rig, second), "two");
}

TEST(CoreCalls, ReplyThatNobodyAskedForEndsTheConnection) {
  Rig rig;
  rig.open();
  Seen invented{.method = "get", .sequence_id = 4'711};
  rig.reply(got(invented, at(2), "?"));
  EXPECT_FALSE(rig.connection);
}

TEST(CoreCalls, MalformedReplyEndsTheConnectionAndTheCallIsRepeated) {
  Rig rig;
  rig.open();
  const CallId call = rig.get("/a");
  rig.take("get");
  rig.reply("\x82nonsense");
  EXPECT_FALSE(rig.connection);
  rig.reconnect();
  rig.reply(got(rig.take("get"), at(2), "x"));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreCalls, OpenCallsAreRepeatedInOrderWithTheSameNumbers) {
  Rig rig;
  rig.open();
  const CallId first = rig.set("/1");
  rig.get("/2");
  const CallId third = rig.set("/3");
  const std::uint64_t first_number = rig.take("set_contents").number;
  const std::uint64_t third_number = rig.take("set_contents").number;
  EXPECT_EQ(first_number, 1U);
  EXPECT_EQ(third_number, 2U);
  rig.break_connection();
  rig.reconnect();
  std::vector<std::string> paths;
  for (const Seen& seen : rig.requests) {
    if (!seen.path.empty()) paths.push_back(seen.path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"/1", "/2", "/3"}));
  const Seen again_first = rig.take("set_contents");
  EXPECT_EQ(again_first.number, first_number);
  EXPECT_EQ(rig.take("set_contents").number, third_number);
  rig.reply(done(again_first, at(9)));
  EXPECT_TRUE(rig.answers.at(first).ok());
  EXPECT_FALSE(rig.is_answered(third));
}

// An acquire that had to wait for a release of its owner was sent after what was asked for later.
TEST(CoreCalls, OpenCallsAreRepeatedInTheOrderOfTheirSending) {
  Rig rig;
  rig.open();
  const CallId first = rig.acquire({.path = "/l", .owner = OwnerId(1)});
  rig.reply(granted(rig.take("acquire"), at(2), grant_of(2)));
  rig.core.release(rig.now, rig.guard_of(first), std::nullopt);
  rig.run();
  rig.acquire({.path = "/l", .owner = OwnerId(1)});
  rig.set("/later");
  const Seen release = rig.take("release");
  const Seen set = rig.take("set_contents");
  rig.reply(done(release, at(3)));
  const Seen acquire = rig.take("acquire");
  EXPECT_LT(set.number, acquire.number);
  rig.break_connection();
  rig.reconnect();
  std::vector<std::uint64_t> numbers;
  for (const Seen& seen : rig.requests) {
    if (seen.number > 0) numbers.push_back(seen.number);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{set.number, acquire.number}));
}

TEST(CoreCalls, ReadsHaveNoNumber) {
  Rig rig;
  rig.open();
  rig.get("/a");
  EXPECT_EQ(rig.take("get").number, 0U);
}

TEST(CoreCalls, AnsweredBelowIsTheOldestOpenNumber) {
  Rig rig;
  rig.open();
  rig.set("/1");
  rig.set("/2");
  const Seen first = rig.take("set_contents");
  const Seen second = rig.take("set_contents");
  EXPECT_EQ(first.answered_below, 1U);
  rig.reply(done(second, at(9)));
  rig.set("/3");
  EXPECT_EQ(rig.take("set_contents").answered_below, 1U);
  rig.reply(done(first, at(9)));
  rig.set("/4");
  EXPECT_EQ(rig.take("set_contents").answered_below, 3U);
}

TEST(CoreCalls, NumbersDoNotRunAheadOfTheOldestOpenOne) {
  Rig rig;
  rig.open();
  for (std::uint64_t i = 0; i < CallTable::kWindow + 10; ++i) rig.set("/a");
  std::vector<Seen> sent;
  while (rig.has("set_contents")) sent.push_back(rig.take("set_contents"));
  EXPECT_EQ(sent.size(), CallTable::kWindow);
  rig.reply(done(sent.back(), at(9)));
  EXPECT_FALSE(rig.has("set_contents"));
  rig.reply(done(sent.front(), at(9)));
  EXPECT_TRUE(rig.has("set_contents"));
}

TEST(CoreCalls, NoQuorumIsTriedElsewhereAtTheLeaderItNames) {
  Rig rig;
  rig.open();
  const CallId call = rig.set("/a");
  Error error = refusal(ErrorCode::kNoQuorum);
  error.leader = "10.0.0.9:1";
  const Seen first = rig.take("set_contents");
  rig.reply(failed(first, {}, error));
  EXPECT_FALSE(rig.is_answered(call));
  rig.reconnect();
  EXPECT_EQ(rig.dialed.back(), "10.0.0.9:1");
  const Seen again = rig.take("set_contents");
  EXPECT_EQ(again.number, first.number);
  rig.reply(done(again, at(3)));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreCalls, TimeoutOfTheReplicaIsAskedAgainWithTheSameNumber) {
  Rig rig;
  rig.open();
  const CallId call = rig.set("/a");
  Error error = refusal(ErrorCode::kTimeout);
  error.outcome_pending = true;
  const Seen first = rig.take("set_contents");
  rig.reply(failed(first, at(2), error));
  EXPECT_FALSE(rig.is_answered(call));
  rig.pass(60);
  const Seen again = rig.take("set_contents");
  EXPECT_EQ(again.number, first.number);
  rig.reply(done(again, at(3)));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

// Of two copies one may have been carried out although the other was turned away.
TEST(CoreCalls, ACopyThatIsTurnedAwayDoesNotAnswerTheCall) {
  Rig rig;
  rig.open();
  const CallId call = rig.set("/a");
  const Seen first = rig.take("set_contents");
  rig.break_connection();
  rig.reconnect();
  rig.reply(failed(rig.take("set_contents"), at(2), refusal(ErrorCode::kNoSpace)));
  EXPECT_FALSE(rig.is_answered(call));
  rig.pass(60);
  const Seen again = rig.take("set_contents");
  EXPECT_EQ(again.number, first.number);
  rig.reply(done(again, at(3)));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreCalls, ACallThatIsTurnedAwayAtItsFirstSendingIsAnsweredSo) {
  Rig rig;
  rig.open();
  const CallId call = rig.set("/a");
  rig.reply(failed(rig.take("set_contents"), at(2), refusal(ErrorCode::kNoSpace)));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kNoSpace);
}

TEST(CoreCalls, RefusalOfTheCellIsTheAnswer) {
  Rig rig;
  rig.open();
  const CallId call = rig.set("/a");
  rig.reply(failed(rig.take("set_contents"), at(2), {.code = ErrorCode::kNoNode, .message = "no"}));
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kNoNode);
}

TEST(CoreCalls, DeadlineOfASentWriteSaysThatItsOutcomeIsPendingAndGoesOn) {
  Rig rig;
  rig.open();
  const CallId call = rig.core.call(rig.now, Set{.path = "/a"}, 300);
  rig.run();
  const Seen first = rig.take("set_contents");
  rig.pass(300);
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kTimeout);
  EXPECT_TRUE(rig.error_of(call).outcome_pending);
  EXPECT_EQ(rig.core.open_calls(), 1U);
  rig.break_connection();
  rig.reconnect();
  const Seen again = rig.take("set_contents");
  EXPECT_EQ(again.number, first.number);
  rig.reply(done(again, at(3)));
  EXPECT_EQ(rig.core.open_calls(), 0U);
}

TEST(CoreCalls, DeadlineOfAReadSaysTimeoutAndTheLateReplyIsIgnored) {
  Rig rig;
  rig.open();
  const CallId call = rig.core.call(rig.now, Get{.path = "/a"}, 200);
  rig.run();
  const Seen ask = rig.take("get");
  rig.pass(200);
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kTimeout);
  EXPECT_FALSE(rig.error_of(call).outcome_pending);
  rig.reply(got(ask, at(2), "late"));
  EXPECT_TRUE(rig.connection);
}

TEST(CoreCalls, DeadlineOfWhatWasNeverSentSaysThatNobodyWasReached) {
  Rig rig;
  rig.open();
  rig.break_connection();
  const CallId call = rig.core.call(rig.now, Set{.path = "/a"}, 500);
  rig.run();
  rig.pass(500);
  EXPECT_EQ(rig.error_of(call).code, ErrorCode::kNoQuorum);
  EXPECT_FALSE(rig.error_of(call).outcome_pending);
  EXPECT_EQ(rig.core.open_calls(), 0U);
}

TEST(CoreCalls, CallsWaitThroughJeopardy) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.pass(kLeaseMs + 1'000);
  const CallId call = rig.get("/a");
  EXPECT_FALSE(rig.is_answered(call));
  rig.reconnect();
  rig.reply(got(rig.take("get"), at(2), "x"));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreCalls, SilentConnectionIsPingedAndLeftAfterASecond) {
  Rig rig;
  rig.open();
  rig.get("/a");
  rig.pass(249);
  EXPECT_FALSE(rig.has("cell_status"));
  rig.pass(1);
  EXPECT_TRUE(rig.has("cell_status"));
  rig.pass(749);
  EXPECT_TRUE(rig.connection);
  EXPECT_EQ(std::count_if(rig.requests.begin(), rig.requests.end(),
                          [](const Seen& seen) { return seen.method == "cell_status"; }),
            3);
  rig.pass(1);
  EXPECT_FALSE(rig.connection);
}

TEST(CoreCalls, AnsweredPingsKeepTheConnection) {
  Rig rig;
  rig.open();
  rig.get("/a");
  for (int i = 0; i < 20; ++i) {
    rig.pass(250);
    rig.reply(done(rig.take("cell_status"), {}));
  }
  EXPECT_TRUE(rig.connection);
}

TEST(CoreCalls, ParkedKeepAliveMayBeSilentUntilItsTimeIsOver) {
  Rig rig;
  rig.open();
  rig.pass(kLeaseMs / 4);
  EXPECT_FALSE(rig.has("cell_status"));
  rig.pass(500);
  EXPECT_TRUE(rig.has("cell_status"));
  rig.pass(750);
  EXPECT_FALSE(rig.connection);
}

// Answers every ping for so long, and nothing else.
void answer_pings(Rig& rig, Ticks ms) {
  for (Ticks passed = 0; passed < ms && rig.connection; passed += Link::kPingMs) {
    rig.pass(Link::kPingMs);
    while (rig.has("cell_status")) rig.reply(done(rig.take("cell_status"), {}));
  }
}

TEST(CoreCalls, ReplicaThatAnswersPingsButDoesNotBindIsLeft) {
  Rig rig;
  rig.open();
  rig.break_connection();
  rig.connect();
  answer_pings(rig, 2'750);
  EXPECT_TRUE(rig.connection);
  answer_pings(rig, 1'000);
  EXPECT_FALSE(rig.connection);
}

TEST(CoreCalls, ReplicaThatAnswersPingsButNoKeepAliveIsLeft) {
  Rig rig;
  rig.open();
  answer_pings(rig, kLeaseMs / 4 + 2'750);
  EXPECT_TRUE(rig.connection);
  answer_pings(rig, 1'000);
  EXPECT_FALSE(rig.connection);
  EXPECT_EQ(rig.core.state(), SessionState::kLive) << "in time to save the session";
}

TEST(CoreCalls, ProcessThatWasStoppedListensBeforeItLeaves) {
  Rig rig;
  rig.open();
  const CallId call = rig.get("/a");
  const Seen ask = rig.take("get");
  rig.jump(5'000);
  rig.core.tick(rig.now);
  rig.run();
  ASSERT_TRUE(rig.connection);
  rig.reply(got(ask, at(2), "x"));
  EXPECT_TRUE(rig.answers.at(call).ok());
}

TEST(CoreCalls, MoreOpenCallsThanAllowedAreRefused) {
  CoreOptions options = Rig::options();
  options.open_calls_max = 2;
  Rig rig(options);
  rig.open();
  rig.get("/1");
  rig.get("/2");
  const CallId third = rig.get("/3");
  EXPECT_EQ(rig.error_of(third).code, ErrorCode::kLimit);
  EXPECT_EQ(rig.error_of(third).limit_name, "open_calls_max");
}

// ---- without a session
// ----------------------------------------------------------------------------

Rig without_session() {
  CoreOptions options = Rig::options();
  options.with_session = false;
  return Rig(options);
}

TEST(CoreWithoutSession, ConnectsWhenThereIsSomethingToAsk) {
  Rig rig = without_session();
  rig.pass(60'000);
  EXPECT_TRUE(rig.dialed.empty());
  const CallId call = rig.get("/a");
  rig.connect();
  const Seen ask = rig.take("get");
  EXPECT_EQ(ask.session, SessionId());
  rig.reply(got(ask, {.zxid = Zxid(2)}, "x"));
  EXPECT_EQ(contents_of(rig, call), "x");
}

TEST(CoreWithoutSession, ReadIsRepeatedAndAnUnnamedBreakIsNot) {
  Rig rig = without_session();
  const CallId read = rig.get("/a");
  const CallId unnamed =
      rig.core.call(rig.now, BreakLock{.path = "/l", .reason = "r", .operator_name = "o"}, {});
  const CallId named = rig.core.call(
      rig.now, BreakLock{.path = "/l", .acquisition = Zxid(5), .reason = "r", .operator_name = "o"},
      {});
  rig.connect();
  rig.break_connection();
  EXPECT_EQ(rig.error_of(unnamed).code, ErrorCode::kTimeout);
  EXPECT_TRUE(rig.error_of(unnamed).outcome_pending);
  rig.connect();
  EXPECT_TRUE(rig.has("get"));
  EXPECT_TRUE(rig.has("break_lock"));
  EXPECT_FALSE(rig.is_answered(read));
  EXPECT_FALSE(rig.is_answered(named));
}

}  // namespace
}  // namespace holdfast::client::test
