#include "client/high_water_marks.h"

#include <algorithm>

namespace holdfast::client {

HighWaterMarks::Finding HighWaterMarks::find(const Sequencer& sequencer) const {
  const auto found = marks_.find({sequencer.cell_prefix, sequencer.path});
  if (found == marks_.end()) {
    return marks_.size() < locks_max_ ? Finding::kHigher : Finding::kFull;
  }
  if (sequencer.generation < found->second) return Finding::kOvertaken;
  return sequencer.generation == found->second ? Finding::kKnown : Finding::kHigher;
}

void HighWaterMarks::raise(const HighWater& mark) {
  Zxid& highest = marks_[{mark.cell_prefix, mark.path}];
  highest = std::max(highest, mark.generation);
}

Zxid HighWaterMarks::mark(std::uint64_t prefix, const std::string& path) const {
  const auto found = marks_.find({prefix, path});
  return found == marks_.end() ? Zxid() : found->second;
}

}  // namespace holdfast::client
