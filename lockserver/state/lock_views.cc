#include "lockserver/state/lock_views.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "lockserver/state/errors.h"
#include "thrift/path.h"
#include "thrift/printable.h"
#include "zab/base/check.h"

namespace holdfast::state {
namespace {

// Times count from here at the earliest: a new leader starts them again in full.
std::int64_t counted_from(const Rooms& rooms, std::int64_t began_cluster_ms) {
  return std::max(began_cluster_ms, rooms.meta.epoch_began_cluster_ms);
}

// The delay that ends last.
const std::pair<const LockDelay::Key, LockDelay>& decisive_delay(const Rooms& rooms,
                                                                 const Lock& lock) {
  return *std::max_element(lock.delays.begin(), lock.delays.end(),
                           [&rooms](const auto& a, const auto& b) {
                             return delay_ends(rooms, a.second) < delay_ends(rooms, b.second);
                           });
}

Error stale(const Sequencer& sequencer, const std::string& why) {
  Error error;
  error.code = ErrorCode::kStaleSequencer;
  error.path = sequencer.path;
  error.message = "The sequencer of " + printable(sequencer.path) + " is not valid: " + why + ".";
  return error;
}

void fill_requests(const Rooms& rooms, const Lock& lock, LockInfo& info) {
  if (!lock.holders.empty()) info.mode = lock.held_mode();
  for (const auto& [asked, holder] : lock.holders) info.holders.push_back(party_of(rooms, holder));
  for (const auto& [asked, waiter] : lock.waiters) info.waiters.push_back(party_of(rooms, waiter));
}

void fill_delay(const Rooms& rooms, const Lock& lock, LockInfo& info) {
  const auto& [key, delay] = decisive_delay(rooms, lock);
  info.delayed = true;
  info.delay_ms = delay.delay_ms;
  info.delay_began_cluster_ms = counted_from(rooms, delay.began_cluster_ms);
  info.delay_since = key.since;
  info.previous_holder = delay.holder;
  info.generation = std::max(info.generation, delay.generation);
}

}  // namespace

LockParty party_of(const Rooms& rooms, const LockRequest& request) {
  const Sessions::Entry* entry = rooms.sessions.find(request.party.session);
  HOLDFAST_CHECK(entry != nullptr, "a lock of no session");
  const bool holds = !request.acquisition.is_none();
  const Stamp& since = holds ? request.granted_at : request.asked_at;
  return {.session = request.party.session,
          .owner = request.party.owner,
          .client_name = entry->session.client_name,
          .host = entry->session.host,
          .description = request.description,
          .mode = request.mode,
          .since_wall_ms = since.wall_ms,
          .since_cluster_ms = since.cluster_ms,
          .asked = request.asked,
          .acquisition = request.acquisition,
          .request = request.request,
          .lock_delay_ms = request.lock_delay_ms,
          .wait_ms = holds ? 0 : request.wait_ms};
}

Sequencer sequencer_of(const Rooms& rooms, std::string_view path, const LockRequest& holder) {
  const Node* node = rooms.nodes.find(path);
  HOLDFAST_CHECK(node != nullptr, "a held lock without a node: " + std::string(path));
  return {.mode = holder.mode,
          .generation = node->meta.lock_generation,
          .acquisition = holder.acquisition,
          .instance = node->meta.instance,
          .cell_prefix = rooms.cell_prefix,
          .path = std::string(path)};
}

Granted granted(const Rooms& rooms, std::string_view path, const LockRequest& holder) {
  return {.sequencer = sequencer_of(rooms, path, holder), .lock_delay_ms = holder.lock_delay_ms};
}

Event lock_event(const Rooms& rooms, EventKind kind, std::string_view path,
                 const LockRequest& request) {
  const Node* node = rooms.nodes.find(path);
  HOLDFAST_CHECK(node != nullptr, "a lock in use without a node: " + std::string(path));
  Event event;
  event.kind = kind;
  event.path = path;
  event.instance = node->meta.instance;
  event.session = request.party.session;
  event.owner = request.party.owner;
  event.mode = request.mode;
  if (!request.acquisition.is_none()) {
    event.generation = node->meta.lock_generation;
    event.acquisition = request.acquisition;
  }
  return event;
}

Error lock_held(const Rooms& rooms, std::string_view path) {
  Error error;
  error.code = ErrorCode::kLockHeld;
  error.path = path;
  error.message = "The lock " + printable(path) + " is held by another.";
  for (const auto& [asked, holder] : rooms.locks.find(path)->holders) {
    if (error.holders.size() == kHoldersInErrorMax) break;
    error.holders.push_back(party_of(rooms, holder));
  }
  return error;
}

Error lock_delayed(const Rooms& rooms, std::string_view path) {
  const LockDelay& delay = decisive_delay(rooms, *rooms.locks.find(path)).second;
  const std::int64_t now = rooms.meta.stamp.cluster_ms;
  Error error;
  error.code = ErrorCode::kLockDelayed;
  error.path = path;
  error.message = "The lock " + printable(path) + " is closed for a while for the sake of " +
                  printable(delay.holder.client_name) + ", who did not release it.";
  // The end is in the past when its command is on its way.
  error.remaining_ms = std::max<std::int64_t>(0, saturating_add(delay_ends(rooms, delay), -now));
  error.previous_holder = delay.holder;
  return error;
}

std::optional<Error> judge_sequencer(const Rooms& rooms, const Sequencer& sequencer) {
  if (sequencer.cell_prefix != rooms.cell_prefix) return stale(sequencer, "it is another cell's");
  if (!check_path(sequencer.path).ok()) return stale(sequencer, "its path is none");
  const Node* node = rooms.nodes.find(sequencer.path);
  if (node == nullptr) return stale(sequencer, "there is no such node");
  if (node->meta.instance != sequencer.instance) return stale(sequencer, "the node is another one");
  const Lock* lock = rooms.locks.find(sequencer.path);
  if (lock == nullptr || lock->holders.empty()) return stale(sequencer, "nobody holds the lock");
  if (node->meta.lock_generation != sequencer.generation || lock->held_mode() != sequencer.mode) {
    return stale(sequencer, "another holds the lock");
  }
  const bool stands = std::any_of(
      lock->holders.begin(), lock->holders.end(),
      [&](const auto& holder) { return holder.second.acquisition == sequencer.acquisition; });
  return stands ? std::nullopt : std::optional(stale(sequencer, "that acquisition has ended"));
}

Reply acquire_state(const Rooms& rooms, std::string_view path, const AskedBefore& asked) {
  const LockRequest* request = rooms.locks.request_of(asked.party, path);
  if (request != nullptr && request->request == asked.request) {
    if (!request->acquisition.is_none()) return granted(rooms, path, *request);
    const auto& waiters = rooms.locks.find(path)->waiters;
    const auto ahead = std::distance(waiters.begin(), waiters.find(request->asked));
    return Waiting{.ahead = static_cast<std::uint64_t>(ahead)};
  }
  if (!check_path(path).ok() || rooms.nodes.find(path) == nullptr) return no_node(path);
  return request != nullptr ? cancelled(path) : wait_ended(path);
}

std::optional<LockInfo> lock_info(const Rooms& rooms, std::string_view path) {
  LockInfo info;
  info.path = path;
  if (const Node* node = rooms.nodes.find(path)) {
    info.generation = node->meta.lock_generation;
    info.instance = node->meta.instance;
  }
  const Lock* lock = rooms.locks.find(path);
  if (lock == nullptr && info.generation.is_none()) return std::nullopt;
  if (lock != nullptr) fill_requests(rooms, *lock, info);
  if (lock != nullptr && lock->is_delayed()) fill_delay(rooms, *lock, info);
  return info;
}

std::vector<LockInfo> list_locks(const Rooms& rooms, const LockPage& page) {
  std::vector<LockInfo> infos;
  const LockTable::Map& all = rooms.locks.all();
  const auto add = [&](const std::string& path) {
    if (path > page.after && infos.size() < page.limit) infos.push_back(*lock_info(rooms, path));
  };
  if (const auto self = all.find(page.prefix); self != all.end()) add(self->first);
  // Between a path and those below it may stand siblings ("/a", "/a-b", "/a/b").
  const std::string below = page.prefix == "/" ? "/" : std::string(page.prefix) + "/";
  auto lock = all.upper_bound(std::max<std::string_view>(below, page.after));
  for (; lock != all.end() && lock->first.starts_with(below); ++lock) {
    if (infos.size() == page.limit) break;
    add(lock->first);
  }
  return infos;
}

std::int64_t delay_ends(const Rooms& rooms, const LockDelay& delay) {
  return saturating_add(counted_from(rooms, delay.began_cluster_ms), delay.delay_ms);
}

std::optional<Due> wait_due(const Rooms& rooms, std::string_view path, const LockRequest& waiter) {
  if (waiter.wait_ms < 0) return std::nullopt;
  const std::int64_t began = counted_from(rooms, waiter.asked_at.cluster_ms);
  return Due{.cluster_ms = saturating_add(began, waiter.wait_ms),
             .op = CancelWait{.path = std::string(path),
                              .owner = waiter.party.owner,
                              .why = CancelWait::Why::kTimedOut,
                              .session = waiter.party.session,
                              .waiter = waiter.request}};
}

std::vector<Due> dues_of(const Rooms& rooms, std::string_view path) {
  std::vector<Due> dues;
  const Lock* lock = rooms.locks.find(path);
  if (lock == nullptr) return dues;
  // Delays that one entry began end together, with the longest of them.
  std::map<Zxid, std::int64_t> ends;
  for (const auto& [key, delay] : lock->delays) {
    const auto [end, is_new] = ends.try_emplace(key.since, delay_ends(rooms, delay));
    if (!is_new) end->second = std::max(end->second, delay_ends(rooms, delay));
  }
  for (const auto& [since, end] : ends) {
    dues.push_back(
        {.cluster_ms = end,
         .op = EndLockDelay{
             .path = std::string(path), .since = since, .acknowledged_by = SessionId()}});
  }
  for (const auto& [asked, waiter] : lock->waiters) {
    if (const auto due = wait_due(rooms, path, waiter)) dues.push_back(*due);
  }
  return dues;
}

std::vector<Op> acknowledged(const Rooms& rooms, SessionId session, EventName through) {
  std::vector<Op> ops;
  bool all = true;
  for (const std::string& path : rooms.locks.awaits_acknowledgement(session)) {
    std::set<Zxid> since;
    for (const auto& [key, delay] : rooms.locks.find(path)->delays) {
      if (key.party.session != session || !delay.lost) continue;
      if (*delay.lost <= through) {
        since.insert(key.since);
      } else {
        all = false;
      }
    }
    for (const Zxid zxid : since) {
      ops.push_back(EndLockDelay{.path = path, .since = zxid, .acknowledged_by = session});
    }
  }
  const Sessions::Entry* entry = rooms.sessions.find(session);
  if (all && entry != nullptr && entry->session.killed) {
    ops.push_back(ExpireSession{.session = session});
  }
  return ops;
}

}  // namespace holdfast::state
