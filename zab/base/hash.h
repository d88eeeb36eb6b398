#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

// FNV-1a, continued from `seed`. Same on every machine; for checksums and state hashes, not against
// an adversary.
constexpr std::uint64_t kHashSeed = 0xcbf29ce484222325ULL;

constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  for (const char c : bytes) {
    seed ^= static_cast<unsigned char>(c);
    seed *= 0x100000001b3ULL;
  }
  return seed;
}

constexpr std::uint64_t hash_u64(std::uint64_t value, std::uint64_t seed) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    seed ^= (value >> shift) & 0xffU;
    seed *= 0x100000001b3ULL;
  }
  return seed;
}

}  // namespace holdfast
