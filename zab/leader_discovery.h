#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "zab/quorum.h"
#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::zab {

// The prospective leader's count of who has shown its accepted epoch and who has promised the new
// one (ZAB.md §3.2). Only replicas that may be counted are put in (R8); the leader puts itself in
// like everybody else (ZOOKEEPER-1270).
class Discovery {
 public:
  // The first epoch of a cell takes every voter, all of them fresh.
  enum class Kind { kBootstrap, kOrdinary };

  Discovery(const QuorumSet& quorum, Kind kind);

  Kind kind() const { return kind_; }
  // True when it is news.
  bool add_info(ServerId id, Epoch accepted);
  bool add_promise(ServerId id);

  // An epoch above every accepted one (ZOOKEEPER-1343) and above `seen`, once a quorum has shown
  // its own. The same answer ever after.
  std::optional<Epoch> choose_epoch(Epoch seen);
  std::optional<Epoch> epoch() const { return epoch_; }
  // Enough for this kind of discovery.
  bool is_quorum(const std::set<ServerId>& ids) const { return quorum_.is_quorum(ids); }
  // A quorum has promised the epoch.
  bool is_complete() const { return is_quorum(promises_); }

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  QuorumSet quorum_;
  Kind kind_;
  std::map<ServerId, Epoch> infos_;
  std::set<ServerId> promises_;
  std::optional<Epoch> epoch_;
};

}  // namespace holdfast::zab
