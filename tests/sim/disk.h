#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "tests/sim/chain_state.h"
#include "zab/output.h"
#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::sim {

// The disk of one replica: what is on it for certain, and the queue of operations on their way to
// it (R4). It outlives the process. Nothing here knows time: who owns the disk says when operations
// complete.
class Disk {
 public:
  // What a process finds at its next start.
  struct Contents {
    bool provisioned = false;
    Epoch accepted;
    Epoch current;
    Zxid base;
    std::vector<zab::Entry> entries;  // After base, contiguous.
    ChainState image;                 // Synced. base <= image.applied.
    std::uint64_t image_number = 0;   // Grows with each installed image.
  };

  const Contents& contents() const { return contents_; }
  Zxid last() const;
  bool holds(Zxid zxid) const;  // True for the base and for every entry.
  // The state machine's history on this disk reaches through `zxid`: an entry of the log, or
  // covered by its base.
  bool covers(Zxid zxid) const { return zxid <= contents_.base || holds(zxid); }
  zab::EpochVector epochs() const;
  // Entries after `after` through `through`: the first, and more while they stay within max_bytes.
  // Empty when `after` is not held any more.
  std::vector<zab::Entry> read(Zxid after, Zxid through, std::size_t max_bytes) const;

  void queue(zab::Persist persist) { queue_.push_back(std::move(persist)); }
  const std::deque<zab::Persist>& queued() const { return queue_; }
  // Carries out the oldest operation and says which it was. The queue must not be empty.
  zab::Persist complete_one();

  // The image on disk is now synced as `state`, which the state machine reached from image number
  // `image_number`; ignored when an installed image has taken its place since.
  void sync_image(const ChainState& state, std::uint64_t image_number);

  // The process died: what was queued is lost. The caller has completed first what is to survive.
  void lose_queue() { queue_.clear(); }
  // Of the oldest queued operation, which must be an Append, only the first `entries` entries reach
  // the disk: a torn batch.
  void tear_append(std::size_t entries);
  // Somebody took the disk away and put in an empty one.
  void wipe();
  // A disk that lies: entries that it had completed are gone. The base stays. For tests of the
  // checkers.
  void forget_entries(std::size_t count);

  // The state at a start that keeps the newest `tail_entries` entries in memory. `rejoining` is
  // what the operator says of a disk without provision.
  zab::DurableState recover(zab::Membership unprovisioned, std::size_t tail_entries) const;
  // As made by an operator for a cell that has run before: provisioned, with this accepted epoch
  // and nothing else.
  void provision(Epoch accepted);

  // What a process would find, and with it what is still on its way. Tokens and the number of the
  // image count only within one run, and not here.
  void hash_contents_into(zab::StateHash& hash) const;
  void hash_into(zab::StateHash& hash) const;

 private:
  void carry_out(const zab::SetAcceptedEpoch& op);
  void carry_out(const zab::SetCurrentEpoch& op);
  void carry_out(const zab::Append& op);
  void carry_out(const zab::TruncateTo& op);
  void carry_out(const zab::BeginImage& op);
  void carry_out(const zab::StageChunk& op);
  void carry_out(const zab::InstallImage& op);
  void carry_out(const zab::Purge& op);

  Contents contents_;
  Zxid staging_zxid_;
  std::string staging_;
  std::deque<zab::Persist> queue_;
};

}  // namespace holdfast::sim
