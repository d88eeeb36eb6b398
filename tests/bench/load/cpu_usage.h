#pragma once

#include <vector>

#include <sys/types.h>

#include "tests/bench/load/figures.h"

namespace holdfast::bench {

// CPU time used so far, in seconds: by each server, by this process, by the whole machine.
struct CpuUsage {
  std::vector<double> servers;
  double self = 0;
  double idle = 0;
  double waiting_for_disk = 0;
  double stolen = 0;  // By other virtual machines.

  static CpuUsage of(const std::vector<pid_t>& servers);
};

// Adds what was used from `before` to `after`, in cores.
void add_cpu(Figures& figures, const CpuUsage& before, const CpuUsage& after, double seconds);

}  // namespace holdfast::bench
