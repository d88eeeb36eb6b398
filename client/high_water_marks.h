#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/mark_store.h"
#include "thrift/sequencer.h"
#include "zab/base/ids.h"

namespace holdfast::client {

// The highest generation seen of each lock.
class HighWaterMarks {
 public:
  explicit HighWaterMarks(std::size_t locks_max) : locks_max_(locks_max) {}

  enum class Finding {
    kOvertaken,  // A higher generation was seen: the sequencer is stale.
    kKnown,      // Its generation is the highest seen.
    kHigher,     // Its generation is higher than all seen: raise() before it is accepted.
    kFull,       // It is of a further lock, and there is no room for one.
  };
  Finding find(const Sequencer& sequencer) const;
  // Never lowers a mark.
  void raise(const HighWater& mark);
  Zxid mark(std::uint64_t cell_prefix, const std::string& path) const;  // None if not seen.

  static HighWater mark_of(const Sequencer& sequencer) {
    return {.cell_prefix = sequencer.cell_prefix,
            .path = sequencer.path,
            .generation = sequencer.generation};
  }

 private:
  std::size_t locks_max_;
  std::map<std::pair<std::uint64_t, std::string>, Zxid> marks_;
};

}  // namespace holdfast::client
