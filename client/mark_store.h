#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zab/base/ids.h"
#include "zab/base/status.h"

namespace holdfast::client {

// The highest generation that was seen of one lock.
struct HighWater {
  std::uint64_t cell_prefix = 0;  // First 8 bytes of the cell id.
  std::string path{};
  Zxid generation{};

  bool operator==(const HighWater&) const = default;
};

// Keeps the marks of a SequencerChecker over restarts. Used by one thread at a time.
class MarkStore {
 public:
  MarkStore() = default;
  MarkStore(const MarkStore&) = delete;
  MarkStore& operator=(const MarkStore&) = delete;
  virtual ~MarkStore() = default;

  // All that was saved, at least the highest of each lock; called once, first.
  virtual std::vector<HighWater> load() = 0;
  // Called before a sequencer that raises the mark is accepted; answers when the mark is safe. A
  // failure says that it may not be: the sequencer is not accepted then.
  virtual Status save(const HighWater& mark) = 0;
};

}  // namespace holdfast::client
