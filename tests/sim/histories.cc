#include "tests/sim/histories.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::sim {
namespace {

constexpr std::uint64_t kReignsMax = 4;
constexpr std::uint64_t kProposalsMax = 4;

class Past {
 public:
  Past(Random random, Cluster& cluster)
      : random_(random), majority_(cluster.majority()), checkers_(cluster.checkers()) {
    for (const auto& replica : cluster.replicas()) {
      if (!replica->is_observer()) voters_.push_back(replica.get());
    }
  }

  void make() {
    for (Replica* voter : voters_) voter->disk().provision(Epoch());
    const std::uint64_t reigns = 1 + random_.below(kReignsMax);
    for (std::uint64_t i = 0; i < reigns; ++i) live_through_a_reign();
    for (Replica* voter : voters_) sync_and_purge(voter->disk());
    checkers_.remember(std::move(ghost_));
  }

 private:
  bool often() { return random_.chance(7, 8); }

  void write(Disk& disk, zab::PersistOp op) {
    disk.queue({Token(), std::move(op)});
    disk.complete_one();
  }

  // R13: among those who come together, the best history leads.
  std::vector<Disk*> gather() {
    std::vector<Disk*> disks;
    for (Replica* voter : voters_) disks.push_back(&voter->disk());
    for (std::size_t i = disks.size(); i > 1; --i) std::swap(disks[i - 1], disks[random_.below(i)]);
    disks.resize(majority_ + random_.below(disks.size() - majority_ + 1));
    const auto history = [](const Disk* disk) {
      return std::pair(disk->contents().current, disk->last());
    };
    const auto best =
        std::max_element(disks.begin(), disks.end(),
                         [&](const Disk* a, const Disk* b) { return history(a) < history(b); });
    std::iter_swap(disks.begin(), best);
    return disks;
  }

  ServerId owner(const Disk* disk) const {
    return (*std::find_if(voters_.begin(), voters_.end(),
                          [&](const Replica* voter) { return &voter->disk() == disk; }))
        ->id();
  }

  // The first of the quorum leads. Whatever comes late may not have come at all.
  void live_through_a_reign() {
    const std::vector<Disk*> quorum = gather();
    Disk& leader = *quorum.front();
    Epoch epoch;
    for (const Disk* disk : quorum) epoch = std::max(epoch, disk->contents().accepted);
    epoch = epoch.next();
    std::vector<Disk*> promised;
    for (Disk* disk : quorum) {
      if (disk != &leader && !often()) continue;
      write(*disk, zab::SetAcceptedEpoch{.epoch = epoch});
      promised.push_back(disk);
    }
    if (promised.size() < majority_) return;

    std::vector<Disk*> synced;
    for (Disk* disk : promised) {
      if (bring_up_to_date(*disk, leader, epoch)) synced.push_back(disk);
    }
    const bool leads = std::find(synced.begin(), synced.end(), &leader) != synced.end();
    if (!leads || synced.size() < majority_ || !often()) return;
    ghost_.reigns().emplace(epoch, Ghost::Reign{.leader = owner(&leader),
                                                .is_over = true,
                                                .initial_last = leader.last(),
                                                .proposed_last = Zxid(epoch, 0)});
    ghost_.extend_committed(leader.last());
    broadcast(epoch, synced);
  }

  // Truncation, entries, epoch: any prefix of that. True when it came to its end.
  bool bring_up_to_date(Disk& disk, const Disk& leader, Epoch epoch) {
    if (!often()) return false;
    if (&disk != &leader) {
      Zxid common = disk.last();
      while (!leader.holds(common)) common = ghost_.find(common)->entry.prev;
      if (common < disk.last()) write(disk, zab::TruncateTo{common});
      for (const zab::Entry& entry : leader.contents().entries) {
        if (entry.zxid <= common) continue;
        if (random_.chance(1, 16)) return false;
        write(disk, zab::Append{{entry}});
      }
      if (!often()) return false;
    }
    write(disk, zab::SetCurrentEpoch{.epoch = epoch});
    return true;
  }

  // Each disk has a prefix of what was proposed; what a quorum has may be committed.
  void broadcast(Epoch epoch, const std::vector<Disk*>& synced) {
    const std::uint64_t proposals = random_.below(kProposalsMax + 1);
    std::vector<zab::Entry> entries;
    Zxid prev = synced.front()->last();
    for (std::uint64_t i = 1; i <= proposals; ++i) {
      const Zxid zxid(epoch, static_cast<std::uint32_t>(i));
      entries.push_back({zxid, prev, SharedBytes("past " + to_string(zxid))});
      ghost_.propose(entries.back(), ghost_.reign(epoch)->leader);
      prev = zxid;
    }
    if (proposals > 0) ghost_.reigns().at(epoch).proposed_last = prev;
    std::vector<std::uint64_t> lengths;
    for (Disk* disk : synced) {
      const std::uint64_t length = random_.below(proposals + 1);
      for (std::uint64_t i = 0; i < length; ++i) write(*disk, zab::Append{{entries[i]}});
      lengths.push_back(length);
    }
    std::sort(lengths.rbegin(), lengths.rend());
    const std::uint64_t reached = lengths[majority_ - 1];
    const std::uint64_t committed = random_.chance(1, 2) ? reached : random_.below(reached + 1);
    if (committed > 0) ghost_.extend_committed(entries[committed - 1].zxid);
  }

  // The image stands at a committed entry that its own log leads to.
  void sync_and_purge(Disk& disk) {
    std::vector<Zxid> candidates;
    for (const zab::Entry& entry : disk.contents().entries) {
      if (ghost_.is_committed(entry.zxid)) candidates.push_back(entry.zxid);
    }
    if (candidates.empty() || random_.chance(1, 3)) return;
    const Zxid applied = candidates[random_.below(candidates.size())];
    disk.sync_image({.applied = applied, .hash = *ghost_.chain_at(applied)},
                    disk.contents().image_number);
    std::erase_if(candidates, [&](Zxid zxid) { return zxid > applied; });
    if (random_.chance(1, 3)) write(disk, zab::Purge{candidates[random_.below(candidates.size())]});
  }

  Random random_;
  std::size_t majority_;
  Checkers& checkers_;
  std::vector<Replica*> voters_;
  Ghost ghost_;
};

}  // namespace

void make_histories(Random random, Cluster& cluster) {
  Past(random, cluster).make();
}

}  // namespace holdfast::sim
