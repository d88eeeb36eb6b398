#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/witness.h"
#include "zab/core.h"

namespace holdfast::sim {

// Counts what a run has met, by name, so that a generator of faults that has decayed is noticed: a
// kind that is never met is not tested.
class Coverage {
 public:
  void count(std::string_view kind) { ++counts_[std::string(kind)]; }
  void add(const Coverage& other);
  std::uint64_t of(const std::string& kind) const;
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

  // Counts what the output of a replica shows of the protocol.
  void count_output(const Subject& replica, const zab::Output& output);
  void count_message(const Subject& replica, const zab::Message& message);

  // Every kind that a run of many seeds has to meet.
  static const std::vector<std::string>& expected();

 private:
  void count_close(const zab::Close& close);
  void count_send(const Subject& replica, const zab::Send& send);

  std::map<std::string, std::uint64_t> counts_;
  std::set<ServerId> truncated_;  // Between TRUNC and NEWLEADER.
};

}  // namespace holdfast::sim
