#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/ghost.h"
#include "tests/sim/witness.h"
#include "zab/core.h"
#include "zab/invariants.h"

namespace holdfast::sim {

// What was found to be wrong: the name of the invariant as in docs/protocol.md, and the facts.
struct Violation {
  std::string invariant;
  std::string facts;
};

// The safety properties of the protocol, checked from outside after every step, on the disks and
// against the ghost. Numbers in the .cc are those of the list of invariants: one leader an epoch,
// integrity, agreement, primary order, initial history, commit consistency, log matching, committed
// entries safe, epoch order, durable before sent, no truncation of what was delivered, contiguity,
// serving, equal states.
class Checkers : public Witness {
 public:
  explicit Checkers(std::size_t voters) : majority_(voters / 2 + 1) {}

  // All replicas of the cell, for the checks that look at every disk. Called once.
  void watch(std::vector<const Replica*> replicas) { replicas_ = std::move(replicas); }

  void on_input(const Replica& replica) override;
  void on_output(const Replica& replica, const zab::Output& output) override;
  void on_message(const Replica& replica, ConnId at, const zab::Message& message) override;
  void on_disk(const Replica& replica, const zab::PersistOp& op) override;
  void on_proposed(const Replica& replica, const zab::Entry& entry) override;
  void on_barrier(const Replica& replica, std::uint64_t tag) override;
  void on_applied(const Replica& replica) override;
  void on_start(const Replica& replica) override;
  // A disk was wiped: it may have been counted for entries that nobody else of that quorum has.
  void on_wiped(const Replica& replica);

  const std::optional<Violation>& violation() const { return violation_; }
  const Ghost& ghost() const { return ghost_; }

 private:
  // What was last seen of one replica.
  struct Seen {
    Incarnation incarnation;
    zab::CoreView view;
    std::optional<zab::Milestones> milestones;
    Epoch disk_accepted;
    Epoch disk_current;
    Zxid delivered;
    std::map<ConnId, Zxid> new_leader;       // By connection: what NEWLEADER named.
    std::optional<Zxid> up_to_date;          // The commit point that UPTODATE named last.
    std::map<std::uint64_t, Zxid> barriers;  // What was committed anywhere when each was asked for.
  };

  void require(bool holds, const char* invariant, const Replica& replica, const std::string& facts);
  void check_send(const Replica& replica, const zab::Send& send);
  void check_close(const Replica& replica, const zab::Close& close);
  void check_deliver(const Replica& replica, const zab::Deliver& deliver);
  void check_serve(const Replica& replica, const zab::Serve& serve);
  void check_read(const Replica& replica, const zab::ReadReady& ready);
  void check_loss(const Replica& replica, const zab::PersistOp& op);
  void check_disk(const Replica& replica, const zab::PersistOp& op);
  void check_epochs(const Replica& replica);
  void check_monotone(const Replica& replica, const zab::CoreView& view);
  void check_view(const Replica& replica, const zab::CoreView& view);
  void check_shared_history(const Replica& replica, const zab::CoreView& view);
  void check_own(const Replica& replica);
  void note_established(const Replica& replica, const zab::CoreView& view);
  void check_initial_history(const Replica& replica, Epoch epoch);
  void note_committed(const Replica& replica, const zab::CoreView& view);
  void check_committed_safe(const Replica& replica);
  void check_commit_quorum(const Replica& replica, const zab::CoreView& view);

  std::size_t majority_;
  std::vector<const Replica*> replicas_;
  Ghost ghost_;
  std::map<ServerId, Seen> seen_;
  bool has_wiped_ = false;
  std::optional<Violation> violation_;
};

}  // namespace holdfast::sim
