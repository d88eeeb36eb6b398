#include "thrift/compact.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <thrift/TConfiguration.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "thrift/encoding.h"
#include "thrift/gen/lockservice_types.h"
#include "thrift/gen/record_types.h"
#include "zab/base/random.h"

// The compact protocol against Thrift's own: the same bytes are written; what one reads the other
// reads, to the same value, and what one refuses the other refuses.

namespace holdfast::testing {
namespace {

using apache::thrift::TException;
using apache::thrift::protocol::TType;
using apache::thrift::transport::TMemoryBuffer;
using StockProtocol = apache::thrift::protocol::TCompactProtocolT<TMemoryBuffer>;

constexpr int kDepthMax = 4;
constexpr TType kTypes[] = {TType::T_BOOL,   TType::T_BYTE,   TType::T_I16,  TType::T_I32,
                            TType::T_I64,    TType::T_DOUBLE, TType::T_LIST, TType::T_STRING,
                            TType::T_STRUCT, TType::T_MAP,    TType::T_SET};

std::shared_ptr<apache::thrift::TConfiguration> configuration() {
  constexpr int kBytesMax = 1 << 24;
  return std::make_shared<apache::thrift::TConfiguration>(kBytesMax, kBytesMax,
                                                          wire::kDecodeDepthMax);
}

// A struct of anything, the same for the same dice.
class Anything {
 public:
  explicit Anything(std::uint64_t seed) : dice_(seed) {}

  template <typename Protocol>
  void write_struct(Protocol& out, int depth) {
    out.writeStructBegin("");
    auto id = static_cast<std::int16_t>(dice_.below(3));
    for (std::uint64_t fields = dice_.below(8); fields > 0; --fields) {
      const TType type = some_type(depth);
      out.writeFieldBegin("", type, id);
      write_value(out, type, depth);
      out.writeFieldEnd();
      id = static_cast<std::int16_t>(dice_.chance(1, 8) ? some_number() : id + 1);
    }
    out.writeFieldStop();
    out.writeStructEnd();
  }

 private:
  TType some_type(int depth) {
    const std::size_t flat = std::size(kTypes) - (depth < kDepthMax ? 0 : 5);
    const TType type = kTypes[dice_.below(flat)];
    return depth >= kDepthMax && type == TType::T_LIST ? TType::T_I64 : type;
  }
  std::int64_t some_number() {
    const auto number = static_cast<std::int64_t>(dice_.next() >> dice_.below(64));
    return dice_.chance(1, 2) ? number : -number;
  }
  std::string some_text() {
    return std::string(dice_.chance(1, 20) ? 1'000 : dice_.below(30), 'a');
  }
  std::uint32_t some_size() {
    return static_cast<std::uint32_t>(dice_.chance(1, 6) ? 14 + dice_.below(200) : dice_.below(4));
  }

  template <typename Protocol>
  void write_value(Protocol& out, TType type, int depth) {
    if (type == TType::T_BOOL) out.writeBool(dice_.chance(1, 2));
    if (type == TType::T_BYTE) out.writeByte(static_cast<std::int8_t>(some_number()));
    if (type == TType::T_I16) out.writeI16(static_cast<std::int16_t>(some_number()));
    if (type == TType::T_I32) out.writeI32(static_cast<std::int32_t>(some_number()));
    if (type == TType::T_I64) out.writeI64(some_number());
    if (type == TType::T_DOUBLE) out.writeDouble(static_cast<double>(some_number()) / 3);
    if (type == TType::T_STRING) out.writeString(some_text());
    if (type == TType::T_STRUCT) write_struct(out, depth + 1);
    if (type == TType::T_LIST || type == TType::T_SET) write_list(out, type, depth);
    if (type == TType::T_MAP) write_map(out, depth);
  }
  template <typename Protocol>
  void write_list(Protocol& out, TType kind, int depth) {
    const TType type = some_type(kDepthMax);
    const std::uint32_t size = some_size();
    if (kind == TType::T_LIST) {
      out.writeListBegin(type, size);
    } else {
      out.writeSetBegin(type, size);
    }
    for (std::uint32_t i = 0; i < size; ++i) write_value(out, type, depth + 1);
  }
  template <typename Protocol>
  void write_map(Protocol& out, int depth) {
    const TType key = some_type(kDepthMax);
    const TType value = some_type(kDepthMax);
    const std::uint32_t size = some_size();
    out.writeMapBegin(key, value, size);
    for (std::uint32_t i = 0; i < size; ++i) {
      write_value(out, key, depth + 1);
      write_value(out, value, depth + 1);
    }
  }

  Random dice_;
};

std::string written_by_us(std::uint64_t seed) {
  wire::CompactWriter writer;
  Anything(seed).write_struct(writer, 0);
  return std::string(writer.bytes());
}

std::string written_by_thrift(std::uint64_t seed) {
  auto buffer = std::make_shared<TMemoryBuffer>();
  StockProtocol protocol(buffer);
  Anything(seed).write_struct(protocol, 0);
  return buffer->getBufferAsString();
}

// The whole of the bytes as a T, or nothing when they are refused.
template <typename T>
std::optional<T> read_by_thrift(std::string bytes) {
  auto buffer = std::make_shared<TMemoryBuffer>(reinterpret_cast<std::uint8_t*>(bytes.data()),
                                                static_cast<std::uint32_t>(bytes.size()),
                                                TMemoryBuffer::OBSERVE, configuration());
  StockProtocol protocol(buffer, static_cast<std::int32_t>(std::max<std::size_t>(1, bytes.size())),
                         static_cast<std::int32_t>(std::max<std::size_t>(1, bytes.size())));
  T value;
  try {
    value.read(&protocol);
  } catch (const TException&) {
    return std::nullopt;
  }
  return buffer->available_read() == 0 ? std::optional(value) : std::nullopt;
}

template <typename T>
void expect_the_same(const std::string& bytes) {
  const Result<T> ours = decode_compact<T>(bytes);
  const std::optional<T> stock = read_by_thrift<T>(bytes);
  ASSERT_EQ(ours.ok(), stock.has_value()) << ours.status().message();
  if (stock) {
    EXPECT_EQ(*ours, *stock);
  }
}

std::string damaged_or_cut(std::string bytes, Random& dice) {
  for (std::uint64_t changes = 1 + dice.below(3); changes > 0; --changes) {
    bytes[dice.below(bytes.size())] = static_cast<char>(dice.below(256));
  }
  if (dice.chance(1, 4)) bytes.resize(1 + dice.below(bytes.size()));
  return bytes;
}

TEST(Compact, WritesTheBytesThatThriftWrites) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    ASSERT_EQ(written_by_us(seed), written_by_thrift(seed)) << seed;
  }
}

TEST(Compact, SkipsWhatThriftSkipsAndRefusesWhatItRefuses) {
  Random dice(1);
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    const std::string bytes = written_by_us(seed);
    SCOPED_TRACE(seed);
    ASSERT_TRUE(read_by_thrift<record::Stamp>(bytes));
    expect_the_same<record::Stamp>(bytes);
    expect_the_same<record::Command>(bytes);
    for (int i = 0; i < 8; ++i) {
      expect_the_same<record::Command>(damaged_or_cut(bytes, dice));
      expect_the_same<api::KeepAliveReply>(damaged_or_cut(bytes, dice));
    }
  }
}

api::KeepAliveReply some_reply(Random& dice) {
  api::KeepAliveReply reply;
  reply.header.zxid = static_cast<std::int64_t>(dice.next());
  reply.events.resize(dice.below(20));
  for (api::Event& event : reply.events) {
    event.path = std::string(dice.below(40), 'p');
    event.name.zxid = static_cast<std::int64_t>(dice.next() >> dice.below(64));
  }
  return reply;
}

TEST(Compact, ReadsDamagedValuesAsThriftDoes) {
  Random dice(2);
  std::uint64_t read = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = damaged_or_cut(encode_compact(some_reply(dice)), dice);
    expect_the_same<api::KeepAliveReply>(bytes);
    if (decode_compact<api::KeepAliveReply>(bytes).ok()) ++read;
  }
  EXPECT_GT(read, 1'000U);
}

// ---- at the limits ------------------------------------------------------------------------------

// So many structs, one in the field 15 of the other: nobody knows them, and they are skipped.
std::string nested(std::size_t depth) {
  return std::string(depth, '\xfc') + std::string(depth + 1, '\0');
}

TEST(Compact, IsAsDeepAsThriftAndCountsRightAfterwards) {
  for (std::size_t depth = 0; depth < 100; ++depth) {
    SCOPED_TRACE(depth);
    expect_the_same<record::Stamp>(nested(depth));
  }
  EXPECT_FALSE(decode_compact<record::Stamp>(nested(40)).ok());
  EXPECT_TRUE(decode_compact<record::Stamp>(nested(20)).ok());
}

TEST(Compact, VarintsOfAnyLength) {
  for (std::size_t length = 1; length < 14; ++length) {
    for (const char last : {'\x00', '\x01', '\x02', '\x7f'}) {
      const std::string number = std::string(length - 1, '\xff') + last;
      SCOPED_TRACE(length);
      expect_the_same<record::Stamp>("\x16" + number + '\0');  // An i64.
      expect_the_same<record::Stamp>("\x15" + number + '\0');  // An i32 in its place.
      expect_the_same<record::Stamp>("\x18" + number + '\0');  // A length, of nothing.
      expect_the_same<record::Stamp>(std::string("\x19\xf6") + number + '\0');  // A list's.
      expect_the_same<record::Stamp>("\x1b" + number + "\x66" + '\0');          // A map's.
    }
  }
}

TEST(Compact, WritersMayStandBesideEachOther) {
  wire::CompactWriter first;
  first.writeI64(1);
  {
    wire::CompactWriter second;
    second.writeString(std::string(100'000, 'x'));
    EXPECT_EQ(second.bytes().size(), 100'003U);
  }
  first.writeI64(2);
  EXPECT_EQ(first.bytes(), "\x02\x04");
}

}  // namespace
}  // namespace holdfast::testing
