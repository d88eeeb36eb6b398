#pragma once

#include <optional>
#include <set>
#include <vector>

#include "tests/sim/cluster.h"
#include "tests/sim/swarm.h"

namespace holdfast::sim {

// What goes wrong around the cores, by a stream of dice of its own: crashes and restarts, broken
// connections, partitions, pauses, wiped disks, purges, leaders told to resign.
class Faults {
 public:
  Faults(const Swarm& swarm, Random random, Cluster& cluster);

  // When the next fault is to happen; nothing when none will.
  std::optional<SimTime> next() const;
  void run_next();
  // Processes that ended by themselves are started again after a while. To be called after every
  // step.
  void notice_failures();
  void start_all();
  // Everything is repaired: links work, all processes run and are awake, but for a wiped one that
  // may not rejoin yet.
  void heal();
  // After heal(): that one runs too.
  bool is_over() const { return planned_.empty(); }

 private:
  enum class Kind {
    kCrash,
    kBreak,
    kPartition,
    kPause,
    kWipe,
    kResign,
    kPurge,
    kRestart,
    kResume,
    kHeal
  };
  struct Planned {
    SimTime at;
    Kind kind;
    ServerId server;  // Of kRestart and kResume.
  };

  void plan(Kind kind, SimTime mean);
  void plan_at(SimTime at, Kind kind, ServerId server);
  SimTime mean_of(Kind kind) const;
  void run(const Planned& planned);
  void crash();
  void crash(Replica& victim);
  void restart(ServerId id);
  void resume(ServerId id);
  void start(Replica& replica);
  void break_connection();
  void partition();
  void cut_one_way(ServerId from, ServerId to);
  void cut_both(ServerId a, ServerId b);
  void pause();
  void wipe();
  void resign();
  void purge();
  // Nobody has anything left of what the replica said before its disk was wiped, and whoever
  // counted on it has noticed.
  bool may_rejoin(ServerId id) const;
  std::vector<Replica*> running() const;
  Replica* pick(const std::vector<Replica*>& from);
  bool is_busy(const Replica& replica) const;
  SimTime within(SimTime max);

  const Swarm& swarm_;
  Random random_;
  Cluster& cluster_;
  std::vector<Planned> planned_;
  std::optional<ServerId> wiped_;  // At most one at a time, until it is provisioned again.
  SimTime wiped_at_ = 0;
  SimTime last_resume_ = 0;
  std::set<ServerId>
      rejoining_;  // Started with --rejoin as long as their disks are not provisioned.
};

}  // namespace holdfast::sim
