#include "lockserver/replica/watch_hub.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "zab/base/check.h"

namespace holdfast::replica {

namespace {

using state::Event;
using state::EventKind;
using state::EventName;

// An index later than that of any event, and still an i32 for clients.
constexpr std::uint32_t kEnd = std::numeric_limits<std::int32_t>::max();

EventName end_of(Zxid zxid) {
  return EventName{zxid, kEnd};
}

EventName before(EventName name) {
  return name.index > 0 ? EventName{name.zxid, name.index - 1}
                        : end_of(Zxid(name.zxid.value == 0 ? 0 : name.zxid.value - 1));
}

std::size_t bytes_of(const Event& event) {
  constexpr std::size_t kFixedBytes = 96;
  return kFixedBytes + event.path.size() + event.child.size() + event.reason.size();
}

// The path and all above it, up to "/": `use` is called for each.
void for_each_root(std::string_view path, const std::function<void(std::string_view)>& use) {
  while (path.size() > 1) {
    use(path);
    const std::size_t slash = path.rfind('/');
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  use("/");
}

constexpr std::uint32_t bit_of(EventKind kind) {
  static_assert(static_cast<std::uint32_t>(EventKind::kLeaderChanged) < 31);
  return 1U << static_cast<std::uint32_t>(kind);
}

// Of watches ascending by id: the first whose id is not less.
template <typename Watches>
auto at_id(Watches& watches, std::uint64_t id) {
  return std::lower_bound(
      watches.begin(), watches.end(), id,
      [](const auto& watch, std::uint64_t wanted) { return watch.id < wanted; });
}

}  // namespace

std::vector<SessionId> WatchHub::on_state_loaded(const state::StateMachine& state, EventName seen) {
  losses_.clear();
  visit_history(state, EventName(), [&](const Event& event) {
    if (event.kind == EventKind::kLockLost && state.session(event.session)) {
      losses_[event.session] = event.name;
    }
    return true;
  });
  std::vector<SessionId> ended;
  std::vector<SessionId> awake;
  for (auto& [id, session] : sessions_) {
    if (!state.session(id)) {
      ended.push_back(id);
      continue;
    }
    const EventName last_due = session.last_due;
    const EventName gap = session.gap_through;
    look_back(id, session, seen, state);
    if (session.last_due > last_due || session.gap_through > gap) {
      awake.push_back(id);
    }
  }
  for (const SessionId id : ended) {
    on_session_ended(id);
  }
  return awake;
}

void WatchHub::attach(SessionId session, const state::StateMachine& state) {
  const auto [place, is_new] = sessions_.try_emplace(session);
  if (is_new) {
    place->second.floor = end_of(Zxid(session.value));
    place->second.looked_from = state.newest_event();
  }
}

void WatchHub::detach(SessionId session) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    return;
  }
  while (!found->second.watches.empty()) {
    unwatch(session, found->second.watches.back().id);
  }
  sessions_.erase(found);
}

void WatchHub::on_session_ended(SessionId session) {
  detach(session);
  losses_.erase(session);
}

WatchHub::Started WatchHub::watch(SessionId id, const Watch& watch,
                                  const state::StateMachine& state) {
  auto found = sessions_.find(id);
  HOLDFAST_CHECK(found != sessions_.end(), "session " + to_string(id) + " is not here");
  Session& session = found->second;
  unwatch(id, watch.id);
  if (session.watches.size() >= limits_.per_session) {
    return {.refused = Refused::kSessionFull, .active_from = Zxid(), .is_due = false};
  }
  if (watches_ >= limits_.in_all) {
    return {.refused = Refused::kReplicaFull, .active_from = Zxid(), .is_due = false};
  }
  const Watcher watcher{id, watch.id};
  const EventName after = watch.after.value_or(end_of(state.applied()));
  session.floor = std::min(session.floor, after);
  const auto place = (watch.recursive ? by_subtree_ : by_path_).try_emplace(watch.path).first;
  put_in(place->second, watcher);
  std::uint32_t kinds = 0;
  for (const EventKind kind : watch.kinds) kinds |= bit_of(kind);
  session.watches.insert(at_id(session.watches, watch.id),
                         Standing{.id = watch.id,
                                  .path = &place->first,
                                  .after_zxid = after.zxid,
                                  .after_index = after.index,
                                  .kinds = kinds & 0x7fff'ffffU,
                                  .recursive = watch.recursive ? 1U : 0U});
  if (watch.kinds.contains(EventKind::kLeaderChanged)) put_in(of_leaders_, watcher);
  ++watches_;

  Started started{.refused = std::nullopt,
                  .active_from = watch.after ? after.zxid : Zxid(after.zxid.value + 1),
                  .is_due = false};
  const bool is_whole = !watch.after || visit_history(state, after, [&](const Event& event) {
    if (wants(watcher, event)) {
      note_due(session, event.name);
      started.is_due = true;
    }
    return true;
  });
  if (!is_whole) {
    note_gap(session, state);
    started.active_from = Zxid(state.history_begins_after().value + 1);
    started.is_due = true;
  }
  return started;
}

void WatchHub::unwatch(SessionId session, std::uint64_t id) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    return;
  }
  std::vector<Standing>& watches = found->second.watches;
  const auto watch = at_id(watches, id);
  if (watch == watches.end() || watch->id != id) {
    return;
  }
  Index& index = watch->recursive ? by_subtree_ : by_path_;
  const auto place = index.find(*watch->path);
  take_out(place->second, {session, id});
  if (place->second.empty()) index.erase(place);
  take_out(of_leaders_, {session, id});
  watches.erase(watch);
  --watches_;
}

void WatchHub::put_in(Watchers& watchers, const Watcher& watcher) {
  watchers.insert(std::lower_bound(watchers.begin(), watchers.end(), watcher), watcher);
}

void WatchHub::take_out(Watchers& watchers, const Watcher& watcher) {
  const auto place = std::lower_bound(watchers.begin(), watchers.end(), watcher);
  if (place != watchers.end() && *place == watcher) watchers.erase(place);
}

std::vector<SessionId> WatchHub::on_events(const std::vector<Event>& events) {
  std::set<SessionId> awake;
  for (const Event& event : events) {
    std::set<SessionId> due;
    if (event.kind == EventKind::kLeaderChanged) {
      collect(of_leaders_, event, due);
    } else {
      if (auto found = by_path_.find(event.path); found != by_path_.end()) {
        collect(found->second, event, due);
      }
      for_each_root(event.path, [&](std::string_view root) {
        if (auto found = by_subtree_.find(root); found != by_subtree_.end()) {
          collect(found->second, event, due);
        }
      });
    }
    if (event.kind == EventKind::kLockLost) {
      due.insert(event.session);
      losses_[event.session] = event.name;
    }
    for (const SessionId id : due) {
      auto found = sessions_.find(id);
      if (found != sessions_.end()) {
        note_due(found->second, event.name);
        awake.insert(id);
      }
    }
  }
  return {awake.begin(), awake.end()};
}

WatchHub::Batch WatchHub::gather(SessionId id, EventName acknowledged,
                                 const state::StateMachine& state) {
  auto found = sessions_.find(id);
  HOLDFAST_CHECK(found != sessions_.end(), "session " + to_string(id) + " is not here");
  Session& session = found->second;
  const EventName from = std::max(acknowledged, session.floor);
  session.acknowledged = std::max(session.acknowledged, acknowledged);
  if (from < session.looked_from) {
    look_for_losses(id, session, from, state);
  }
  Batch batch;
  batch.lost = session.gap_through > from;
  batch.through = std::max({from, state.newest_event(), session.gap_through});
  if (session.last_due <= from) {
    return batch;
  }
  const EventName start = std::max(from, before(session.first_due));
  std::size_t bytes = 0;
  const bool is_whole = visit_history(state, start, [&](const Event& event) {
    if (!is_due(id, event)) {
      return true;
    }
    const std::size_t event_bytes = bytes_of(event);
    const bool is_full =
        batch.events.size() >= limits_.reply_events || bytes + event_bytes > limits_.reply_bytes;
    if (is_full && !batch.events.empty()) {
      batch.more = true;
      return false;
    }
    bytes += event_bytes;
    batch.events.push_back(event);
    return true;
  });
  if (!is_whole) {
    note_gap(session, state);
    batch.lost = true;
    batch.through = std::max(batch.through, session.gap_through);
  }
  if (batch.more) {
    batch.through = batch.events.back().name;
  }
  return batch;
}

EventName WatchHub::events_through(SessionId session) const {
  auto found = sessions_.find(session);
  return found == sessions_.end() ? EventName()
                                  : std::max(found->second.last_due, found->second.gap_through);
}

bool WatchHub::has_unheard_loss(SessionId session, EventName heard) const {
  auto loss = losses_.find(session);
  if (loss == losses_.end() || heard >= loss->second) {
    return false;
  }
  auto found = sessions_.find(session);
  return found == sessions_.end() || found->second.acknowledged < loss->second;
}

const WatchHub::Standing& WatchHub::standing(const Watcher& watcher) const {
  const std::vector<Standing>& watches = sessions_.at(watcher.first).watches;
  const auto watch = at_id(watches, watcher.second);
  HOLDFAST_CHECK(
      watch != watches.end() && watch->id == watcher.second,
      "session " + to_string(watcher.first) + " has no watch " + std::to_string(watcher.second));
  return *watch;
}

bool WatchHub::Standing::wants(EventKind kind) const {
  return (kinds & bit_of(kind)) != 0;
}

bool WatchHub::wants(const Watcher& watcher, const Event& event) const {
  const Standing& watch = standing(watcher);
  if (!watch.wants(event.kind) || event.name <= watch.after()) {
    return false;
  }
  if (event.kind == EventKind::kLockConflict && event.to != watcher.first) {
    return false;
  }
  const std::string& path = *watch.path;
  if (event.kind == EventKind::kLeaderChanged || event.path == path) {
    return true;
  }
  const bool is_below =
      path == "/" || (event.path.starts_with(path) && event.path[path.size()] == '/');
  return watch.recursive != 0 && is_below;
}

bool WatchHub::any_of(const Watchers& watchers, SessionId session, const Event& event) const {
  for (auto it = std::lower_bound(watchers.begin(), watchers.end(), Watcher{session, 0});
       it != watchers.end() && it->first == session; ++it) {
    if (wants(*it, event)) {
      return true;
    }
  }
  return false;
}

bool WatchHub::is_due(SessionId session, const Event& event) const {
  if (event.kind == EventKind::kLeaderChanged) {
    return any_of(of_leaders_, session, event);
  }
  if (event.kind == EventKind::kLockLost && event.session == session) {
    return true;
  }
  if (auto found = by_path_.find(event.path);
      found != by_path_.end() && any_of(found->second, session, event)) {
    return true;
  }
  bool due = false;
  for_each_root(event.path, [&](std::string_view root) {
    auto found = by_subtree_.find(root);
    due = due || (found != by_subtree_.end() && any_of(found->second, session, event));
  });
  return due;
}

void WatchHub::collect(const Watchers& watchers, const Event& event,
                       std::set<SessionId>& sessions) const {
  for (const Watcher& watcher : watchers) {
    if (wants(watcher, event)) {
      sessions.insert(watcher.first);
    }
  }
}

void WatchHub::note_due(Session& session, EventName name) {
  const bool none_open =
      session.first_due == EventName() || session.last_due <= session.acknowledged;
  session.first_due = none_open ? name : std::min(session.first_due, name);
  session.last_due = std::max(session.last_due, name);
}

void WatchHub::note_gap(Session& session, const state::StateMachine& state) const {
  session.gap_through = std::max(session.gap_through, end_of(state.history_begins_after()));
}

bool WatchHub::visit_history(const state::StateMachine& state, EventName after,
                             const std::function<bool(const Event&)>& visit) {
  if (state.events_after(after, visit)) {
    return true;
  }
  const bool rest_is_there = state.events_after(end_of(state.history_begins_after()), visit);
  HOLDFAST_CHECK(rest_is_there, "the history lacks what it says to have");
  return false;
}

void WatchHub::look_back(SessionId id, Session& session, EventName from,
                         const state::StateMachine& state) {
  const bool is_whole = visit_history(state, from, [&](const Event& event) {
    if (is_due(id, event)) {
      note_due(session, event.name);
    }
    return true;
  });
  if (!is_whole) {
    note_gap(session, state);
  }
  session.looked_from = std::min(session.looked_from, from);
}

// What a watch wants of earlier events was noted when it began. When many sessions come here at
// once, each from long ago, nothing of the history is read for those who have lost nothing.
void WatchHub::look_for_losses(SessionId id, Session& session, EventName from,
                               const state::StateMachine& state) {
  const auto loss = losses_.find(id);
  const bool has_lost = loss != losses_.end() && loss->second > from;
  const bool is_whole = visit_history(state, from, [&](const Event& event) {
    if (event.kind == EventKind::kLockLost && event.session == id) note_due(session, event.name);
    return has_lost;
  });
  if (!is_whole) note_gap(session, state);
  session.looked_from = std::min(session.looked_from, from);
}

}  // namespace holdfast::replica
