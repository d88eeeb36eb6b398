#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "zab/types.h"

namespace holdfast::zab {

// What counts as a quorum. Every test for a quorum in the house goes through this one type. It can
// hold two configurations, and then both must agree, which is what a change of membership will
// need; and it can demand every voter, for the first start of a cell.
class QuorumSet {
 public:
  enum class Rule { kMajority, kAll };

  explicit QuorumSet(Config config);
  QuorumSet(Config config, Config next);

  QuorumSet with_rule(Rule rule) const;

  bool is_voter(ServerId id) const;
  std::vector<ServerId> voters() const;  // Of all configurations, ascending, each once.
  bool is_quorum(const std::set<ServerId>& ids) const;  // Ids that are not voters do not count.
  // The largest zxid that a quorum has reached; a voter missing in `reached` has reached nothing.
  Zxid reached_by_quorum(const std::map<ServerId, Zxid>& reached) const;

  bool operator==(const QuorumSet&) const = default;

 private:
  std::vector<Config> configs_;
  Rule rule_ = Rule::kMajority;
};

}  // namespace holdfast::zab
