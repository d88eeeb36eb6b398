#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast::explore {

// Spreads every bit of a number over all of them.
constexpr std::uint64_t mix(std::uint64_t x) {
  x *= 0x9fb21c651e98df25ULL;
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93ULL;
  return x ^ (x >> 29U);
}

// Four small numbers under which something is known.
struct Key {
  std::uint64_t a = 0;
  std::uint64_t b = 0;

  bool operator==(const Key&) const = default;
  friend std::size_t hash_value(const Key& key) { return mix(mix(key.a) ^ key.b); }
};

}  // namespace holdfast::explore
