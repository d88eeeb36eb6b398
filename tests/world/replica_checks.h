#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "tests/world/host.h"
#include "zab/invariants.h"

namespace holdfast::world {

// What must hold of the replicas after every input to one of them: each core's own invariants, one
// leader an epoch, one order of what is applied, what is applied stands on the disks of a quorum,
// equal states at equal zxids.
class ReplicaChecks final : public HostWitness {
 public:
  ReplicaChecks(const Design& design, Ledger& ledger, Story& story, Verdict& verdict)
      : design_(design), ledger_(ledger), story_(story), verdict_(verdict) {}

  // All of them, once.
  void watch(std::vector<Host*> hosts) { hosts_ = std::move(hosts); }

  void on_input(Host& host) override;
  void on_start(Host& host) override;

  // Of a replica that has applied everything; walks all of its state.
  void check_state(const Host& host);
  // The newest established leader; none before the first.
  ServerId leader() const { return reigns_.empty() ? ServerId() : reigns_.rbegin()->second.first; }

 private:
  struct Seen {
    Zxid applied;
    std::optional<zab::Milestones> milestones;
    std::uint64_t inputs = 0;
  };

  void follow(Host& host, Seen& seen, Zxid applied);
  void check_own(const Host& host, Seen& seen);
  void check_quorum();
  void twist(const Host& host);
  std::uint64_t true_hash();

  const Design& design_;
  Ledger& ledger_;
  Story& story_;
  Verdict& verdict_;
  std::vector<Host*> hosts_;
  std::map<ServerId, Seen> seen_;
  std::optional<std::pair<Zxid, std::uint64_t>> true_hash_;  // Of the ledger's state, as of when.
  std::map<Epoch, std::pair<ServerId, Incarnation>> reigns_;
};

}  // namespace holdfast::world
