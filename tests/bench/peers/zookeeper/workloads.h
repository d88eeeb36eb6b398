#pragma once

#include "tests/bench/peers/zookeeper/sessions.h"

// The workloads of tests/bench/holdfast/workloads.h against ZooKeeper, and how each is done there.

namespace holdfast::bench::zookeeper {

Figures measure_writes(const Plan& plan);
Figures measure_stale_reads(const Plan& plan);
// A sync and a read, sent together. Its sync asks no quorum, so this is not quite linearizable.
Figures measure_synced_reads(const Plan& plan);

// The lock of ZooKeeper's recipes: an ephemeral sequential node, a look at all that want the lock,
// and a watch on the one before. A cycle without contention has three round trips, two proposals.
Figures measure_lock_cycles(const Plan& plan);
Figures measure_hand_over(const Plan& plan);

Figures measure_failover(const Plan& plan);
Figures hold_sessions(const Plan& plan);
// A watch is set again for each write: theirs fire once.
Figures measure_fan_out(const Plan& plan);
Figures create_nodes(const Plan& plan);
// By the raw protocol: connect, open a session, read; anew every millisecond.
Figures wait_for_service(const Plan& plan);

}  // namespace holdfast::bench::zookeeper
