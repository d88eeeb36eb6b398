#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TEnum.h>

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

using BinaryProtocol = apache::thrift::protocol::TBinaryProtocolT<TMemoryBuffer>;

inline BinaryProtocol binary_reader(InputBuffer& input) {
  return BinaryProtocol(borrow(input.buffer()), input.string_bytes_max(), input.elements_max(),
                        /*strict_read=*/true, /*strict_write=*/true);
}

inline CompactProtocol compact_reader(InputBuffer& input) {
  return CompactProtocol(borrow(input.buffer()), input.string_bytes_max(), input.elements_max());
}

// Throws what Thrift throws.
template <typename Protocol>
MessageHead read_head(Protocol& protocol) {
  MessageHead head;
  protocol.readMessageBegin(head.method, head.type, head.sequence_id);
  return head;
}

template <typename Protocol, typename Body>
void read_message(Protocol&& protocol, Body& body) {
  read_head(protocol);
  body.read(&protocol);
}

template <typename Protocol, typename Body>
void write_message(Protocol&& protocol, const MessageHead& head, const Body& body) {
  protocol.writeMessageBegin(head.method, head.type, head.sequence_id);
  body.write(&protocol);
  protocol.writeMessageEnd();
}

}  // namespace wire

// A whole message without its frame.
template <typename Body>
std::string encode_message(const MessageHead& head, const Body& body) {
  return wire::encoded([&](wire::TMemoryBuffer& buffer) {
    if (head.protocol == WireProtocol::kBinary) {
      wire::write_message(wire::BinaryProtocol(wire::borrow(buffer)), head, body);
    } else {
      wire::write_message(wire::CompactProtocol(wire::borrow(buffer)), head, body);
    }
  });
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
  wire::InputBuffer input(message, decode_limits);
  auto body = std::make_unique<Body>();
  Status decoded = wire::guarded([&] {
    if (head->protocol == WireProtocol::kBinary) {
      wire::read_message(wire::binary_reader(input), *body);
    } else {
      wire::read_message(wire::compact_reader(input), *body);
    }
  });
  if (decoded.ok()) {
    decoded = wire::check_end(input.buffer());
  }
  if (!decoded.ok()) {
    return decoded;
  }
  return body;
}

}  // namespace holdfast
