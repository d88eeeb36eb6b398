#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <thrift/Thrift.h>

#include "thrift/compact.h"
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

// The pieces of which the functions below, and those of thrift/message.h, are made.
namespace wire {

// No element takes less than a byte.
inline std::size_t elements_max(std::string_view bytes, const DecodeLimits& decode_limits) {
  return std::min(std::max<std::size_t>(1, bytes.size()), decode_limits.elements);
}

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
    compact::forget_depth();
    return {StatusCode::kInvalid, std::string("Malformed bytes: ") + exception.what() + "."};
  }
}

inline Status check_end(std::size_t left) {
  if (left > 0) {
    return {StatusCode::kInvalid,
            "Malformed bytes: " + std::to_string(left) + " more after the end."};
  }
  return {};
}

// Runs a piece of encoding. Thrift fails here only when a string is beyond 2 GiB, and ours have
// limits far below.
template <typename Encode>
void guarded_encoding(Encode&& encode) {
  try {
    encode();
  } catch (const apache::thrift::TException& exception) {
    HOLDFAST_CHECK(false, std::string("Thrift could not encode: ") + exception.what());
  }
}

template <typename Encode>
std::string encoded_compact(Encode&& encode) {
  CompactWriter writer;
  guarded_encoding([&] { encode(writer); });
  return std::string(writer.bytes());
}

}  // namespace wire

// The struct in the compact protocol, without a message around it.
template <typename T>
std::string encode_compact(const T& value) {
  return wire::encoded_compact([&](wire::CompactWriter& writer) { value.write(&writer); });
}

// Takes the whole of `bytes`: kInvalid if they are no such struct or go on after its end, kTooLarge
// if they are more than the limits allow.
template <typename T>
Result<T> decode_compact(std::string_view bytes, const DecodeLimits& decode_limits) {
  if (Status size = wire::check_size(bytes, decode_limits); !size.ok()) {
    return size;
  }
  T value;
  wire::CompactReader reader(bytes, wire::elements_max(bytes, decode_limits));
  Status decoded = wire::guarded([&] { value.read(&reader); });
  if (decoded.ok()) {
    decoded = wire::check_end(reader.left());
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
