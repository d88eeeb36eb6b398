#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/chain_state.h"
#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::sim {

// What nobody in the cell knows but the simulator does (ZAB.md §5.1): everything that was ever
// proposed, the one committed history, and the leaders that were ever established.
class Ghost {
 public:
  struct Known {
    zab::Entry entry;
    std::uint64_t chain = 0;  // The state's hash after it.
    ServerId proposer;
  };
  struct Reign {
    ServerId leader;
    bool is_over = false;  // It has left this office, by itself or by its death.
    Zxid initial_last;     // I_e is the history that ends here.
    Zxid proposed_last;    // (e, 0) before the first proposal.

    // The last entry of the leader, or the end of its initial history.
    Zxid end() const { return proposed_last.counter() > 0 ? proposed_last : initial_last; }
  };

  // A new proposal. False when the zxid is taken, or its predecessor is unknown.
  bool propose(const zab::Entry& entry, ServerId proposer);
  const Known* find(Zxid zxid) const;
  // The hash of the state after `zxid`; nothing for an unknown one.
  std::optional<std::uint64_t> chain_at(Zxid zxid) const;
  // `ancestor` is `descendant` or lies before it in the one history that ends with `descendant`.
  bool is_prefix(Zxid ancestor, Zxid descendant) const;

  // The committed history. extend_committed gives false when `zxid` does not continue it.
  bool is_committed(Zxid zxid) const;  // (0,0) is.
  Zxid committed_last() const;
  bool extend_committed(Zxid zxid);
  const std::vector<Zxid>& committed() const { return committed_; }
  // The committed entry after `zxid`, which is committed and not the last.
  Zxid committed_after(Zxid zxid) const;

  std::map<Epoch, Reign>& reigns() { return reigns_; }
  const std::map<Epoch, Reign>& reigns() const { return reigns_; }
  const Reign* reign(Epoch epoch) const;

  void hash_into(zab::StateHash& hash) const;

 private:
  std::map<Zxid, Known> known_;
  std::vector<Zxid> committed_;  // Ascending.
  std::map<Epoch, Reign> reigns_;
};

}  // namespace holdfast::sim
