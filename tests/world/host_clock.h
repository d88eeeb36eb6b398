#pragma once

#include <cstdint>

#include "lockserver/replica/clock.h"
#include "tests/world/scheduler.h"

namespace holdfast::world {

// The clocks of one machine. The monotonic one has its own start and rate and goes on while the
// process is paused; the wall clock jumps as it likes.
class HostClock final : public replica::Clock {
 public:
  struct Error {
    Ticks offset_ms = 0;
    std::int64_t ppm = 0;  // So much too fast.
  };
  // The largest |ppm| that two machines may both have, so that their rates differ by less than the
  // margin of 1/64 that the lease rule allows for.
  static constexpr std::int64_t kPpmMax = 7'000;

  HostClock(const Scheduler& time, const Error& error)
      : time_(time), ppm_(error.ppm), base_local_(error.offset_ms * kMillisecond) {}

  Ticks now() const override { return local(time_.now()) / kMillisecond; }
  std::int64_t wall_ms() const override {
    return 1'700'000'000'000 + time_.now() / kMillisecond + wall_error_ms_;
  }

  // The true time at which now() will have come to `local_ms`.
  SimTime when(Ticks local_ms) const;
  void set_rate(std::int64_t ppm);
  void jump_wall(std::int64_t by_ms) { wall_error_ms_ += by_ms; }

 private:
  SimTime local(SimTime time) const {
    const SimTime passed = time - base_;
    return base_local_ + passed + passed * ppm_ / 1'000'000;
  }

  const Scheduler& time_;
  std::int64_t ppm_;
  SimTime base_ = 0;
  SimTime base_local_;
  std::int64_t wall_error_ms_ = 0;
};

}  // namespace holdfast::world
