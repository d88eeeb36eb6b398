#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "zab/delivery.h"
#include "zab/election.h"
#include "zab/log_view.h"
#include "zab/outbox.h"
#include "zab/persist_queue.h"
#include "zab/quorum.h"
#include "zab/types.h"

namespace holdfast::zab {

// What a replica has promised. In memory the newest queued values; the persist queue makes them
// durable in order.
struct Promises {
  Epoch accepted;
  Epoch current;
  // Turns kProvisioned only when the disk says so.
  Membership membership = Membership::kFresh;
};

// A connection that came in while this replica does not lead: its learner may have finished the
// election first.
struct HeldConnection {
  Ticks since = 0;
  std::optional<LearnerInfo> info;
};

// Why the role is to be left; the core turns back to looking at the end of the input.
struct Departure {
  std::string reason;
};

// What all roles stand on and what outlives them. It is passed to a role in each call and never
// stored by it, so that a core stays copyable. Constant after construction: options, quorum.
struct Ground {
  Ground(Options opts, const DurableState& start, Ticks at);

  Options options;
  QuorumSet quorum;

  Ticks now = 0;
  Promises promises;
  LogView log;
  PersistQueue persist;
  Delivery delivery;
  Zxid committed;  // Known to be committed; never beyond the log's end.
  Election election;
  std::map<ConnId, HeldConnection> held;
  bool cell_lives =
      false;  // Heard of a voter that is part of an established cell; see shown_membership().
  Epoch
      highest_seen;  // Of all accepted epochs that learners have shown; a new epoch goes above it.
  std::uint64_t image_bytes = 0;  // Size of our image when it was last opened; 0 = not known.
  std::uint64_t free_bytes = 0;

  Outbox out;
  std::uint64_t generation = 0;  // Of the role.
  std::uint64_t next_id = 0;     // Numbers dials, reads and transfers.
  std::optional<DialId> open_dial;
  bool serving = false;
  std::optional<Departure> departure;
  std::optional<std::string> fatal;

  ServerId self() const { return options.self; }
  bool is_voter() const { return quorum.is_voter(options.self); }
  // What others are told of our membership. A voter that has promised an epoch in the first start
  // of its cell, but has seen no epoch begin, still counts as fresh: if that start was interrupted,
  // all voters may try again together. That is safe because all of them take part again, and
  // whatever had been established would be known to one of them. Once it hears of a living cell it
  // is a member like any other, for its promise shows that its disk was never lost.
  Membership shown_membership() const;
  // A peer's word on its own membership.
  void note_membership(ServerId peer, Membership membership);
  // The image holds everything through here: nothing before it can be truncated (R15).
  Zxid floor() const;

  // Queue for the disk and change the view in memory in one step (R3, R4).
  void set_accepted(const SetAcceptedEpoch& op);
  void set_current(const SetCurrentEpoch& op);
  void append(const Entry& entry);
  void truncate(Zxid to);
  void install(Zxid zxid);
  // Lets the action wait for everything queued so far. It is dropped when the role changes, unless
  // it outlives roles.
  void gate(GatedAction action, std::uint64_t count);

  void raise_committed(Zxid zxid);
  void close(ConnId conn, std::string reason) { out.push(Close{conn, std::move(reason)}); }
  void announce(Role role, Phase phase, Epoch epoch, ServerId leader);
  void serve(Role role, Epoch epoch);
  // The first reason given in an input wins.
  void leave(std::string reason);
  // The process has to end.
  void stop(std::string reason);
  bool is_leaving() const { return departure.has_value() || fatal.has_value(); }

  Election::Self election_self() const;
  void hash_into(StateHash& hash) const;
};

// What the operator of a fresh replica is told that met a cell which lives already (LOCKS.md §7).
std::string rejoin_advice(ServerId peer);

}  // namespace holdfast::zab
