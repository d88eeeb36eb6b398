#pragma once

#include "tests/sim/cluster.h"

namespace holdfast::sim {

// Election by whim: it makes a chosen replica lead and others follow, whatever their histories are,
// by forged notifications. Safety must not care, because it rests on discovery and synchronization
// alone.
class Elector {
 public:
  Elector(SimTime every, Random random, Cluster& cluster)
      : every_(every), random_(random), cluster_(cluster) {}

  SimTime next() const { return next_; }
  void run_next();

 private:
  SimTime every_;
  Random random_;
  Cluster& cluster_;
  SimTime next_ = 0;
};

// Makes `replica`, if it is looking, join `leader`.
void forge_election(Cluster& cluster, Replica& replica, Replica& leader);

}  // namespace holdfast::sim
