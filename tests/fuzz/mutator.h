#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "zab/base/random.h"

// What the custom mutators share. They are linked into searching programs only.

// libFuzzer's own mutation; gives the new size.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace holdfast::fuzz {

class Dice {
 public:
  explicit Dice(unsigned int seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_.below(bound); }
  std::string bytes(std::size_t length) {
    std::string out;
    while (out.size() < length) out.push_back(static_cast<char>(random_.below(256)));
    return out;
  }

 private:
  Random random_;
};

// Replaces the input, as far as there is room.
inline std::size_t put(std::string_view bytes, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(bytes.size(), max_size);
  std::memcpy(data, bytes.data(), size);
  return size;
}

// libFuzzer's own mutation of a part.
inline std::string mutated(std::string part, std::size_t max_size) {
  const std::size_t size = part.size();
  part.resize(std::max(size, max_size));
  part.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), size, part.size()));
  return part;
}

}  // namespace holdfast::fuzz
