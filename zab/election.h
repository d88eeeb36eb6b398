#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "zab/base/random.h"
#include "zab/election_tally.h"
#include "zab/message.h"
#include "zab/output.h"
#include "zab/quorum.h"
#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::zab {

// Fast leader election (ZAB.md §2) as a value. It decides whom this replica joins; safety never
// rests on it. Works in every role: an established replica answers those who look.
//
// Who casts votes: a voter that is provisioned, and at the first start of a cell a fresh one among
// fresh ones. Observers and rejoining voters cast the minimum vote, which nobody counts, and join
// whom a quorum of established voters reports. A fresh voter needs the votes of all voters.
class Election {
 public:
  // What the election needs to know of its replica; given anew at each input because it changes.
  struct Self {
    ServerId id;
    Incarnation incarnation;
    Membership membership = Membership::kProvisioned;
    bool voter = true;
    Epoch current;
    Zxid last;
    Zxid config_version;
  };
  struct Timing {
    Ticks finalize = 50;
    Ticks resend_min = 50;
    Ticks resend_max = 2000;
  };
  // The decision: join this leader (it is this replica itself when it should lead).
  struct Join {
    ServerId leader;
  };
  struct Result {
    std::vector<Notify> notify;  // To be sent.
    std::optional<Join> join;    // At most once for each look(); settle() is to follow.
    // The operator must help: a fresh replica met a provisioned peer (LOCKS.md §7), or a rejoining
    // one met a cell of fresh ones only.
    std::optional<std::string> fatal;
  };

  // `members` are all replicas of the cell, the voters of `quorum` among them.
  Election(QuorumSet quorum, const std::vector<ServerId>& members, Timing timing,
           std::uint64_t seed);

  // Enters LOOKING: round + 1, own vote, everybody told. The only voter of a cell joins itself at
  // once.
  Result look(const Self& self, Ticks now);
  // The replica has joined or leads: `role` and `leader` are what it answers with from now on;
  // `epoch` is the epoch that it follows as soon as it is known (ZOOKEEPER-1732), and none before
  // that: then it answers with the epoch of the vote by which it joined.
  void settle(Role role, ServerId leader, Epoch epoch);
  // What the other voters are told when this replica has just settled: until then they count its
  // last vote, and may join a candidate that it has given up.
  std::vector<Notify> tell_settled(const Self& self) const;
  Result on_notification(const Self& self, const Notification& notification, Ticks now);
  // No process listens there; it counts as known dead for an early finish until it is heard from
  // again.
  Result on_peer_refused(const Self& self, ServerId peer, Ticks now);
  // The join of `leader` failed (no connection, or it never established): after three failures in
  // a row with the same (leader, epoch) the own vote avoids it for a random while (§2.4 item 3),
  // and it is not joined meanwhile. A replica that failed so to lead abstains, but for candidates
  // whose history is as new as its own (§2.4 item 4).
  void on_join_failed(ServerId leader, Ticks now);
  // It worked.
  void on_join_succeeded();
  Result tick(const Self& self, Ticks now);

  Role role() const { return role_; }
  std::uint64_t round() const { return round_; }
  const Vote& vote() const { return vote_; }
  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  // Failed attempts in a row to join one leader, known by the epoch of the vote that made it one.
  struct Failures {
    ServerId leader;
    Epoch epoch;
    std::uint32_t count = 0;
  };

  Result on_vote(const Self& self, const Notification& notification, Ticks now);
  Result on_report(const Self& self, const Notification& notification, Ticks now);
  std::optional<std::string> misfit(const Self& self, const Notification& notification);
  bool counts(const Self& self, const Notification& notification) const;
  bool may_adopt(const Self& self, const Vote& vote, Ticks now) const;
  bool avoids(ServerId leader, Ticks now) const;
  Vote own_vote(const Self& self, Ticks now) const;
  void change_vote(const Vote& vote);

  std::optional<Join> decide(const Self& self, Ticks now);
  std::optional<Join> count_votes(const Self& self, Ticks now);
  std::optional<Join> join_reported_leader(const Self& self, Ticks now);
  Join join(const Vote& vote, std::uint64_t round);
  bool forgive(Ticks now);

  const QuorumSet& rule(const Self& self) const;
  Notification notification(const Self& self) const;
  std::vector<Notify> answer(const Self& self, ServerId to) const;
  std::vector<Notify> answer_once(const Self& self, ServerId to);
  std::vector<Notify> to_all(const Self& self) const;
  std::vector<Notify> tell_all(const Self& self, Ticks now);
  Ticks jittered(Ticks interval);

  QuorumSet quorum_;
  QuorumSet all_voters_;  // The rule of a first start.
  std::vector<ServerId> voters_;
  Timing timing_;
  Random random_;
  Role role_ = Role::kLooking;
  std::uint64_t round_ = 0;
  Vote vote_;
  ElectionTally tally_;
  bool decided_ = false;              // Looking, and the Join has been given.
  std::set<ServerId> dead_;           // Voters whose port refused us since we heard from them last.
  std::set<ServerId> fresh_;          // Voters whose last word was that they are fresh.
  std::set<ServerId> answered_;       // See answer_once.
  std::optional<Ticks> finalize_at_;  // While a quorum supports vote_.
  std::optional<Ticks> join_at_;      // An observer's delayed join.
  Ticks resend_interval_ = 0;
  Ticks resend_at_ = 0;
  Epoch joined_epoch_;  // Of the vote by which we joined last.
  Failures failures_;
  std::map<ServerId, Ticks> avoided_until_;
};

}  // namespace holdfast::zab
