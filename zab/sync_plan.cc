#include "zab/sync_plan.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::zab {
namespace {

std::optional<std::uint32_t> counter_of(const EpochVector& epochs, Epoch epoch) {
  for (const EpochEnd& end : epochs) {
    if (end.epoch == epoch) return end.last_counter;
  }
  return std::nullopt;
}

// True when an image costs less than what follows the common point, by the operator's measure.
bool is_dear(const LogView& own, Zxid from, const SyncCost& cost) {
  if (cost.image_bytes == 0 || cost.snap_percent == 0) return false;
  const std::uint64_t bytes = own.bytes_after(from);
  // Divided first, because a product of two 64-bit sizes may not fit.
  return bytes > cost.image_bytes / 100 * cost.snap_percent +
                     cost.image_bytes % 100 * cost.snap_percent / 100;
}

}  // namespace

bool valid_epochs(const LearnerLog& log) {
  if (!is_well_formed(log.epochs)) return false;
  const std::optional<std::uint32_t> last = counter_of(log.epochs, log.floor.epoch());
  if (!last || log.floor.counter() > *last) return false;
  // (e, 0) names no entry; it can only be the base of a log, which is the first element.
  return log.floor.counter() != 0 || log.floor.epoch() == log.epochs.front().epoch;
}

std::optional<Zxid> common_point(const LogView& own, const EpochVector& learner) {
  const EpochVector& epochs = own.epochs();
  for (auto end = epochs.rbegin(); end != epochs.rend(); ++end) {
    const std::optional<std::uint32_t> theirs = counter_of(learner, end->epoch);
    if (!theirs) continue;
    const Zxid point(end->epoch, std::min(end->last_counter, *theirs));
    if (own.holds(point)) return point;
  }
  return std::nullopt;
}

SyncPlan plan_sync(const LogView& own, const LearnerLog& learner, const SyncCost& cost) {
  HOLDFAST_CHECK(valid_epochs(learner), to_string(learner.epochs) + " " + to_string(learner.floor));
  const SyncPlan snap{.mode = SyncPlan::Mode::kSnap, .from = Zxid()};
  const std::optional<Zxid> common = common_point(own, learner.epochs);
  if (!common || *common < learner.floor) return snap;
  if (is_dear(own, *common, cost)) return snap;
  const bool is_prefix = *common == last_of(learner.epochs);
  return {.mode = is_prefix ? SyncPlan::Mode::kDiff : SyncPlan::Mode::kTrunc, .from = *common};
}

std::string to_string(SyncPlan::Mode mode) {
  switch (mode) {
    case SyncPlan::Mode::kDiff:
      return "DIFF";
    case SyncPlan::Mode::kTrunc:
      return "TRUNC";
    case SyncPlan::Mode::kSnap:
      return "SNAP";
  }
  return "mode " + std::to_string(static_cast<int>(mode));
}

}  // namespace holdfast::zab
