#include "thrift/message.h"

#include <cstddef>

namespace holdfast {
namespace {

// The first two bytes of the two protocols, both with their version 1. In the compact protocol the
// upper three bits of the second byte are the type of the message.
constexpr unsigned char kBinaryFirst = 0x80;
constexpr unsigned char kBinarySecond = 0x01;
constexpr unsigned char kCompactFirst = 0x82;
constexpr unsigned char kCompactVersionMask = 0x1f;
constexpr unsigned char kCompactVersion = 0x01;

Status check_type(const MessageHead& head) {
  const int type = static_cast<int>(head.type);
  if (type < apache::thrift::protocol::T_CALL || type > apache::thrift::protocol::T_ONEWAY) {
    return {StatusCode::kInvalid, "A message has the unknown type " + std::to_string(type) + "."};
  }
  return {};
}

}  // namespace

std::optional<WireProtocol> detect_protocol(std::string_view message) {
  constexpr std::size_t kBytesNeeded = 2;
  if (message.size() < kBytesNeeded) {
    return std::nullopt;
  }
  const auto first = static_cast<unsigned char>(message[0]);
  const auto second = static_cast<unsigned char>(message[1]);
  if (first == kBinaryFirst && second == kBinarySecond) {
    return WireProtocol::kBinary;
  }
  if (first == kCompactFirst && (second & kCompactVersionMask) == kCompactVersion) {
    return WireProtocol::kCompact;
  }
  return std::nullopt;
}

Result<MessageHead> decode_message_head(std::string_view message,
                                        const DecodeLimits& decode_limits) {
  if (Status size = wire::check_size(message, decode_limits); !size.ok()) {
    return size;
  }
  const std::optional<WireProtocol> protocol = detect_protocol(message);
  if (!protocol) {
    return Status(StatusCode::kInvalid,
                  "A message is neither in the binary (strict) nor in the compact protocol.");
  }
  MessageHead head;
  Status decoded = wire::decode_message(*protocol, message, decode_limits, /*whole=*/false,
                                        [&](auto& reader) { head = wire::read_head(reader); });
  head.protocol = *protocol;
  if (decoded.ok()) {
    decoded = check_type(head);
  }
  if (!decoded.ok()) {
    return decoded;
  }
  return head;
}

}  // namespace holdfast
