#pragma once

#include <cstdint>

#include "zab/base/ids.h"

namespace holdfast::zab {

// The two epochs that most tests are about: what was, and what came after it.
inline constexpr Epoch kOne{1};
inline constexpr Epoch kTwo{2};

inline Zxid z(std::uint32_t epoch, std::uint32_t counter) {
  return Zxid(Epoch(epoch), counter);
}

}  // namespace holdfast::zab
