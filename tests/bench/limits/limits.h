#pragma once

#include <string>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/latencies.h"

namespace holdfast::bench {

struct SyncPlan {
  std::string folder;
  int processes = 1;  // At once, each with a file of its own: as many replicas on one disk.
  // Overwrites blocks that were written before, instead of growing the file with every write.
  bool is_preallocated = false;
};

// write() of 200 bytes and fdatasync(), one after the other.
Latencies measure_sync(const SyncPlan& plan, Nanoseconds time);

// 100 bytes to another process and back over one connection, one after the other.
Latencies measure_round_trip(Nanoseconds time);

}  // namespace holdfast::bench
