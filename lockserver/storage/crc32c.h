#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::storage {

// CRC-32C (Castagnoli) of the bytes. `crc` is the value over the bytes before them: 0 to begin.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc);
// The same without the instruction that most processors have for it.
std::uint32_t crc32c_by_tables(std::string_view bytes, std::uint32_t crc);

// A checksum as it is stored, in LevelDB's way: the CRC of bytes that contain their own CRC tells
// little, so it is rotated and shifted first.
constexpr std::uint32_t masked_crc(std::uint32_t crc) {
  return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

}  // namespace holdfast::storage
