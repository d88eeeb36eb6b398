#include "thrift/compact.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <thrift/TConfiguration.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TProtocolException.h>
#include <thrift/transport/TBufferTransports.h>

namespace holdfast::wire {
namespace compact {
namespace {

using apache::thrift::TConfiguration;

// Any protocol of Thrift's: only its depth is used.
using Depth = apache::thrift::protocol::TBinaryProtocol;

thread_local std::unique_ptr<Depth> my_depth;

// Thrift declares its defaults in a class and defines them nowhere: a reference to one only links
// when the compiler happens to see through it.
constexpr int kMessageMax = TConfiguration::DEFAULT_MAX_MESSAGE_SIZE;
constexpr int kFrameMax = TConfiguration::DEFAULT_MAX_FRAME_SIZE;

std::unique_ptr<Depth> make_depth() {
  return std::make_unique<Depth>(std::make_shared<apache::thrift::transport::TMemoryBuffer>(
      std::make_shared<TConfiguration>(kMessageMax, kFrameMax, kDecodeDepthMax)));
}

}  // namespace

TProtocol& depth() {
  if (!my_depth) my_depth = make_depth();
  return *my_depth;
}

void forget_depth() {
  my_depth.reset();
}

}  // namespace compact

namespace {

using apache::thrift::protocol::TProtocolException;
using apache::thrift::transport::TTransportException;
using compact::TType;

constexpr std::uint8_t kProtocolId = 0x82;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kVersionMask = 0x1f;
constexpr unsigned kTypeShift = 5;
constexpr std::size_t kBufferBytes = 512;
constexpr std::size_t kBufferKeptMax = 64UL << 10U;
constexpr unsigned kLongSize = 15;  // In the place of a short one.

// Goes from one writer to the next.
thread_local std::vector<char> spare_buffer;

}  // namespace

// ---- reading ------------------------------------------------------------------------------------

void CompactReader::fail_at_end() {
  throw TTransportException(TTransportException::END_OF_FILE, "No more data to read.");
}

void CompactReader::fail_of_type(std::uint8_t wire_type) {
  throw TProtocolException(TProtocolException::INVALID_DATA,
                           "don't know what type: " + std::to_string(wire_type));
}

// Of one value in a container. A struct's end the bytes will show. Not more for a double: generated
// code reads what it expects, whatever type is said, and that may take one byte.
std::size_t CompactReader::least_bytes(TType type) {
  return type == TType::T_STOP || type == TType::T_STRUCT ? 0 : 1;
}

CompactReader::Size CompactReader::readMessageBegin(std::string& name, compact::TMessageType& type,
                                                    std::int32_t& sequence_id) {
  if (next() != kProtocolId) {
    throw TProtocolException(TProtocolException::BAD_VERSION, "Bad protocol identifier");
  }
  const std::uint8_t second = next();
  if ((second & kVersionMask) != kVersion) {
    throw TProtocolException(TProtocolException::BAD_VERSION, "Bad protocol version");
  }
  type = static_cast<compact::TMessageType>(second >> kTypeShift);
  sequence_id = static_cast<std::int32_t>(static_cast<std::uint32_t>(varint()));
  return readString(name);
}

std::uint64_t CompactReader::long_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint8_t byte = next();
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80U) return value;
  }
  throw TProtocolException(TProtocolException::INVALID_DATA, "Variable-length int over 10 bytes.");
}

std::size_t CompactReader::string_size() {
  const auto size = static_cast<std::int32_t>(static_cast<std::uint32_t>(varint()));
  if (size < 0) throw TProtocolException(TProtocolException::NEGATIVE_SIZE);
  check_left(static_cast<std::size_t>(size));
  return static_cast<std::size_t>(size);
}

std::size_t CompactReader::container_size(std::int32_t size) const {
  if (size < 0) throw TProtocolException(TProtocolException::NEGATIVE_SIZE);
  if (static_cast<std::size_t>(size) > elements_max_) {
    throw TProtocolException(TProtocolException::SIZE_LIMIT);
  }
  return static_cast<std::size_t>(size);
}

CompactReader::Size CompactReader::readListBegin(TType& type, std::uint32_t& size) {
  const std::uint8_t head = next();
  std::uint32_t count = head >> 4U;
  if (count == kLongSize) count = static_cast<std::uint32_t>(varint());
  const std::size_t elements = container_size(static_cast<std::int32_t>(count));
  type = type_of(head & 0x0fU);
  check_left(elements * least_bytes(type));
  size = count;
  return 0;
}

CompactReader::Size CompactReader::readMapBegin(TType& key, TType& value, std::uint32_t& size) {
  size = static_cast<std::uint32_t>(varint());
  const std::uint8_t types = size == 0 ? std::uint8_t{0} : next();
  const std::size_t elements = container_size(static_cast<std::int32_t>(size));
  key = type_of(static_cast<std::uint8_t>(types >> 4U));
  value = type_of(types & 0x0fU);
  check_left(elements * (least_bytes(key) + least_bytes(value)));
  return 0;
}

CompactReader::Size CompactReader::readDouble(double& value) {
  check_left(sizeof(value));
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < sizeof(bits); ++i) bits |= std::uint64_t{*at_++} << 8U * i;
  value = std::bit_cast<double>(bits);
  return 0;
}

CompactReader::Size CompactReader::skip(TType type) {
  return apache::thrift::protocol::skip(*this, type);
}

// ---- writing ------------------------------------------------------------------------------------

CompactWriter::CompactWriter() : buffer_(std::exchange(spare_buffer, {})) {
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
  at_ = buffer_.data();
  end_ = at_ + buffer_.size();
}

CompactWriter::~CompactWriter() {
  if (buffer_.size() <= kBufferKeptMax) spare_buffer = std::move(buffer_);
}

void CompactWriter::grow(std::size_t bytes) {
  const std::size_t used = this->bytes().size();
  buffer_.resize(std::max(2 * buffer_.size(), used + bytes));
  at_ = buffer_.data() + used;
  end_ = buffer_.data() + buffer_.size();
}

CompactWriter::Size CompactWriter::writeMessageBegin(const std::string& name,
                                                     compact::TMessageType type,
                                                     std::int32_t sequence_id) {
  need(2 + kVarintMax);
  put(kProtocolId);
  put(static_cast<std::uint8_t>(kVersion | static_cast<unsigned>(type) << kTypeShift));
  put_varint(static_cast<std::uint32_t>(sequence_id));
  return writeString(name);
}

CompactWriter::Size CompactWriter::writeListBegin(TType type, std::uint32_t size) {
  need(1 + kVarintMax);
  const auto low = static_cast<unsigned>(type_of(type));
  put(static_cast<std::uint8_t>(std::min(size, kLongSize) << 4U | low));
  if (size >= kLongSize) put_varint(size);
  return 0;
}

CompactWriter::Size CompactWriter::writeMapBegin(TType key, TType value, std::uint32_t size) {
  need(1 + kVarintMax);
  put_varint(size);
  if (size > 0) {
    put(static_cast<std::uint8_t>(static_cast<unsigned>(type_of(key)) << 4U |
                                  static_cast<unsigned>(type_of(value))));
  }
  return 0;
}

CompactWriter::Size CompactWriter::writeDouble(double value) {
  need(sizeof(value));
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned i = 0; i < sizeof(bits); ++i) put(static_cast<std::uint8_t>(bits >> 8U * i));
  return 0;
}

CompactWriter::Size CompactWriter::writeString(const std::string& value) {
  constexpr std::size_t kMax = std::numeric_limits<std::int32_t>::max();
  if (value.size() > kMax) throw TProtocolException(TProtocolException::SIZE_LIMIT);
  need(kVarintMax + value.size());
  put_varint(value.size());
  if (!value.empty()) std::memcpy(at_, value.data(), value.size());
  at_ += value.size();
  return 0;
}

}  // namespace holdfast::wire
