#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::zab {

// The leader's confirmation rounds (R23): a read may be answered with the commit point of its
// arrival once a quorum has answered a round that began after it. All reads that wait share one
// round. Rounds also are the heartbeat.
class Confirmation {
 public:
  struct Barrier {
    ConnId conn;  // Of the learner that asks; none for a read of our own.
    std::uint64_t tag = 0;
    Zxid committed;  // As of its arrival; the end of the log when it carried touches.
  };

  // It joins the next round.
  void add(const Barrier& barrier) { waiting_.push_back(barrier); }
  // Some barrier waits and no round that carries one is open.
  bool wants_round() const { return !waiting_.empty() && open_.empty(); }
  // Begins a round and returns its number, counted from 1; what waits joins it.
  std::uint64_t begin_round();
  // A quorum has answered this round, and so all before it. Returns the barriers that are confirmed
  // by that, in order.
  std::vector<Barrier> confirm(std::uint64_t round);
  std::uint64_t newest() const { return newest_; }

  void hash_into(StateHash& hash) const;

 private:
  struct Round {
    std::uint64_t number = 0;
    std::vector<Barrier> barriers;  // Not empty.
  };

  std::uint64_t newest_ = 0;
  std::vector<Barrier> waiting_;
  std::deque<Round> open_;  // Those that carry barriers.
};

}  // namespace holdfast::zab
