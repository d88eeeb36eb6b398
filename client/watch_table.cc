#include "client/watch_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "thrift/path.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

bool wants(const WatchTable::Watch& watch, const Event& event) {
  if (event.kind == EventKind::kEventsLost) return true;
  if (!watch.options.kinds.contains(event.kind)) return false;
  if (event.name.zxid < watch.active_from) return false;
  if (watch.options.after && event.name <= *watch.options.after) return false;
  // The change of leader concerns the whole cell, whatever path is watched.
  if (event.kind == EventKind::kLeaderChanged) return true;
  return event.path == watch.options.path ||
         (watch.options.recursive && is_ancestor(watch.options.path, event.path));
}

}  // namespace

WatchId WatchTable::add(WatchOptions options, CallId call) {
  newest_ = newest_.next();
  watches_.emplace(newest_, Watch{.options = std::move(options), .call = call});
  unmade_.insert(newest_);
  return newest_;
}

WatchTable::Watch* WatchTable::find(WatchId id) {
  const auto found = watches_.find(id);
  return found == watches_.end() ? nullptr : &found->second;
}

void WatchTable::erase(WatchId id) {
  watches_.erase(id);
  unmade_.erase(id);
}

void WatchTable::clear() {
  watches_.clear();
  unmade_.clear();
}

std::optional<WatchId> WatchTable::take_unmade() {
  if (unmade_.empty()) return std::nullopt;
  return unmade_.extract(unmade_.begin()).value();
}

void WatchTable::on_connection_lost() {
  for (const auto& [id, watch] : watches_) unmade_.insert(id);
}

wire::SetWatch WatchTable::request(WatchId id, EventName received) const {
  const auto found = watches_.find(id);
  HOLDFAST_CHECK(found != watches_.end(), "there is no watch " + to_string(id));
  const Watch& watch = found->second;
  wire::SetWatch request{.watch_id = id.value,
                         .path = watch.options.path,
                         .recursive = watch.options.recursive,
                         .kinds = watch.options.kinds,
                         .after = watch.options.after};
  if (!watch.active_from.is_none()) {
    // All events before active_from are before this name, whatever their indexes.
    const EventName before{.zxid = Zxid(watch.active_from.value - 1),
                           .index = std::numeric_limits<std::int32_t>::max()};
    request.after = std::max({received, before, request.after.value_or(EventName())});
  }
  return request;
}

std::vector<WatchId> WatchTable::of(const Event& event) const {
  std::vector<WatchId> found;
  for (const auto& [id, watch] : watches_) {
    if (wants(watch, event)) found.push_back(id);
  }
  return found;
}

}  // namespace holdfast::client
