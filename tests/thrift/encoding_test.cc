#include "thrift/encoding.h"

#include <string>

#include <gtest/gtest.h>

#include "thrift/gen/lockservice_types.h"

namespace holdfast {
namespace {

TEST(Encoding, AStructComesBackAsItWas) {
  api::GetReply reply;
  reply.header.zxid = -1;
  reply.contents = std::string("\x00\x80\xff", 3);
  reply.stat.kind = api::NodeKind::EPHEMERAL;
  const Result<api::GetReply> again = decode_compact<api::GetReply>(encode_compact(reply));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(*again, reply);
}

TEST(Encoding, NoBytesAreNoStruct) {
  EXPECT_EQ(decode_compact<api::EventName>("").status().code(), StatusCode::kInvalid);
}

TEST(Encoding, BytesAfterTheEndAreRefused) {
  const std::string bytes = encode_compact(api::EventName()) + "x";
  EXPECT_EQ(decode_compact<api::EventName>(bytes).status().message(),
            "Malformed bytes: 1 more after the end.");
}

TEST(Encoding, FieldsOfALaterReleaseAreSkipped) {
  // A Stat has field 1 of an EventName's type, and more.
  api::Stat later;
  later.instance = 7;
  const std::string bytes = encode_compact(later);
  const Result<api::EventName> read = decode_compact<api::EventName>(bytes);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->zxid, 7);
}

TEST(Encoding, MoreBytesThanTheLimitAreRefusedUnseen) {
  const DecodeLimits small{.message_bytes = 10, .elements = 10};
  EXPECT_EQ(decode_compact<api::EventName>(std::string(11, 'x'), small).status().code(),
            StatusCode::kTooLarge);
}

TEST(Encoding, AMessageAsLargeAsTheLimitIsTaken) {
  api::GetReply reply;
  reply.contents = std::string(500'000, 'x');
  const std::string bytes = encode_compact(reply);
  const DecodeLimits exact{.message_bytes = bytes.size(), .elements = 1};
  EXPECT_TRUE(decode_compact<api::GetReply>(bytes, exact).ok());
}

TEST(Encoding, MoreElementsThanTheLimitAreRefused) {
  api::CheckSequencersRequest request;
  request.sequencers.resize(11);
  const std::string bytes = encode_compact(request);
  const DecodeLimits small{.message_bytes = 1000, .elements = 10};
  EXPECT_EQ(decode_compact<api::CheckSequencersRequest>(bytes, small).status().code(),
            StatusCode::kInvalid);
  const DecodeLimits enough{.message_bytes = 1000, .elements = 11};
  EXPECT_TRUE(decode_compact<api::CheckSequencersRequest>(bytes, enough).ok());
}

TEST(Encoding, AListThatLiesAboutItsLengthIsNotAllocated) {
  // Field 2, a list of structs, with 2^31 - 1 of them announced.
  const std::string bytes("\x29\xfc\xff\xff\xff\xff\x07", 7);
  EXPECT_EQ(decode_compact<api::MultiRequest>(bytes).status().code(), StatusCode::kInvalid);
}

TEST(Encoding, AStringThatLiesAboutItsLengthIsNotAllocated) {
  // Field 2, a string, with 2^31 - 1 bytes announced.
  const std::string bytes("\x28\xff\xff\xff\xff\x07", 6);
  EXPECT_EQ(decode_compact<api::GetRequest>(bytes).status().code(), StatusCode::kInvalid);
}

TEST(Encoding, DeepNestingIsRefused) {
  // An unknown field 15 that is a struct with a field 15 that is a struct, and so on.
  const std::string bytes(100'000, '\xfc');
  EXPECT_EQ(decode_compact<api::GetRequest>(bytes).status().code(), StatusCode::kInvalid);
}

TEST(Encoding, AnEnumerationMayHaveANumberWithoutAName) {
  api::Stat stat;
  stat.kind = static_cast<api::NodeKind::type>(1'000'000);
  const Result<api::Stat> again = decode_compact<api::Stat>(encode_compact(stat));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(static_cast<int>(again->kind), 1'000'000);
}

}  // namespace
}  // namespace holdfast
