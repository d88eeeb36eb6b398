#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zab/base/hash.h"
#include "zab/types.h"

namespace holdfast::sim {

// The state machine of the simulation: a hash that every command is folded into, so that two
// replicas with the same hash have applied the same commands in the same order.
struct ChainState {
  Zxid applied;
  std::uint64_t hash = kHashSeed;

  void apply(const zab::Entry& entry);
  bool operator==(const ChainState&) const = default;
};

// The hash of a history that ends with `entry`, from the hash of what comes before it.
std::uint64_t chain_hash(std::uint64_t before, const zab::Entry& entry);

// The image as it travels in a SNAP: the state and a filler that depends on it, of up to
// `filler_bytes_max` bytes, so that images have several sizes and a lost chunk cannot go unnoticed.
std::string encode_image(const ChainState& state, std::size_t filler_bytes_max);
// Nothing when the bytes are not exactly an image.
std::optional<ChainState> decode_image(std::string_view bytes);

}  // namespace holdfast::sim
