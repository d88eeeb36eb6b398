#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "zab/log_view.h"
#include "zab/types.h"

namespace holdfast::zab {

// How a learner is brought to the leader's history (ZAB.md §3.3).
struct SyncPlan {
  enum class Mode { kDiff, kTrunc, kSnap };
  Mode mode = Mode::kDiff;
  Zxid from;  // kDiff, kTrunc: the common point; entries after it follow. kSnap: unused (0.0), the
              // image decides.

  bool operator==(const SyncPlan&) const = default;
};

struct LearnerLog {
  EpochVector epochs;  // As it stands in AckEpoch; validated by valid_epochs.
  Zxid floor;          // As in AckEpoch: the learner cannot be truncated below it.
};

// A shape that a log can have, with the floor among its entries or at its base.
bool valid_epochs(const LearnerLog& log);

// The largest own entry (or own base) that the learner's log holds too (R15); nothing when it lies
// before our base.
std::optional<Zxid> common_point(const LogView& own, const EpochVector& learner);

struct SyncCost {
  std::uint64_t image_bytes = 0;   // Size of our image; 0 = unknown: never SNAP for cost alone.
  std::uint32_t snap_percent = 0;  // As in Options.
};

// Chooses the mode. `learner` must satisfy valid_epochs. SNAP is chosen where nothing else is
// right, and where the entries to be sent weigh more than their share of the image.
SyncPlan plan_sync(const LogView& own, const LearnerLog& learner, const SyncCost& cost);

std::string to_string(SyncPlan::Mode mode);

}  // namespace holdfast::zab
