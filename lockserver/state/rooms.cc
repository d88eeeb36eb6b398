#include "lockserver/state/rooms.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lockserver/state/errors.h"
#include "lockserver/state/image_codec.h"

namespace holdfast::state {
namespace {

// By key. They are long: pointers to them are sorted, and each is moved once.
std::vector<Write> sorted(std::vector<Write> writes) {
  std::vector<Write*> order;
  order.reserve(writes.size());
  for (Write& write : writes) order.push_back(&write);
  std::sort(order.begin(), order.end(),
            [](const Write* a, const Write* b) { return a->key < b->key; });
  std::vector<Write> out;
  out.reserve(writes.size());
  for (Write* write : order) out.push_back(std::move(*write));
  return out;
}

void append(std::vector<Write>& writes, std::vector<Write> more) {
  writes.insert(writes.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

Write meta_write(const Rooms& rooms) {
  return {.key = meta_key(),
          .value = encode_meta({.meta = rooms.meta,
                                .history_floor = rooms.history.floor(),
                                .newest_event = rooms.history.newest(),
                                .cell_prefix = rooms.cell_prefix})};
}

Status audit_requests(const Rooms& rooms, const std::string& path, const Lock& lock) {
  if (lock.holders.empty() && lock.waiters.empty()) return {};
  const Node* node = rooms.nodes.find(path);
  if (node == nullptr) return corrupt_lock(path, "is held or awaited without a node");
  for (const auto* list : {&lock.holders, &lock.waiters}) {
    for (const auto& [asked, request] : *list) {
      const Sessions::Entry* session = rooms.sessions.find(request.party.session);
      if (session == nullptr) return corrupt_lock(path, "has a holder or waiter without a session");
      if (session->session.killed)
        return corrupt_lock(path, "has a holder or waiter who was killed");
      if (request.acquisition > rooms.meta.applied || asked > rooms.meta.applied) {
        return corrupt_lock(path, "has a holder or waiter from the future");
      }
      // Every holder got it at or after the lock last became held.
      if (!request.acquisition.is_none() && request.acquisition < node->meta.lock_generation) {
        return corrupt_lock(path, "has a holder from before its generation");
      }
    }
  }
  return {};
}

// What the next command would collide with.
Status audit_future(const Rooms& rooms) {
  const Zxid applied = rooms.meta.applied;
  const Sessions::Map& sessions = rooms.sessions.all();
  if (!sessions.empty() && Zxid(sessions.rbegin()->first.value) > applied) {
    return {StatusCode::kCorrupt, "The image has a session from the future."};
  }
  if (rooms.history.newest().zxid > applied) {
    return {StatusCode::kCorrupt, "The image has events from the future."};
  }
  for (const auto& [path, lock] : rooms.locks.all()) {
    if (!lock.delays.empty() && lock.delays.rbegin()->first.since > applied) {
      return corrupt_lock(path, "has a lock-delay from the future");
    }
  }
  return {};
}

}  // namespace

std::vector<Write> Rooms::take_writes() {
  std::vector<Write> writes = history.take_writes();
  writes.push_back(meta_write(*this));
  append(writes, nodes.take_writes());
  append(writes, locks.take_writes());
  append(writes, sessions.take_writes());
  return sorted(std::move(writes));
}

std::vector<Write> Rooms::all_writes() const {
  std::vector<Write> writes = history.all_writes();
  writes.push_back(meta_write(*this));
  append(writes, nodes.all_writes());
  append(writes, locks.all_writes());
  append(writes, sessions.all_writes());
  return sorted(std::move(writes));
}

Status Rooms::audit() const {
  for (const Status& status : {nodes.audit(), locks.audit(), sessions.audit(), history.audit()}) {
    if (!status.ok()) return status;
  }
  if (Status status = audit_future(*this); !status.ok()) return status;
  for (const auto& [path, lock] : locks.all()) {
    if (Status status = audit_requests(*this, path, lock); !status.ok()) return status;
  }
  for (const SessionId owner : nodes.ephemeral_owners()) {
    if (sessions.find(owner) == nullptr) {
      return {StatusCode::kCorrupt, "The image has ephemeral nodes of session " + to_string(owner) +
                                        ", which is not open."};
    }
  }
  return {};
}

std::optional<Error> check_space(const Rooms& rooms, Growth growth, std::uint64_t bytes) {
  const std::uint64_t max = rooms.limits.state_bytes_max;
  const std::uint64_t allowed = growth == Growth::kLocks ? max + max / 8 : max;
  if (rooms.bytes() + bytes <= allowed) return std::nullopt;
  return no_space({.name = "state_bytes_max", .limit = max, .actual = rooms.bytes() + bytes});
}

}  // namespace holdfast::state
