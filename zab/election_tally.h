#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "zab/message.h"
#include "zab/quorum.h"
#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::zab {

// What the other voters have said during one search for a leader: their votes in the round in which
// this replica looks, and what those report that look no longer. Each peer counts with its newest
// word only, and a new incarnation of a peer takes back all that its old one said. The caller
// decides whose words may be noted at all.
class ElectionTally {
 public:
  void clear();
  // Another round: votes cast before do not count in it, but for those of peers that settled in it.
  void start_round(std::uint64_t round);
  // To be called first with each notification of a voter.
  void meet(ServerId peer, Incarnation incarnation);

  // The peer's process is gone, and so is what it said.
  void forget(ServerId peer);

  // The peer looks, so it follows nobody; its vote counts from note_vote on.
  void note_looking(ServerId peer);
  void note_vote(const Notification& notification);
  // The peer has settled. Its vote counts among those of our round when it settled in that round.
  void note_settled(const Notification& notification, std::uint64_t own_round);

  // Who cast exactly this vote in our round.
  std::set<ServerId> supporters(const Vote& vote) const;
  // Whether a peer has settled in our round as a follower by exactly this vote.
  bool is_followed(const Vote& vote) const;
  // The greatest vote cast in our round by one who still looks, leaving out these candidates.
  std::optional<Vote> best_vote(const std::set<ServerId>& without) const;
  // The leader that settled peers agree upon, and that reports itself to be leading
  // (ZOOKEEPER-3537). Only leader and epoch are compared: the zxids and rounds of established
  // replicas differ legally (ZOOKEEPER-1732, 1805, 1817, 1818).
  std::optional<Notification> settled_leader(const QuorumSet& quorum) const;
  // The same among the votes of our round, where the leader alone is compared and those who still
  // look count as well, as does `own`.
  std::optional<Notification> leader_in_round(const QuorumSet& quorum,
                                              const Notification& own) const;

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  using Heard = std::map<ServerId, Notification>;

  std::map<ServerId, Incarnation> incarnations_;
  Heard votes_;    // Of our round, from those who look and those who settled in it.
  Heard settled_;  // The reports of those who follow or lead, of any round.
};

}  // namespace holdfast::zab
