#include <gtest/gtest.h>

#include "client/error.h"
#include "client/event_stream.h"
#include "client/lease_clock.h"
#include "client/wire.h"
#include "tests/client/wire_script.h"

// The small parts of the core by themselves.

namespace holdfast::client::test {
namespace {

// ---- LeaseClock
// -----------------------------------------------------------------------------------

TEST(LeaseClock, EndsEarlierThanTheLeaseOfTheCell) {
  LeaseClock lease(1'000);
  lease.extend(0, {.sent_at = 0, .lease_ms = 6'400});
  EXPECT_EQ(lease.deadline(), 6'400 - 100 - 1);
}

TEST(LeaseClock, IsNeverShortened) {
  LeaseClock lease(1'000);
  lease.extend(100, {.sent_at = 100, .lease_ms = 6'400});
  const Ticks deadline = lease.deadline();
  lease.extend(200, {.sent_at = 50, .lease_ms = 6'400});
  EXPECT_EQ(lease.deadline(), deadline);
}

TEST(LeaseClock, LateAnswerConfirmsNothing) {
  LeaseClock lease(1'000);
  lease.extend(0, {.sent_at = 0, .lease_ms = 1'000});
  EXPECT_EQ(lease.advance(1'500), LeaseClock::Change::kJeopardy);
  EXPECT_FALSE(lease.extend(1'500, {.sent_at = 400, .lease_ms = 1'000}));
  EXPECT_EQ(lease.state(), SessionState::kJeopardy);
  EXPECT_EQ(lease.extend(1'600, {.sent_at = 1'550, .lease_ms = 1'000}), LeaseClock::Change::kSafe);
}

TEST(LeaseClock, ExpiredIsForGood) {
  LeaseClock lease(1'000);
  lease.extend(0, {.sent_at = 0, .lease_ms = 1'000});
  EXPECT_EQ(lease.advance(5'000), LeaseClock::Change::kJeopardy);
  EXPECT_EQ(lease.advance(5'000), LeaseClock::Change::kExpired);
  EXPECT_FALSE(lease.advance(5'000));
  const Ticks deadline = lease.deadline();
  EXPECT_FALSE(lease.extend(5'000, {.sent_at = 5'000, .lease_ms = 1'000}));
  EXPECT_EQ(lease.state(), SessionState::kExpired);
  EXPECT_EQ(lease.deadline(), deadline) << "the program would be told of a lease that is none";
  EXPECT_FALSE(lease.wake_at());
}

// ---- EventStream
// ---------------------------------------------------------------------------------

// What is acknowledged as of long after `count` events came that the program has not taken.
EventName acknowledged_untold(std::size_t count) {
  EventStream stream;
  wire::KeptAlive reply;
  for (std::uint64_t zxid = 1; zxid <= count; ++zxid) {
    reply.events.push_back({.name = {.zxid = Zxid(zxid)}, .kind = EventKind::kContentsChanged});
  }
  reply.delivered_through = {.zxid = Zxid(count)};
  stream.take_new(0, {}, reply, 1'000);
  return stream.acknowledgement(1'000'000);
}

TEST(EventStream, IsNotAcknowledgedBeyondItsLimitForAProgramThatTakesNothing) {
  const std::size_t limit = EventStream::kUntoldMax;
  EXPECT_EQ(acknowledged_untold(limit - 1), (EventName{.zxid = Zxid(limit - 1)}));
  EXPECT_EQ(acknowledged_untold(limit), EventName());
}

// ---- the wire
// -------------------------------------------------------------------------------------

TEST(Wire, RequestSaysWhatItWasGiven) {
  const wire::Head head{.session = SessionId(0xffff'ffff'ffff'fff0),
                        .request_number = 5,
                        .answered_below = 3,
                        .last_seen = Zxid(9)};
  const Seen seen = parse_request(
      wire::encode_request(Set{.path = "/a", .contents = "c", .guard = "1:x:…"}, head, 17));
  EXPECT_EQ(seen.method, "set_contents");
  EXPECT_EQ(seen.sequence_id, 17);
  EXPECT_EQ(seen.session, SessionId(0xffff'ffff'ffff'fff0));
  EXPECT_EQ(seen.number, 5U);
  EXPECT_EQ(seen.answered_below, 3U);
  EXPECT_EQ(seen.last_seen, Zxid(9));
  EXPECT_EQ(seen.guard, "1:x:…");
  EXPECT_EQ(seen.contents, "c");
}

TEST(Wire, AnswerOfEachMethodIsRead) {
  const Seen get{.method = "get", .sequence_id = 3};
  const std::string message = got(get, {.zxid = Zxid(8), .lease_ms = 12}, "text");
  EXPECT_EQ(*wire::decode_sequence_id(message), 3);
  const auto answer = wire::decode_answer(wire::Request(Get{}).index(), message);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->facts.zxid, Zxid(8));
  EXPECT_EQ(answer->facts.lease_ms, 12);
  EXPECT_EQ(std::get<Contents>(std::get<wire::Reply>(answer->body)).contents, "text");
}

TEST(Wire, DamagedAnswerIsRefused) {
  const Seen get{.method = "get", .sequence_id = 3};
  std::string message = got(get, {}, "text");
  message.resize(message.size() - 2);
  EXPECT_FALSE(wire::decode_answer(wire::Request(Get{}).index(), message).ok());
  EXPECT_FALSE(wire::decode_sequence_id("").ok());
}

TEST(Errors, HaveTheNamesOfTheContract) {
  EXPECT_EQ(error_name(ErrorCode::kLockHeld), "LOCK_HELD");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(70)), "UNKNOWN");
  EXPECT_EQ(to_string(Error{.code = ErrorCode::kNoNode, .message = "m"}), "NO_NODE: m");
}

}  // namespace
}  // namespace holdfast::client::test
