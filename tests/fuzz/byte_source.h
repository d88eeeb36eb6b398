#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::fuzz {

// Turns an input into decisions. When it is used up, every number is 0 and every text empty, so any
// input is a whole story.
class ByteSource {
 public:
  explicit ByteSource(std::string_view bytes) : bytes_(bytes) {}

  bool is_empty() const { return bytes_.empty(); }

  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1U) != 0; }
  // From 0 to bound - 1; bound is from 1 to 256.
  std::size_t below(std::size_t bound) { return byte() % bound; }
  // Little-endian.
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  // At most so many bytes.
  std::string_view take(std::size_t length) {
    const std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  // A length of two bytes, little-endian, then so many bytes.
  std::string_view text() { return take(number(2)); }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::uint64_t number(int size) {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) value |= static_cast<std::uint64_t>(byte()) << (8 * i);
    return value;
  }

  std::string_view bytes_;
};

// Writes what ByteSource reads; for seeds.
class ByteSink {
 public:
  ByteSink& byte(std::uint64_t value) {
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  ByteSink& u64(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) byte(value >> (8U * static_cast<unsigned>(i)));
    return *this;
  }
  ByteSink& text(std::string_view value) {
    byte(value.size()).byte(value.size() >> 8U);
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace holdfast::fuzz
