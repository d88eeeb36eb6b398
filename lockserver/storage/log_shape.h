#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "zab/types.h"

namespace holdfast::storage {

// The entries of one epoch with the counters first..last.
struct ZxidRange {
  Epoch epoch;
  std::uint32_t first = 1;
  std::uint32_t last = 0;
  std::uint64_t count() const { return std::uint64_t{last} - first + 1; }
  bool operator==(const ZxidRange&) const = default;
};

// Which entries a log on disk holds, without reading it: its base and, for each epoch, the last
// counter. Keeps the rule of R17 (each entry follows the one before it) and tells exactly which
// entries an operation takes away.
class LogShape {
 public:
  explicit LogShape(Zxid base);

  Zxid base() const { return base_; }
  Zxid last() const;  // base() when it holds no entry.
  const zab::EpochVector& epochs() const { return epochs_; }
  std::uint64_t entry_count() const;
  // True for each entry and for the base.
  bool holds(Zxid zxid) const;

  // Whether the entry continues this log: prev is last(), and the zxid is the next counter of its
  // epoch or counter 1 of a later one.
  bool is_next(const zab::Entry& entry) const;
  void append(const zab::Entry& entry);  // Aborts unless is_next(entry).

  // Each gives the entries that are gone, ascending. `to` and `through` must be held.
  std::vector<ZxidRange> truncate(Zxid to);
  std::vector<ZxidRange> purge(Zxid through);
  // Becomes empty with this base, whatever it held.
  std::vector<ZxidRange> install(Zxid base);

  std::string describe() const;  // "base=1.3 epochs=[1:8 2:3]"

 private:
  std::vector<ZxidRange> ranges_after(Zxid after) const;

  Zxid base_;
  zab::EpochVector epochs_;  // In the form of zab::EpochVector: the base's epoch comes first.
};

// The part of a range up to and including `through`, if any; the rest of it beyond `through`, if
// any.
std::optional<ZxidRange> part_through(const ZxidRange& range, Zxid through);
std::optional<ZxidRange> part_beyond(const ZxidRange& range, Zxid through);

// How many bytes the entries of a log take. Runs of entries are counted together, so that after a
// truncation or a purge the figure may be too large by at most one run.
class LogSize {
 public:
  void append(Zxid zxid, std::uint64_t bytes);
  void truncate(Zxid to);
  void purge(Zxid through);
  void clear();
  std::uint64_t total() const { return total_; }

 private:
  static constexpr std::uint64_t kRunBytes = 64 * 1024;
  struct Run {
    Zxid last;
    std::uint64_t bytes = 0;
  };
  std::deque<Run> runs_;
  std::uint64_t total_ = 0;
};

}  // namespace holdfast::storage
