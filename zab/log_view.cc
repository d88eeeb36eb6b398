#include "zab/log_view.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::zab {
namespace {

std::size_t cost(const Entry& entry) {
  return entry.payload.size() + sizeof(Entry);
}

Zxid end_of(const EpochEnd& end) {
  return Zxid(end.epoch, end.last_counter);
}

// The element of the zxid's epoch, or the end.
EpochVector::const_iterator find_epoch(const EpochVector& epochs, Epoch epoch) {
  const auto it = std::lower_bound(epochs.begin(), epochs.end(), epoch,
                                   [](const EpochEnd& end, Epoch e) { return end.epoch < e; });
  return it != epochs.end() && it->epoch == epoch ? it : epochs.end();
}

bool follows(Zxid zxid, Zxid prev) {
  if (zxid.epoch() == prev.epoch()) {
    return zxid.counter() != 0 && zxid.counter() - 1 == prev.counter();
  }
  return zxid.epoch() > prev.epoch() && zxid.counter() == 1;
}

}  // namespace

bool is_well_formed(const EpochVector& epochs) {
  if (epochs.empty()) return false;
  if (epochs.front().epoch.is_none() && epochs.front().last_counter != 0) return false;
  for (std::size_t i = 1; i < epochs.size(); ++i) {
    if (epochs[i].epoch <= epochs[i - 1].epoch || epochs[i].last_counter == 0) return false;
  }
  return true;
}

Zxid last_of(const EpochVector& epochs) {
  return end_of(epochs.back());
}

LogView::LogView(const DurableState& start, std::size_t window_bytes)
    : base_(start.base), epochs_(start.epochs), window_bytes_max_(window_bytes) {
  HOLDFAST_CHECK(is_well_formed(epochs_), "epochs=" + to_string(epochs_));
  HOLDFAST_CHECK(
      epochs_.front().epoch == base_.epoch() && epochs_.front().last_counter >= base_.counter(),
      "base=" + to_string(base_) + " epochs=" + to_string(epochs_));
  durable_ = last();
  if (start.tail.empty()) return;
  HOLDFAST_CHECK(holds(start.tail.front().prev), describe());
  HOLDFAST_CHECK(start.tail.back().zxid == last(), describe());
  for (std::size_t i = 0; i < start.tail.size(); ++i) {
    const Entry& entry = start.tail[i];
    HOLDFAST_CHECK(i == 0 || entry.prev == start.tail[i - 1].zxid, describe());
    HOLDFAST_CHECK(follows(entry.zxid, entry.prev) && holds(entry.zxid), describe());
    push(entry);
  }
}

Zxid LogView::last() const {
  return last_of(epochs_);
}

bool LogView::holds(Zxid zxid) const {
  if (zxid == base_) return true;
  if (zxid < base_ || zxid.counter() == 0) return false;
  const auto end = find_epoch(epochs_, zxid.epoch());
  return end != epochs_.end() && zxid.counter() <= end->last_counter;
}

Zxid LogView::next_after(Zxid zxid) const {
  HOLDFAST_CHECK(holds(zxid) && zxid < last(), to_string(zxid) + " in " + describe());
  const auto end = find_epoch(epochs_, zxid.epoch());
  if (zxid.counter() < end->last_counter) return Zxid(zxid.value + 1);
  return Zxid(std::next(end)->epoch, 1);
}

void LogView::append(const Entry& entry, Token token) {
  check_next(entry);
  note_token(token);
  if (entry.zxid.epoch() == epochs_.back().epoch) {
    epochs_.back().last_counter = entry.zxid.counter();
  } else {
    epochs_.push_back({entry.zxid.epoch(), entry.zxid.counter()});
  }
  if (!pending_.empty() && pending_.back().token == token) {
    pending_.back().last = entry.zxid;
  } else {
    pending_.push_back({token, entry.zxid});
  }
  push(entry);
}

void LogView::truncate(Zxid to, Token token) {
  HOLDFAST_CHECK(holds(to), to_string(to) + " in " + describe());
  note_token(token);
  while (epochs_.back().epoch > to.epoch()) epochs_.pop_back();
  epochs_.back().last_counter = to.counter();
  while (!window_.empty() && window_.back().entry.zxid > to) window_.pop_back();
  durable_ = std::min(durable_, to);
  // Of the appends that reach beyond `to`, the first one completes the prefix that remains.
  while (!pending_.empty() && pending_.back().last > to) {
    const std::size_t count = pending_.size();
    const Zxid before = count > 1 ? pending_[count - 2].last : durable_;
    if (before < to) {
      pending_.back().last = to;
    } else {
      pending_.pop_back();
    }
  }
}

void LogView::install(Zxid base, Token token) {
  note_token(token);
  base_ = base;
  durable_ = base;
  epochs_ = {{base.epoch(), base.counter()}};
  pending_.clear();
  window_.clear();
  bytes_before_window_ = 0;
}

void LogView::purge(Zxid through) {
  HOLDFAST_CHECK(holds(through) && through <= durable_, to_string(through) + " in " + describe());
  base_ = through;
  const auto first = find_epoch(epochs_, through.epoch());
  epochs_.erase(epochs_.begin(), first);
  while (!window_.empty() && window_.front().entry.zxid <= through) {
    bytes_before_window_ = window_.front().bytes_through;
    window_.pop_front();
  }
}

void LogView::on_persisted(Token through) {
  completed_ = std::max(completed_, through);
  while (!pending_.empty() && pending_.front().token <= through) {
    durable_ = pending_.front().last;
    pending_.pop_front();
  }
}

std::optional<std::vector<Entry>> LogView::slice(Zxid after, Zxid through,
                                                 std::size_t max_bytes) const {
  HOLDFAST_CHECK(holds(after) && after < through && through <= last(),
                 to_string(after) + ".." + to_string(through) + " in " + describe());
  auto it = first_after(after);
  if (it == window_.end() || it->entry.zxid != next_after(after)) return std::nullopt;
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (; it != window_.end() && it->entry.zxid <= through; ++it) {
    bytes += cost(it->entry);
    if (!entries.empty() && bytes > max_bytes) break;
    entries.push_back(it->entry);
  }
  return entries;
}

std::size_t LogView::bytes_after(Zxid after) const {
  HOLDFAST_CHECK(holds(after), to_string(after) + " in " + describe());
  if (window_.empty()) return 0;
  const std::uint64_t end = window_.back().bytes_through;
  const auto it = first_after(after);
  if (it != window_.begin()) return end - std::prev(it)->bytes_through;
  const std::uint64_t older = entries_between(after, window_.front().entry.prev);
  return window_payload_bytes() + older * (window_payload_bytes() / window_.size());
}

std::uint64_t LogView::unsaved_bytes() const {
  return bytes_after(durable_) + entries_between(durable_, last()) * sizeof(Entry);
}

void LogView::trim(Zxid delivered) {
  const Zxid may_go = std::min(durable_, delivered);
  while (!window_.empty() && window_.front().entry.zxid <= may_go &&
         window_payload_bytes() + window_.size() * sizeof(Entry) > window_bytes_max_) {
    bytes_before_window_ = window_.front().bytes_through;
    window_.pop_front();
  }
}

void LogView::hash_into(StateHash& hash) const {
  hash.add(base_).add(durable_).add(window_bytes_max_).add(epochs_.size());
  for (const EpochEnd& end : epochs_) hash.add(end.epoch).add(end.last_counter);
  // Tokens only matter by their distance from what is complete.
  hash.add(pending_.size());
  for (const PendingAppend& append : pending_) {
    hash.add(append.token.value - completed_.value).add(append.last);
  }
  hash.add(window_.size());
  for (const Slot& slot : window_) hash.add(slot.entry.zxid).add(slot.entry.payload.view());
}

std::string LogView::describe() const {
  return "base=" + to_string(base_) + " last=" + to_string(last()) +
         " durable=" + to_string(durable_) + " epochs=" + to_string(epochs_);
}

std::deque<LogView::Slot>::const_iterator LogView::first_after(Zxid zxid) const {
  return std::upper_bound(window_.begin(), window_.end(), zxid,
                          [](Zxid z, const Slot& slot) { return z < slot.entry.zxid; });
}

std::uint64_t LogView::window_payload_bytes() const {
  return window_.empty() ? 0 : window_.back().bytes_through - bytes_before_window_;
}

// How many entries lie after `after` up to and including `through`; both must be held.
std::uint64_t LogView::entries_between(Zxid after, Zxid through) const {
  std::uint64_t count = 0;
  for (const EpochEnd& end : epochs_) {
    if (end.epoch < after.epoch() || end.epoch > through.epoch()) continue;
    const std::uint64_t from = end.epoch == after.epoch() ? after.counter() : 0;
    const std::uint64_t to = end.epoch == through.epoch() ? through.counter() : end.last_counter;
    count += to - from;
  }
  return count;
}

void LogView::check_next(const Entry& entry) const {
  HOLDFAST_CHECK(entry.prev == last() && follows(entry.zxid, entry.prev),
                 to_string(entry.zxid) + " after " + to_string(entry.prev) + " in " + describe());
}

void LogView::note_token(Token token) {
  HOLDFAST_CHECK(token >= newest_token_, to_string(token) + " after " + to_string(newest_token_));
  newest_token_ = token;
}

void LogView::push(const Entry& entry) {
  const std::uint64_t before =
      window_.empty() ? bytes_before_window_ : window_.back().bytes_through;
  window_.push_back({entry, before + entry.payload.size()});
}

}  // namespace holdfast::zab
