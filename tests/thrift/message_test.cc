#include "thrift/message.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "thrift/gen/LockService.h"

namespace holdfast {
namespace {

std::string get_call(WireProtocol protocol) {
  api::LockService_get_args args;
  args.request.path = "/a";
  const MessageHead head{.protocol = protocol, .method = "get", .sequence_id = 7};
  return encode_message(head, args);
}

TEST(Messages, TheFirstBytesTellTheProtocol) {
  EXPECT_EQ(detect_protocol(get_call(WireProtocol::kBinary)), WireProtocol::kBinary);
  EXPECT_EQ(detect_protocol(get_call(WireProtocol::kCompact)), WireProtocol::kCompact);
  EXPECT_EQ(detect_protocol(""), std::nullopt);
  EXPECT_EQ(detect_protocol("\x82"), std::nullopt);
  EXPECT_EQ(detect_protocol("\x82\x22"), std::nullopt);
  EXPECT_EQ(detect_protocol("GET / HTTP/1.1"), std::nullopt);
  // The binary protocol without its version, which Thrift calls not strict.
  EXPECT_EQ(detect_protocol(std::string_view("\0\0\0\x03get", 7)), std::nullopt);
}

TEST(Messages, TheHeadIsReadWithoutTheBody) {
  for (const WireProtocol protocol : {WireProtocol::kBinary, WireProtocol::kCompact}) {
    const Result<MessageHead> head = decode_message_head(get_call(protocol), kRequestLimits);
    ASSERT_TRUE(head.ok()) << head.status().message();
    EXPECT_EQ(head->protocol, protocol);
    EXPECT_EQ(head->method, "get");
    EXPECT_EQ(head->type, apache::thrift::protocol::T_CALL);
    EXPECT_EQ(head->sequence_id, 7);
  }
}

TEST(Messages, TheBodyIsReadBehindTheHead) {
  for (const WireProtocol protocol : {WireProtocol::kBinary, WireProtocol::kCompact}) {
    const Result<std::unique_ptr<api::LockService_get_args>> args =
        decode_message_body<api::LockService_get_args>(get_call(protocol), kRequestLimits);
    ASSERT_TRUE(args.ok()) << args.status().message();
    EXPECT_EQ((*args)->request.path, "/a");
  }
}

TEST(Messages, UnknownTypesAreRefused) {
  std::string binary = get_call(WireProtocol::kBinary);
  binary[3] = 9;
  EXPECT_EQ(decode_message_head(binary, kRequestLimits).status().message(),
            "A message has the unknown type 9.");
  std::string compact = get_call(WireProtocol::kCompact);
  compact[1] = static_cast<char>(0x01);
  EXPECT_EQ(decode_message_head(compact, kRequestLimits).status().message(),
            "A message has the unknown type 0.");
}

TEST(Messages, AMethodNameThatLiesAboutItsLengthIsRefused) {
  const std::string binary("\x80\x01\x00\x01\x7f\xff\xff\xffget", 11);
  EXPECT_EQ(decode_message_head(binary, kRequestLimits).status().code(), StatusCode::kInvalid);
}

TEST(Messages, MoreBytesThanTheLimitAreRefusedUnseen) {
  const DecodeLimits small{.message_bytes = 8, .elements = 8};
  EXPECT_EQ(decode_message_head(get_call(WireProtocol::kBinary), small).status().code(),
            StatusCode::kTooLarge);
}

}  // namespace
}  // namespace holdfast
