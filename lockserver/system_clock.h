#pragma once

#include <time.h>

#include "lockserver/replica/clock.h"

namespace holdfast {

// The machine's clocks. CLOCK_BOOTTIME goes on while the machine is suspended, so a lease never
// outlives a suspension.
class SystemClock final : public replica::Clock {
 public:
  Ticks now() const override { return read_ms(CLOCK_BOOTTIME); }
  std::int64_t wall_ms() const override { return read_ms(CLOCK_REALTIME); }

 private:
  static std::int64_t read_ms(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
  }
};

}  // namespace holdfast
