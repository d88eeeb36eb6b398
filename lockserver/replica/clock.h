#pragma once

#include <cstdint>

#include "zab/base/ids.h"

namespace holdfast::replica {

// Where a replica's time comes from; the simulator has its own.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Ticks now()
      const = 0;  // Monotonic milliseconds that go on while the machine is suspended.
  virtual std::int64_t wall_ms() const = 0;  // Unix time, for display only.
};

}  // namespace holdfast::replica
