#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <thrift/TConfiguration.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TEnum.h>
#include <thrift/transport/TBufferTransports.h>

#include "thrift/encoding.h"

// Thrift messages, which is what the frames of a client's connection contain: a head with the name
// of the method, the type and the sequence id, then the struct of arguments or results. In the
// binary (strict) or the compact protocol.

namespace holdfast {

enum class WireProtocol { kBinary, kCompact };

struct MessageHead {
  WireProtocol protocol = WireProtocol::kCompact;
  std::string method;
  apache::thrift::protocol::TMessageType type = apache::thrift::protocol::T_CALL;
  std::int32_t sequence_id = 0;  // Chosen by the client; the reply has the same.

  bool operator==(const MessageHead&) const = default;
};

// By the first two bytes of a message; none if it is neither.
std::optional<WireProtocol> detect_protocol(std::string_view message);

// The head alone, whatever follows it. kInvalid if it is malformed or its type is unknown.
Result<MessageHead> decode_message_head(std::string_view message,
                                        const DecodeLimits& decode_limits);

namespace wire {

// The binary protocol is Thrift's own: our clients speak the compact one.
using apache::thrift::transport::TMemoryBuffer;
using BinaryProtocol = apache::thrift::protocol::TBinaryProtocolT<TMemoryBuffer>;

// Thrift wants shared pointers; these own nothing, and what they point to outlives them on the
// caller's stack.
template <typename T>
std::shared_ptr<T> borrow(T& object) {
  return std::shared_ptr<T>(std::shared_ptr<void>(), &object);
}

// Reads a message from bytes that it does not copy, with limits from them and from `decode_limits`.
class BinaryInput {
 public:
  BinaryInput(std::string_view bytes, const DecodeLimits& decode_limits)
      // The cast takes away a const that the buffer respects: it never writes into what it
      // observes.
      : buffer_(reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data())),
                static_cast<std::uint32_t>(bytes.size()), TMemoryBuffer::OBSERVE,
                configuration(decode_limits)),
        protocol_(borrow(buffer_),
                  std::max<std::int32_t>(1, static_cast<std::int32_t>(bytes.size())),
                  static_cast<std::int32_t>(elements_max(bytes, decode_limits)),
                  /*strict_read=*/true, /*strict_write=*/true) {}

  BinaryProtocol& protocol() { return protocol_; }
  std::size_t left() const { return buffer_.available_read(); }

 private:
  static std::shared_ptr<apache::thrift::TConfiguration> configuration(
      const DecodeLimits& decode_limits) {
    // Thrift counts some lengths twice, so its own limit must be above the one that has been
    // checked already.
    const int bytes = static_cast<int>(2 * decode_limits.message_bytes);
    return std::make_shared<apache::thrift::TConfiguration>(bytes, bytes, kDecodeDepthMax);
  }

  TMemoryBuffer buffer_;
  BinaryProtocol protocol_;
};

// Gives `read` a protocol over the message, of the kind that the message is in; it has to take all
// of it if `whole`.
template <typename Read>
Status decode_message(WireProtocol protocol, std::string_view message,
                      const DecodeLimits& decode_limits, bool whole, Read&& read) {
  if (protocol == WireProtocol::kBinary) {
    BinaryInput input(message, decode_limits);
    const Status decoded = guarded([&] { read(input.protocol()); });
    return decoded.ok() && whole ? check_end(input.left()) : decoded;
  }
  CompactReader reader(message, elements_max(message, decode_limits));
  const Status decoded = guarded([&] { read(reader); });
  return decoded.ok() && whole ? check_end(reader.left()) : decoded;
}

// Throws what Thrift throws.
template <typename Protocol>
MessageHead read_head(Protocol& protocol) {
  MessageHead head;
  protocol.readMessageBegin(head.method, head.type, head.sequence_id);
  return head;
}

template <typename Protocol, typename Body>
void write_message(Protocol& protocol, const MessageHead& head, const Body& body) {
  protocol.writeMessageBegin(head.method, head.type, head.sequence_id);
  body.write(&protocol);
  protocol.writeMessageEnd();
}

}  // namespace wire

// A whole message without its frame.
template <typename Body>
std::string encode_message(const MessageHead& head, const Body& body) {
  if (head.protocol == WireProtocol::kCompact) {
    return wire::encoded_compact(
        [&](wire::CompactWriter& writer) { wire::write_message(writer, head, body); });
  }
  wire::TMemoryBuffer buffer;
  wire::guarded_encoding([&] {
    wire::BinaryProtocol protocol(wire::borrow(buffer));
    wire::write_message(protocol, head, body);
  });
  return buffer.getBufferAsString();
}

// The struct after the head: the generated <Service>_<method>_args or _result. On the heap, because
// Thrift's generator leaves these without a way to be copied or moved. Takes the whole message:
// kInvalid if it is malformed or goes on after its end, kTooLarge if it is larger than the limits
// allow.
template <typename Body>
Result<std::unique_ptr<Body>> decode_message_body(std::string_view message,
                                                  const DecodeLimits& decode_limits) {
  const Result<MessageHead> head = decode_message_head(message, decode_limits);
  if (!head.ok()) {
    return head.status();
  }
  auto body = std::make_unique<Body>();
  const Status decoded = wire::decode_message(head->protocol, message, decode_limits,
                                              /*whole=*/true, [&](auto& protocol) {
                                                wire::read_head(protocol);
                                                body->read(&protocol);
                                              });
  if (!decoded.ok()) {
    return decoded;
  }
  return body;
}

}  // namespace holdfast
