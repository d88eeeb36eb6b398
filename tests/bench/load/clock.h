#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::bench {

// Of the monotonic clock.
using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kSecond = 1'000'000'000;

inline Nanoseconds now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline Nanoseconds to_ns(double seconds) {
  return static_cast<Nanoseconds>(seconds * static_cast<double>(kSecond));
}
inline double to_seconds(Nanoseconds ns) {
  return static_cast<double>(ns) / static_cast<double>(kSecond);
}

}  // namespace holdfast::bench
