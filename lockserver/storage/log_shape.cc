#include "lockserver/storage/log_shape.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::storage {

LogShape::LogShape(Zxid base)
    : base_(base), epochs_{{.epoch = base.epoch(), .last_counter = base.counter()}} {}

Zxid LogShape::last() const {
  return Zxid(epochs_.back().epoch, epochs_.back().last_counter);
}

std::uint64_t LogShape::entry_count() const {
  std::uint64_t count = 0;
  for (const zab::EpochEnd& end : epochs_) count += end.last_counter;
  return count - base_.counter();
}

bool LogShape::holds(Zxid zxid) const {
  if (zxid == base_) return true;
  if (zxid < base_ || zxid.counter() == 0) return false;
  return std::any_of(epochs_.begin(), epochs_.end(), [&](const zab::EpochEnd& end) {
    return end.epoch == zxid.epoch() && zxid.counter() <= end.last_counter;
  });
}

bool LogShape::is_next(const zab::Entry& entry) const {
  const Zxid end = last();
  if (entry.prev != end) return false;
  if (entry.zxid.epoch() == end.epoch()) {
    return entry.zxid.counter() > end.counter() && entry.zxid.counter() - end.counter() == 1;
  }
  return entry.zxid.epoch() > end.epoch() && entry.zxid.counter() == 1;
}

void LogShape::append(const zab::Entry& entry) {
  HOLDFAST_CHECK(is_next(entry), "entry " + to_string(entry.zxid) + " after " +
                                     to_string(entry.prev) + " does not follow " + describe());
  if (epochs_.back().epoch == entry.zxid.epoch()) {
    epochs_.back().last_counter = entry.zxid.counter();
  } else {
    epochs_.push_back({.epoch = entry.zxid.epoch(), .last_counter = entry.zxid.counter()});
  }
}

std::vector<ZxidRange> LogShape::ranges_after(Zxid after) const {
  std::vector<ZxidRange> ranges;
  for (const zab::EpochEnd& end : epochs_) {
    const std::uint32_t below = end.epoch == base_.epoch() ? base_.counter() : 0;
    if (end.last_counter == below) continue;
    const ZxidRange all{.epoch = end.epoch, .first = below + 1, .last = end.last_counter};
    if (const auto part = part_beyond(all, after)) ranges.push_back(*part);
  }
  return ranges;
}

std::vector<ZxidRange> LogShape::truncate(Zxid to) {
  HOLDFAST_CHECK(holds(to), "truncation to " + to_string(to) + " of a log with " + describe());
  std::vector<ZxidRange> gone = ranges_after(to);
  while (epochs_.back().epoch > to.epoch()) epochs_.pop_back();
  epochs_.back().last_counter = to.counter();
  return gone;
}

std::vector<ZxidRange> LogShape::purge(Zxid through) {
  HOLDFAST_CHECK(holds(through),
                 "purge through " + to_string(through) + " of a log with " + describe());
  std::vector<ZxidRange> gone;
  for (const ZxidRange& range : ranges_after(base_)) {
    if (const auto part = part_through(range, through)) gone.push_back(*part);
  }
  std::erase_if(epochs_, [&](const zab::EpochEnd& end) { return end.epoch < through.epoch(); });
  base_ = through;
  return gone;
}

std::vector<ZxidRange> LogShape::install(Zxid base) {
  std::vector<ZxidRange> gone = ranges_after(base_);
  *this = LogShape(base);
  return gone;
}

std::string LogShape::describe() const {
  std::string text = "base=" + to_string(base_) + " epochs=[";
  for (const zab::EpochEnd& end : epochs_) {
    if (text.back() != '[') text += ' ';
    text += to_string(end.epoch) + ":" + std::to_string(end.last_counter);
  }
  return text + "]";
}

std::optional<ZxidRange> part_through(const ZxidRange& range, Zxid through) {
  if (range.epoch < through.epoch()) return range;
  if (range.epoch > through.epoch() || through.counter() < range.first) return std::nullopt;
  return ZxidRange{range.epoch, range.first, std::min(range.last, through.counter())};
}

std::optional<ZxidRange> part_beyond(const ZxidRange& range, Zxid through) {
  if (range.epoch > through.epoch()) return range;
  if (range.epoch < through.epoch() || through.counter() >= range.last) return std::nullopt;
  return ZxidRange{range.epoch, std::max(range.first, through.counter() + 1), range.last};
}

void LogSize::append(Zxid zxid, std::uint64_t bytes) {
  if (runs_.empty() || runs_.back().bytes + bytes > kRunBytes) runs_.push_back({});
  runs_.back().last = zxid;
  runs_.back().bytes += bytes;
  total_ += bytes;
}

void LogSize::truncate(Zxid to) {
  while (!runs_.empty() && runs_.back().last > to) {
    const bool reaches_below = runs_.size() > 1 ? runs_[runs_.size() - 2].last < to : !to.is_none();
    if (reaches_below) {
      runs_.back().last = to;
    } else {
      total_ -= runs_.back().bytes;
      runs_.pop_back();
    }
  }
}

void LogSize::purge(Zxid through) {
  while (!runs_.empty() && runs_.front().last <= through) {
    total_ -= runs_.front().bytes;
    runs_.pop_front();
  }
}

void LogSize::clear() {
  runs_.clear();
  total_ = 0;
}

}  // namespace holdfast::storage
