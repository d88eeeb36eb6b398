#include "thrift/compact.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <thrift/TConfiguration.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "thrift/encoding.h"
#include "thrift/gen/lockservice_types.h"
#include "thrift/gen/peer_types.h"
#include "thrift/gen/record_types.h"
#include "zab/base/check.h"

// Our compact protocol against Thrift's own: the same bytes are refused, the others have the same
// meaning, and it is written in the same bytes. The first byte of an input says which struct the
// rest is.

namespace holdfast::fuzz {

namespace {

using apache::thrift::TConfiguration;
using apache::thrift::transport::TMemoryBuffer;
using StockProtocol = apache::thrift::protocol::TCompactProtocolT<TMemoryBuffer>;

template <typename T>
std::optional<T> read_by_thrift(std::string bytes) {
  constexpr int kBytesMax = 1 << 24;
  const auto buffer = std::make_shared<TMemoryBuffer>(
      reinterpret_cast<std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()),
      TMemoryBuffer::OBSERVE,
      std::make_shared<TConfiguration>(kBytesMax, kBytesMax, wire::kDecodeDepthMax));
  const auto most = static_cast<std::int32_t>(std::max<std::size_t>(1, bytes.size()));
  StockProtocol protocol(buffer, most, most);
  T value;
  try {
    value.read(&protocol);
  } catch (const apache::thrift::TException&) {
    return std::nullopt;
  }
  return buffer->available_read() == 0 ? std::optional(value) : std::nullopt;
}

template <typename T>
std::string written_by_thrift(const T& value) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  StockProtocol protocol(buffer);
  value.write(&protocol);
  return buffer->getBufferAsString();
}

template <typename T>
void compare(std::string_view bytes) {
  // In a block of its own, so that a sanitizer sees a read behind the end.
  const std::string copy(bytes);
  const Result<T> ours = decode_compact<T>(copy);
  const std::optional<T> stock = read_by_thrift<T>(copy);
  HOLDFAST_CHECK(ours.ok() == stock.has_value(),
                 ours.ok() ? "we read what Thrift refuses" : ours.status().message());
  if (!stock) return;
  HOLDFAST_CHECK(*ours == *stock, "we read another value");
  HOLDFAST_CHECK(encode_compact(*ours) == written_by_thrift(*stock), "we write other bytes");
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  switch (source.below(8)) {
    case 0:
      return compare<record::Command>(source.rest());
    case 1:
      return compare<record::Reply>(source.rest());
    case 2:
      return compare<record::Node>(source.rest());
    case 3:
      return compare<record::Events>(source.rest());
    case 4:
      return compare<peer::Proposal>(source.rest());
    case 5:
      return compare<peer::Notification>(source.rest());
    case 6:
      return compare<peer::Pong>(source.rest());
    default:
      return compare<api::KeepAliveReply>(source.rest());
  }
}

}  // namespace holdfast::fuzz
