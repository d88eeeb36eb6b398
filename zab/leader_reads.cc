#include "zab/leader_reads.h"

#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {

std::uint64_t Confirmation::begin_round() {
  ++newest_;
  if (!waiting_.empty()) {
    open_.push_back(Round{newest_, std::exchange(waiting_, {})});
  }
  return newest_;
}

std::vector<Confirmation::Barrier> Confirmation::confirm(std::uint64_t round) {
  HOLDFAST_CHECK(round <= newest_, "round " + std::to_string(round) + " has not begun");
  std::vector<Barrier> confirmed;
  while (!open_.empty() && open_.front().number <= round) {
    const std::vector<Barrier>& barriers = open_.front().barriers;
    confirmed.insert(confirmed.end(), barriers.begin(), barriers.end());
    open_.pop_front();
  }
  return confirmed;
}

void Confirmation::hash_into(StateHash& hash) const {
  // The numbers of rounds travel, so they count as they are.
  hash.add(newest_).add(waiting_.size());
  for (const Barrier& barrier : waiting_) {
    hash.add(barrier.conn).add(barrier.tag).add(barrier.committed);
  }
  for (const Round& round : open_) {
    hash.add(round.number).add(round.barriers.size());
    for (const Barrier& barrier : round.barriers) {
      hash.add(barrier.conn).add(barrier.tag).add(barrier.committed);
    }
  }
}

}  // namespace holdfast::zab
