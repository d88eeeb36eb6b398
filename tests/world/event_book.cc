#include "tests/world/event_book.h"

#include <algorithm>
#include <array>
#include <limits>

#include "thrift/path.h"

namespace holdfast::world {
namespace {

client::EventName name_of(const state::Event& event) {
  return {.zxid = event.name.zxid, .index = event.name.index};
}

client::EventName end_of(Zxid zxid) {
  return {.zxid = zxid, .index = std::numeric_limits<std::uint32_t>::max()};
}

std::string to_string(client::EventName name) {
  return holdfast::to_string(name.zxid) + "#" + std::to_string(name.index);
}

const char* kind_name(state::EventKind kind) {
  switch (kind) {
    case state::EventKind::kContentsChanged:
      return "event contents changed";
    case state::EventKind::kChildAdded:
      return "event child added";
    case state::EventKind::kChildRemoved:
      return "event child removed";
    case state::EventKind::kNodeDeleted:
      return "event node deleted";
    case state::EventKind::kNodeCreated:
      return "event node created";
    case state::EventKind::kLockAcquired:
      return "event lock acquired";
    case state::EventKind::kLockReleased:
      return "event lock released";
    case state::EventKind::kLockLost:
      return "event lock lost";
    case state::EventKind::kLockConflict:
      return "event lock conflict";
    case state::EventKind::kLeaderChanged:
      return "event leader changed";
  }
  return "event unknown";
}

bool is_same(const client::Event& told, const state::Event& event) {
  return static_cast<int>(told.kind) == static_cast<int>(event.kind) && told.path == event.path &&
         told.child == event.child && told.instance == event.instance &&
         told.content_generation == event.content_generation;
}

}  // namespace

void EventBook::on_committed(const Committed&, const state::Command&, const Applied& effects) {
  for (const state::Event& event : effects.events) {
    story_.count(kind_name(event.kind));
    events_.push_back(event);
  }
}

std::size_t EventBook::after(client::EventName name) const {
  const auto found = std::upper_bound(
      events_.begin(), events_.end(), name,
      [](client::EventName wanted, const state::Event& event) { return wanted < name_of(event); });
  return static_cast<std::size_t>(found - events_.begin());
}

const state::Event* EventBook::find(client::EventName name) const {
  const std::size_t next = after(name);
  if (next == 0 || name_of(events_[next - 1]) != name) return nullptr;
  return &events_[next - 1];
}

void WatchCheck::on_asked(client::WatchId watch, const client::WatchOptions& options) {
  watches_[watch] = {.options = options, .active_from = Zxid(), .told = {}};
}

bool WatchCheck::wants(const Watch& watch, const state::Event& event) const {
  if (event.name.zxid < watch.active_from) return false;
  if (!watch.options.kinds.contains(static_cast<client::EventKind>(event.kind))) return false;
  if (event.kind == state::EventKind::kLeaderChanged) return true;
  if (event.kind == state::EventKind::kLockConflict && event.to != session_) return false;
  return event.path == watch.options.path ||
         (watch.options.recursive && is_ancestor(watch.options.path, event.path));
}

// What came between its beginning and now, before that beginning was known, must have been told.
void WatchCheck::on_started(client::WatchId id, Zxid active_from) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  watch.active_from = active_from;
  const std::size_t first = book_.after(
      {.zxid = Zxid(active_from.value - 1), .index = std::numeric_limits<std::uint32_t>::max()});
  for (std::size_t i = first; i < checked_; ++i) check_told(id, watch, book_.events()[i]);
}

void WatchCheck::check_told(client::WatchId id, const Watch& watch, const state::Event& event) {
  if (watch.active_from.is_none() || !wants(watch, event)) return;
  const client::EventName name = name_of(event);
  if (name <= lost_through_) return;
  verdict_.require(watch.told.contains(name), "WATCH-GAP", [&] {
    return who_ + " was shown a later state, but watch " + holdfast::to_string(id) + " of " +
           watch.options.path + " was not told the event " + to_string(name) + " (" +
           kind_name(event.kind) + ") of " + event.path;
  });
}

void WatchCheck::check_one(const client::EventTold& told) {
  const client::Event& event = told.event;
  verdict_.require(event.name > newest_told_, "WATCH-REPEAT", [&] {
    return who_ + " is told " + to_string(event.name) + " after " + to_string(newest_told_);
  });
  newest_told_ = std::max(newest_told_, event.name);
  if (event.kind == client::EventKind::kEventsLost) {
    lost_through_ = std::max(lost_through_, event.name);
    return;
  }
  const state::Event* known = book_.find(event.name);
  verdict_.require(known != nullptr && is_same(event, *known), "WATCH-TRUTH", [&] {
    return who_ + " is told an event " + to_string(event.name) + " of " + event.path +
           " that did not happen so";
  });
  if (known == nullptr) return;
  for (const client::WatchId id : told.watches) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) continue;
    verdict_.require(wants(found->second, *known), "WATCH-TRUTH", [&] {
      return who_ + ": watch " + holdfast::to_string(id) + " is told " + to_string(event.name) +
             ", which it did not ask for";
    });
    found->second.told.insert(event.name);
  }
}

void WatchCheck::on_told(const client::EventsCame& told) {
  for (const client::EventTold& each : told.events) check_one(each);
  advance(told.through);
}

void WatchCheck::on_shown(Zxid zxid) {
  advance(end_of(zxid));
}

void WatchCheck::advance(client::EventName through) {
  const std::vector<state::Event>& events = book_.events();
  if (watches_.empty()) {  // Quick: nobody is to be told anything.
    checked_ = std::max(checked_, book_.after(through));
    return;
  }
  for (; checked_ < events.size() && name_of(events[checked_]) <= through; ++checked_) {
    for (const auto& [id, watch] : watches_) check_told(id, watch, events[checked_]);
  }
}

}  // namespace holdfast::world
