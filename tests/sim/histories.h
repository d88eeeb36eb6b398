#pragma once

#include "tests/sim/cluster.h"
#include "zab/base/random.h"

namespace holdfast::sim {

// Gives the disks of a cell whose replicas are all down a past: a few epochs that began and ended
// at any point of discovery, synchronization and broadcast, by the rules of the protocol. Histories
// have diverged, promises have come to nothing, some logs are purged; the checkers know what was
// proposed and committed. A run that begins here meets in a few hundred steps what others need
// thousands for.
void make_histories(Random random, Cluster& cluster);

}  // namespace holdfast::sim
