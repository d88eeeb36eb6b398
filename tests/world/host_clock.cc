#include "tests/world/host_clock.h"

#include <algorithm>

namespace holdfast::world {

SimTime HostClock::when(Ticks local_ms) const {
  const SimTime wanted = local_ms * kMillisecond - base_local_;
  SimTime time = base_ + wanted - wanted * ppm_ / (1'000'000 + ppm_);
  while (local(time) < local_ms * kMillisecond) ++time;
  return std::max(time, time_.now());
}

void HostClock::set_rate(std::int64_t ppm) {
  base_local_ = local(time_.now());
  base_ = time_.now();
  ppm_ = ppm;
}

}  // namespace holdfast::world
