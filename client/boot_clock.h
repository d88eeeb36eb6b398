#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/wait_traits.hpp>

#include "zab/base/ids.h"

namespace holdfast::client {

// The clock by which leases are believed: monotonic, and it goes on while the machine sleeps.
// Asio's own steady clock stands still then, and a lock would be believed for too long.
struct BootClock {
  using rep = Ticks;
  using period = std::milli;
  using duration = std::chrono::milliseconds;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static Ticks now_ms() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return static_cast<Ticks>(time.tv_sec) * 1'000 + static_cast<Ticks>(time.tv_nsec) / 1'000'000;
  }
  static time_point now() { return time_point(duration(now_ms())); }
};

// Asio waits by its own clock; it looks at ours again at least this often.
struct BootWaitTraits {
  static BootClock::duration to_wait_duration(const BootClock::duration& duration) {
    return std::min(duration, BootClock::duration(1'000));
  }
  static BootClock::duration to_wait_duration(const BootClock::time_point& time) {
    return to_wait_duration(time - BootClock::now());
  }
};

using BootTimer = boost::asio::basic_waitable_timer<BootClock, BootWaitTraits>;

}  // namespace holdfast::client
