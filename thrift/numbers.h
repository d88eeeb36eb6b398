#pragma once

#include <cstdint>

#include "zab/base/ids.h"

// Thrift has no unsigned numbers: they travel as signed ones with the same bits.

namespace holdfast {

constexpr std::int64_t to_i64(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
constexpr std::int64_t to_i64(Zxid zxid) {
  return to_i64(zxid.value);
}
constexpr std::int32_t to_i32(Epoch epoch) {
  return static_cast<std::int32_t>(epoch.value);
}
constexpr std::uint64_t to_u64(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

}  // namespace holdfast
