#include "lockserver/state/event_history.h"

#include <algorithm>
#include <utility>

#include "lockserver/state/image_codec.h"
#include "lockserver/state/records.h"
#include "zab/base/check.h"

namespace holdfast::state {
namespace {

std::uint64_t bytes_of(const std::vector<Event>& events) {
  std::uint64_t bytes = 0;
  for (const Event& event : events) {
    bytes += kEventBytes + event.path.size() + event.child.size() + event.reason.size();
  }
  return bytes;
}

}  // namespace

EventHistory::Kept EventHistory::kept(const std::vector<Event>& events) {
  return {.encoded = encode_events(events),
          .newest = events.back().name.index,
          .bytes = bytes_of(events)};
}

void EventHistory::append(Zxid zxid, const std::vector<Event>& events) {
  if (events.empty()) return;
  HOLDFAST_CHECK(newest_ < events.front().name, "events out of order at " + to_string(zxid));
  newest_ = events.back().name;
  bytes_ += entries_.emplace(zxid, kept(events)).first->second.bytes;
  added_.push_back(zxid);
  trim();
}

void EventHistory::trim() {
  while (bytes_ > bytes_max_) {
    const auto oldest = entries_.begin();
    floor_ = {.zxid = oldest->first, .index = oldest->second.newest};
    bytes_ -= oldest->second.bytes;
    removed_.push_back(oldest->first);
    entries_.erase(oldest);
  }
}

bool EventHistory::visit_after(EventName after,
                               const std::function<bool(const Event&)>& visit) const {
  if (after < floor_) return false;
  for (auto entry = entries_.lower_bound(after.zxid); entry != entries_.end(); ++entry) {
    if (entry->first == after.zxid && entry->second.newest <= after.index) continue;
    for (const Event& event : read_events(entry->first, entry->second.encoded)) {
      if (after < event.name && !visit(event)) return true;
    }
  }
  return true;
}

std::vector<Write> EventHistory::take_writes() {
  std::vector<Write> writes;
  for (const Zxid zxid : added_) {
    // What has gone since then was never stored.
    if (const auto entry = entries_.find(zxid); entry != entries_.end()) {
      writes.push_back({.key = events_key(zxid), .value = entry->second.encoded});
    }
  }
  for (const Zxid zxid : removed_) {
    const bool is_stored = added_.empty() || zxid < added_.front();
    if (is_stored) writes.push_back({.key = events_key(zxid), .value = std::nullopt});
  }
  added_.clear();
  removed_.clear();
  return writes;
}

std::vector<Write> EventHistory::all_writes() const {
  std::vector<Write> writes;
  for (const auto& [zxid, entry] : entries_) {
    writes.push_back({.key = events_key(zxid), .value = entry.encoded});
  }
  return writes;
}

Status EventHistory::load_events(Zxid zxid, const std::vector<Event>& events) {
  bytes_ += bytes_of(events);
  if (events.empty() || !entries_.emplace(zxid, kept(events)).second) {
    return {StatusCode::kCorrupt, "The image's events of " + to_string(zxid) + " are wrong."};
  }
  return {};
}

Status EventHistory::finish_load(const Ends& ends) {
  floor_ = ends.floor;
  newest_ = ends.newest;
  trim();  // The limit may have been lowered since.
  return audit();
}

Status EventHistory::audit() const {
  std::uint64_t bytes = 0;
  EventName last = floor_;
  for (const auto& [zxid, entry] : entries_) {
    const std::vector<Event> events = read_events(zxid, entry.encoded);
    for (const Event& event : events) {
      if (event.name.zxid != zxid || event.name <= last) {
        return {StatusCode::kCorrupt, "The events of " + to_string(zxid) + " are out of order."};
      }
      last = event.name;
    }
    bytes += bytes_of(events);
  }
  if (bytes != bytes_ || last != newest_) {
    return {StatusCode::kCorrupt, "The history of events does not end where it should."};
  }
  return {};
}

}  // namespace holdfast::state
