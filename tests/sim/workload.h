#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/cluster.h"
#include "tests/sim/swarm.h"

namespace holdfast::sim {

// The clients: proposals at whoever leads or believes to, forwarded requests, read barriers,
// touches, reports of free space.
class Workload {
 public:
  Workload(WorkRates rates, Random random, Cluster& cluster);

  SimTime next() const { return next_; }
  void run_next();

  // Offers one proposal to the replica that serves as leader; its zxid when it was taken.
  std::optional<Zxid> propose_once();

 private:
  void propose(Replica& at);
  void forward(Replica& at);
  void touch(Replica& at);
  SharedBytes payload();

  WorkRates rates_;
  Random random_;
  Cluster& cluster_;
  SimTime next_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t barriers_ = 0;
};

}  // namespace holdfast::sim
