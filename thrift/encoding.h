#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <thrift/TConfiguration.h>
#include <thrift/Thrift.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "zab/base/check.h"
#include "zab/base/limits.h"
#include "zab/base/status.h"

// From generated Thrift structs to bytes in memory and back. Thrift's exceptions end here: foreign
// bytes that are wrong give a Status. Enumerations are not checked by Thrift: a decoded one may
// have a number that has no name.

namespace holdfast {

// What foreign bytes may ask of the decoder.
struct DecodeLimits {
  std::size_t message_bytes;  // More is refused before a byte is looked at.
  std::size_t elements;       // In one list, set or map, which is allocated before it is read.
};

// From a client: the largest list is that of the operations of a multi. Larger ones are refused by
// the limit that has a name, as long as they do not break this one.
inline constexpr DecodeLimits kRequestLimits{.message_bytes = limits::kClientFrameBytesMax,
                                             .elements = 8 * limits::kMultiOpsMax};
// From a replica to a client.
inline constexpr DecodeLimits kReplyLimits{.message_bytes = limits::kClientFrameBytesMax,
                                           .elements = 2 * limits::kListPageMax};
// From a replica, the log or the image: bytes of our own, but perhaps damaged.
inline constexpr DecodeLimits kRecordLimits{.message_bytes = limits::kPeerFrameBytesMax,
                                            .elements = std::size_t{1} << 20U};

static_assert(kReplyLimits.elements > limits::kListPageMax);

// How deep structs and containers may be nested; ours stay below 10.
inline constexpr int kDecodeDepthMax = 32;

// The pieces of which the functions below, and those of thrift/message.h, are made.
namespace wire {

using apache::thrift::transport::TMemoryBuffer;
using CompactProtocol = apache::thrift::protocol::TCompactProtocolT<TMemoryBuffer>;

// Thrift wants shared pointers; these own nothing, and what they point to outlives them on the
// caller's stack.
template <typename T>
std::shared_ptr<T> borrow(T& object) {
  return std::shared_ptr<T>(std::shared_ptr<void>(), &object);
}

// A buffer over bytes that it does not copy and only reads, with limits from them and from
// `decode_limits`.
class InputBuffer {
 public:
  InputBuffer(std::string_view bytes, const DecodeLimits& decode_limits)
      // The cast takes away a const that the buffer respects: it never writes into what it
      // observes.
      : buffer_(reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data())),
                static_cast<std::uint32_t>(bytes.size()), TMemoryBuffer::OBSERVE,
                configuration(decode_limits)),
        string_bytes_max_(std::max<std::int32_t>(1, static_cast<std::int32_t>(bytes.size()))),
        // No element takes less than a byte.
        elements_max_(
            std::min(string_bytes_max_, static_cast<std::int32_t>(decode_limits.elements))) {}

  TMemoryBuffer& buffer() { return buffer_; }
  std::int32_t string_bytes_max() const { return string_bytes_max_; }
  std::int32_t elements_max() const { return elements_max_; }

 private:
  static std::shared_ptr<apache::thrift::TConfiguration> configuration(
      const DecodeLimits& decode_limits) {
    // Thrift counts some lengths twice, so its own limit must be above the one that has been
    // checked already.
    const int bytes = static_cast<int>(2 * decode_limits.message_bytes);
    return std::make_shared<apache::thrift::TConfiguration>(bytes, bytes, kDecodeDepthMax);
  }

  TMemoryBuffer buffer_;
  std::int32_t string_bytes_max_;
  std::int32_t elements_max_;
};

inline Status check_size(std::string_view bytes, const DecodeLimits& decode_limits) {
  if (bytes.size() > decode_limits.message_bytes) {
    return {StatusCode::kTooLarge, "A message of " + std::to_string(bytes.size()) +
                                       " bytes; the limit is " +
                                       std::to_string(decode_limits.message_bytes) + "."};
  }
  return {};
}

// Runs a piece of decoding and turns what Thrift throws into a Status.
template <typename Decode>
Status guarded(Decode&& decode) {
  try {
    decode();
    return {};
  } catch (const apache::thrift::TException& exception) {
    return {StatusCode::kInvalid, std::string("Malformed bytes: ") + exception.what() + "."};
  }
}

inline Status check_end(const TMemoryBuffer& buffer) {
  if (buffer.available_read() > 0) {
    return {StatusCode::kInvalid,
            "Malformed bytes: " + std::to_string(buffer.available_read()) + " more after the end."};
  }
  return {};
}

// Runs a piece of encoding. Thrift fails here only when a string is beyond 2 GiB, and ours have
// limits far below.
template <typename Encode>
std::string encoded(Encode&& encode) {
  TMemoryBuffer buffer;
  try {
    encode(buffer);
  } catch (const apache::thrift::TException& exception) {
    HOLDFAST_CHECK(false, std::string("Thrift could not encode: ") + exception.what());
  }
  return buffer.getBufferAsString();
}

}  // namespace wire

// The struct in the compact protocol, without a message around it.
template <typename T>
std::string encode_compact(const T& value) {
  return wire::encoded([&](wire::TMemoryBuffer& buffer) {
    wire::CompactProtocol protocol(wire::borrow(buffer));
    value.write(&protocol);
  });
}

// Takes the whole of `bytes`: kInvalid if they are no such struct or go on after its end, kTooLarge
// if they are more than the limits allow.
template <typename T>
Result<T> decode_compact(std::string_view bytes, const DecodeLimits& decode_limits) {
  if (Status size = wire::check_size(bytes, decode_limits); !size.ok()) {
    return size;
  }
  wire::InputBuffer input(bytes, decode_limits);
  T value;
  Status decoded = wire::guarded([&] {
    wire::CompactProtocol protocol(wire::borrow(input.buffer()), input.string_bytes_max(),
                                   input.elements_max());
    value.read(&protocol);
  });
  if (decoded.ok()) {
    decoded = wire::check_end(input.buffer());
  }
  if (!decoded.ok()) {
    return decoded;
  }
  return value;
}

// As above, with the limits of bytes that come from a replica, the log or the image.
template <typename T>
Result<T> decode_compact(std::string_view bytes) {
  return decode_compact<T>(bytes, kRecordLimits);
}

}  // namespace holdfast
