#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <thrift/protocol/TProtocol.h>

// Thrift's compact protocol over bytes in memory, as the template argument of what Thrift's
// generator makes. Byte for byte what Thrift's own TCompactProtocolT reads and writes, and the same
// bytes are refused; but nothing is allocated, copied or virtual on the way.

namespace holdfast::wire {

// How deep structs and containers may be nested; ours stay below 10.
inline constexpr int kDecodeDepthMax = 32;

namespace compact {

using apache::thrift::protocol::TMessageType;
using apache::thrift::protocol::TProtocol;
using apache::thrift::protocol::TType;

// Generated code counts how deep it is in an object of Thrift's own. One for each thread.
TProtocol& depth();
// After it threw for being too deep, it has counted wrongly.
void forget_depth();

// The types on the wire.
enum class Type : std::uint8_t {
  kStop,
  kTrue,
  kFalse,
  kByte,
  kI16,
  kI32,
  kI64,
  kDouble,
  kBinary,
  kList,
  kSet,
  kMap,
  kStruct,
};

inline constexpr TType kReadTypes[] = {
    TType::T_STOP, TType::T_BOOL, TType::T_BOOL,   TType::T_BYTE,   TType::T_I16,
    TType::T_I32,  TType::T_I64,  TType::T_DOUBLE, TType::T_STRING, TType::T_LIST,
    TType::T_SET,  TType::T_MAP,  TType::T_STRUCT};

// By Thrift's number of the type; those that have none are never asked for.
inline constexpr Type kWrittenTypes[] = {Type::kStop,   Type::kStop, Type::kTrue, Type::kByte,
                                         Type::kDouble, Type::kStop, Type::kI16,  Type::kStop,
                                         Type::kI32,    Type::kStop, Type::kI64,  Type::kBinary,
                                         Type::kStruct, Type::kMap,  Type::kSet,  Type::kList};

// The id of the last field of each struct that is open.
class LastFields {
 public:
  void begin_struct() {
    outer_[depth_++] = last_;
    last_ = 0;
  }
  void end_struct() { last_ = outer_[--depth_]; }
  std::int16_t last() const { return last_; }
  void set(std::int16_t id) { last_ = id; }

 private:
  std::int16_t outer_[kDecodeDepthMax + 1];  // Nobody comes deeper: depth() has thrown.
  std::size_t depth_ = 0;
  std::int16_t last_ = 0;
};

}  // namespace compact

// Throws what Thrift throws.
class CompactReader {
 public:
  using TType = compact::TType;
  using Size = std::uint32_t;  // What Thrift's functions return: nobody looks at it, so it is 0.

  CompactReader(std::string_view bytes, std::size_t elements_max)
      : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())),
        end_(at_ + bytes.size()),
        elements_max_(elements_max) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  operator compact::TProtocol&() { return depth_; }  // NOLINT(google-explicit-constructor)

  Size readMessageBegin(std::string& name, compact::TMessageType& type, std::int32_t& sequence_id);
  Size readMessageEnd() { return 0; }
  Size readStructBegin(std::string&) {
    fields_.begin_struct();
    return 0;
  }
  Size readStructEnd() {
    fields_.end_struct();
    return 0;
  }
  Size readFieldBegin(std::string&, TType& type, std::int16_t& id) {
    const std::uint8_t byte = next();
    const auto wire_type = static_cast<std::uint8_t>(byte & 0x0fU);
    if (wire_type == 0) {
      type = compact::TType::T_STOP;
      id = 0;
      return 0;
    }
    const int delta = byte >> 4U;
    if (delta == 0) {
      readI16(id);
    } else {
      id = static_cast<std::int16_t>(fields_.last() + delta);
    }
    type = type_of(wire_type);
    if (type == compact::TType::T_BOOL) {
      has_bool_ = true;
      bool_ = wire_type == static_cast<std::uint8_t>(compact::Type::kTrue);
    }
    fields_.set(id);
    return 0;
  }
  Size readFieldEnd() { return 0; }
  Size readListBegin(TType& type, std::uint32_t& size);
  Size readListEnd() { return 0; }
  Size readSetBegin(TType& type, std::uint32_t& size) { return readListBegin(type, size); }
  Size readSetEnd() { return 0; }
  Size readMapBegin(TType& key, TType& value, std::uint32_t& size);
  Size readMapEnd() { return 0; }
  Size readBool(bool& value) {
    value = has_bool_ ? bool_ : next() == static_cast<std::uint8_t>(compact::Type::kTrue);
    has_bool_ = false;
    return 0;
  }
  Size readByte(std::int8_t& value) {
    value = static_cast<std::int8_t>(next());
    return 0;
  }
  Size readI16(std::int16_t& value) {
    value = static_cast<std::int16_t>(unzigzag(static_cast<std::uint32_t>(varint())));
    return 0;
  }
  Size readI32(std::int32_t& value) {
    value = unzigzag(static_cast<std::uint32_t>(varint()));
    return 0;
  }
  Size readI64(std::int64_t& value) {
    const std::uint64_t coded = varint();
    value = static_cast<std::int64_t>(coded >> 1U ^ (~(coded & 1U) + 1U));
    return 0;
  }
  Size readDouble(double& value);
  Size readString(std::string& value) {
    const std::size_t size = string_size();
    value.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return 0;
  }
  Size readBinary(std::string& value) { return readString(value); }
  Size skip(TType type);

 private:
  std::uint8_t next() {
    if (at_ == end_) fail_at_end();
    return *at_++;
  }
  std::uint64_t varint() {
    if (at_ != end_ && *at_ < 0x80U) return *at_++;
    return long_varint();
  }
  static std::int32_t unzigzag(std::uint32_t coded) {
    return static_cast<std::int32_t>(coded >> 1U ^ (~(coded & 1U) + 1U));
  }
  static TType type_of(std::uint8_t wire_type) {
    if (wire_type >= std::size(compact::kReadTypes)) fail_of_type(wire_type);
    return compact::kReadTypes[wire_type];
  }
  [[noreturn]] static void fail_of_type(std::uint8_t wire_type);
  static std::size_t least_bytes(TType type);
  std::uint64_t long_varint();
  std::size_t string_size();
  std::size_t container_size(std::int32_t size) const;
  void check_left(std::size_t bytes) const {
    if (left() < bytes) fail_at_end();
  }
  [[noreturn]] static void fail_at_end();

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::size_t elements_max_;
  compact::TProtocol& depth_ = compact::depth();
  compact::LastFields fields_;
  bool has_bool_ = false;  // A field's value that stood in its head, and was not read yet.
  bool bool_ = false;
};

class CompactWriter {
 public:
  using TType = compact::TType;
  using Size = std::uint32_t;

  CompactWriter();
  CompactWriter(const CompactWriter&) = delete;
  CompactWriter& operator=(const CompactWriter&) = delete;
  ~CompactWriter();

  std::string_view bytes() const {
    return {buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data())};
  }
  operator compact::TProtocol&() { return depth_; }  // NOLINT(google-explicit-constructor)

  Size writeMessageBegin(const std::string& name, compact::TMessageType type,
                         std::int32_t sequence_id);
  Size writeMessageEnd() { return 0; }
  Size writeStructBegin(const char*) {
    fields_.begin_struct();
    return 0;
  }
  Size writeStructEnd() {
    fields_.end_struct();
    return 0;
  }
  // Always inlined, because the type and the id are constants in what the generator makes.
  [[gnu::always_inline]] Size writeFieldBegin(const char*, TType type, std::int16_t id) {
    if (type == compact::TType::T_BOOL) {
      bool_field_ = id;
      has_bool_field_ = true;
    } else {
      write_field(id, type_of(type));
    }
    return 0;
  }
  Size writeFieldEnd() { return 0; }
  Size writeFieldStop() {
    need(1);
    put(0);
    return 0;
  }
  Size writeListBegin(TType type, std::uint32_t size);
  Size writeListEnd() { return 0; }
  Size writeSetBegin(TType type, std::uint32_t size) { return writeListBegin(type, size); }
  Size writeSetEnd() { return 0; }
  Size writeMapBegin(TType key, TType value, std::uint32_t size);
  Size writeMapEnd() { return 0; }
  Size writeBool(bool value) {
    const auto type = value ? compact::Type::kTrue : compact::Type::kFalse;
    if (has_bool_field_) {
      has_bool_field_ = false;
      write_field(bool_field_, type);
    } else {
      need(1);
      put(static_cast<std::uint8_t>(type));
    }
    return 0;
  }
  Size writeByte(std::int8_t value) {
    need(1);
    put(static_cast<std::uint8_t>(value));
    return 0;
  }
  Size writeI16(std::int16_t value) { return writeI32(value); }
  Size writeI32(std::int32_t value) {
    need(kVarintMax);
    put_i32(value);
    return 0;
  }
  Size writeI64(std::int64_t value) {
    need(kVarintMax);
    put_varint(static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U));
    return 0;
  }
  Size writeDouble(double value);
  Size writeString(const std::string& value);
  Size writeBinary(const std::string& value) { return writeString(value); }

 private:
  static constexpr std::size_t kVarintMax = 10;

  void need(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void grow(std::size_t bytes);
  // After need().
  void put(std::uint8_t byte) { *at_++ = static_cast<char>(byte); }
  void put_varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) put(static_cast<std::uint8_t>(value | 0x80U));
    put(static_cast<std::uint8_t>(value));
  }
  void put_i32(std::int32_t value) {
    put_varint(static_cast<std::uint32_t>(value) << 1U ^ static_cast<std::uint32_t>(value >> 31U));
  }
  void write_field(std::int16_t id, compact::Type type) {
    need(1 + kVarintMax);
    const int delta = id - fields_.last();
    if (delta > 0 && delta <= 15) {
      put(static_cast<std::uint8_t>(static_cast<unsigned>(delta) << 4U |
                                    static_cast<unsigned>(type)));
    } else {
      put(static_cast<std::uint8_t>(type));
      put_i32(id);
    }
    fields_.set(id);
  }
  static compact::Type type_of(TType type) { return compact::kWrittenTypes[type]; }

  std::vector<char> buffer_;
  char* at_;
  char* end_;
  compact::TProtocol& depth_ = compact::depth();
  compact::LastFields fields_;
  std::int16_t bool_field_ = 0;  // Its head waits for the value.
  bool has_bool_field_ = false;
};

}  // namespace holdfast::wire
