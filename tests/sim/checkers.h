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
#include "zab/state_hash.h"

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

  // All replicas of the cell, for the checks that look at every disk.
  void watch(std::vector<const Subject*> replicas) { replicas_ = std::move(replicas); }

  void on_input(const Subject& replica) override;
  void on_output(const Subject& replica, const zab::Output& output) override;
  void on_message(const Subject& replica, ConnId at, const zab::Message& message) override;
  void on_disk(const Subject& replica, const zab::PersistOp& op) override;
  void on_proposed(const Subject& replica, const zab::Entry& entry) override;
  void on_barrier(const Subject& replica, std::uint64_t tag) override;
  void on_applied(const Subject& replica) override;
  void on_start(const Subject& replica) override;
  // A disk was wiped: it may have been counted for entries that nobody else of that quorum has.
  void on_wiped(const Subject& replica);

  // The cell has a past that nobody looked on at. Before the first process starts.
  void remember(Ghost past) { ghost_ = std::move(past); }
  // A copy of the checkers goes on with a copy of this replica: what can be read off it is, the
  // rest is remembered. `watch` and this, for each replica that is to move, come before the next
  // event.
  void resume(const Subject& replica);
  // What is remembered and cannot be read off the replicas. Two copies that agree in it judge the
  // future of equal replicas alike.
  void hash_into(zab::StateHash& hash) const;

  const std::optional<Violation>& violation() const { return violation_; }
  const Ghost& ghost() const { return ghost_; }

 private:
  // What a replica showed when it was seen last.
  struct Standing {
    std::uint64_t generation = 0;
    Epoch accepted;
    Epoch current;
    Zxid base;
    Zxid last;
    Zxid committed;
    Zxid delivered;
    Zxid applied;
  };
  struct Seen {
    Standing standing;
    std::optional<zab::Milestones> milestones;
    Epoch disk_accepted;
    Epoch disk_current;
    Zxid delivered;

    // Remembered for a later moment, and forgotten at that moment.
    std::optional<Zxid> new_leader;          // What the NEWLEADER named that is to be acknowledged.
    std::optional<Zxid> up_to_date;          // The commit point of UPTODATE, until it serves.
    std::map<std::uint64_t, Zxid> barriers;  // What was committed anywhere when each was asked for.
  };

  // The first one counts.
  void fail(const char* invariant, const Subject& replica, const std::string& facts);
  void check_send(const Subject& replica, const zab::Send& send);
  void check_close(const Subject& replica, const zab::Close& close);
  void check_deliver(const Subject& replica, const zab::Deliver& deliver);
  void check_serve(const Subject& replica, const zab::Serve& serve);
  void check_read(const Subject& replica, const zab::ReadReady& ready);
  void check_loss(const Subject& replica, const zab::PersistOp& op);
  void check_disk(const Subject& replica, const zab::PersistOp& op);
  void check_epochs(const Subject& replica);
  void check_monotone(const Subject& replica, const zab::CoreView& view);
  void check_view(const Subject& replica, const zab::CoreView& view);
  void check_shared_history(const Subject& replica, const zab::CoreView& view);
  void check_own(const Subject& replica);
  void end_reigns(ServerId leader);
  void note_established(const Subject& replica, const zab::CoreView& view);
  void check_initial_history(const Subject& replica, Epoch epoch);
  void note_committed(const Subject& replica, const zab::CoreView& view);
  void check_committed_safe(const Subject& replica);
  void check_commit_quorum(const Subject& replica, const zab::CoreView& view);

  std::size_t majority_;
  static Standing standing_of(const zab::CoreView& view);

  std::vector<const Subject*> replicas_;
  Ghost ghost_;
  std::map<ServerId, Seen> seen_;
  bool has_wiped_ = false;
  std::optional<Violation> violation_;
};

}  // namespace holdfast::sim
