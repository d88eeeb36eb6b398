#include "lockserver/state/lock_table.h"

#include <utility>

#include "lockserver/state/errors.h"
#include "lockserver/state/image_codec.h"
#include "zab/base/check.h"

namespace holdfast::state {
namespace {

std::uint64_t bytes_of(std::string_view path, const LockRequest& request) {
  return kLockRequestBytes + path.size() + request.description.size();
}

std::uint64_t bytes_of(std::string_view path, const LockDelay& delay) {
  return kLockDelayBytes + path.size() + delay.holder.description.size();
}

const LockRequest* find_request(const Lock& lock, Zxid asked) {
  if (const auto held = lock.holders.find(asked); held != lock.holders.end()) return &held->second;
  const auto waits = lock.waiters.find(asked);
  return waits == lock.waiters.end() ? nullptr : &waits->second;
}

}  // namespace

const Lock* LockTable::find(std::string_view path) const {
  const auto found = locks_.find(path);
  return found == locks_.end() ? nullptr : &found->second;
}

Lock& LockTable::existing(std::string_view path) {
  const auto found = locks_.find(path);
  HOLDFAST_CHECK(found != locks_.end(), "no lock at " + std::string(path));
  return found->second;
}

const LockRequest* LockTable::request_of(Party party, std::string_view path) const {
  const Places& places = places_of(party.session);
  const auto place = places.find({.owner = party.owner, .path = std::string(path)});
  return place == places.end() ? nullptr : find_request(*find(path), place->second);
}

const LockTable::Places& LockTable::places_of(SessionId session) const {
  static const Places kNone;
  const auto found = places_.find(session);
  return found == places_.end() ? kNone : found->second;
}

const std::set<std::string, std::less<>>& LockTable::awaits_acknowledgement(
    SessionId session) const {
  static const std::set<std::string, std::less<>> kNone;
  const auto found = awaiting_.find(session);
  return found == awaiting_.end() ? kNone : found->second;
}

void LockTable::add(std::string_view path, LockRequest request) {
  const Zxid asked = request.asked;
  const bool is_new =
      places_[request.party.session]
          .try_emplace({.owner = request.party.owner, .path = std::string(path)}, asked)
          .second;
  HOLDFAST_CHECK(is_new, "this party has a request for " + std::string(path));
  bytes_ += bytes_of(path, request);
  Lock& lock = locks_[std::string(path)];
  auto& list = request.acquisition.is_none() ? lock.waiters : lock.holders;
  list.emplace(asked, std::move(request));
  changed_requests_.emplace(path, asked);
}

void LockTable::replace_waiter(std::string_view path, const LockRequest& request) {
  LockRequest& waiter = existing(path).waiters.at(request.asked);
  HOLDFAST_CHECK(waiter.party == request.party,
                 "the place at " + std::string(path) + " is another's");
  bytes_ += bytes_of(path, request);
  bytes_ -= bytes_of(path, waiter);
  waiter = request;
  changed_requests_.emplace(path, request.asked);
}

LockRequest LockTable::remove(std::string_view path, Zxid asked) {
  Lock& lock = existing(path);
  auto& list = lock.holders.contains(asked) ? lock.holders : lock.waiters;
  auto taken = list.extract(asked);
  HOLDFAST_CHECK(!taken.empty(), "no request of " + to_string(asked) + " at " + std::string(path));
  LockRequest request = std::move(taken.mapped());
  const auto places = places_.find(request.party.session);
  places->second.erase({.owner = request.party.owner, .path = std::string(path)});
  if (places->second.empty()) places_.erase(places);
  bytes_ -= bytes_of(path, request);
  changed_requests_.emplace(path, asked);
  drop_if_unused(path);
  return request;
}

std::vector<Zxid> LockTable::next_grants(std::string_view path) const {
  std::vector<Zxid> grants;
  const Lock* lock = find(path);
  if (lock == nullptr || lock->is_delayed()) return grants;
  for (const auto& [asked, waiter] : lock->waiters) {
    const bool first = lock->holders.empty() && grants.empty();
    const bool joins = !lock->holders_conflict(waiter.mode) && waiter.mode == LockMode::kShared;
    if (!first && !joins) break;
    grants.push_back(asked);
    if (waiter.mode == LockMode::kExclusive) break;
  }
  return grants;
}

const LockRequest& LockTable::grant(std::string_view path, const Grant& grant) {
  Lock& lock = existing(path);
  HOLDFAST_CHECK(!lock.is_delayed(), "granted in a delay: " + std::string(path));
  auto waiter = lock.waiters.extract(grant.asked);
  HOLDFAST_CHECK(!waiter.empty() && !lock.holders_conflict(waiter.mapped().mode),
                 "nobody to be granted at " + std::string(path));
  waiter.mapped().acquisition = grant.acquisition;
  waiter.mapped().granted_at = grant.stamp;
  changed_requests_.emplace(path, grant.asked);
  return lock.holders.insert(std::move(waiter)).position->second;
}

void LockTable::index_delay(std::string_view path, const LockDelay::Key& key,
                            const LockDelay& delay) {
  delayed_.emplace(path);
  if (delay.lost) awaiting_[key.party.session].emplace(path);
}

void LockTable::add_delay(std::string_view path, const LockDelay::Key& key, LockDelay delay) {
  bytes_ += bytes_of(path, delay);
  index_delay(path, key, delay);
  const bool is_new = locks_[std::string(path)].delays.emplace(key, std::move(delay)).second;
  HOLDFAST_CHECK(is_new, "two delays for one hold of " + std::string(path));
  changed_delays_.emplace(path, key);
}

bool LockTable::end_delays(
    std::string_view path,
    const std::function<bool(const LockDelay::Key&, const LockDelay&)>& ends) {
  const auto found = locks_.find(path);
  if (found == locks_.end()) return false;
  Lock& lock = found->second;
  std::set<SessionId> sessions;
  for (auto delay = lock.delays.begin(); delay != lock.delays.end();) {
    if (!ends(delay->first, delay->second)) {
      ++delay;
      continue;
    }
    sessions.insert(delay->first.party.session);
    bytes_ -= bytes_of(path, delay->second);
    changed_delays_.emplace(path, delay->first);
    delay = lock.delays.erase(delay);
  }
  for (const SessionId session : sessions) unindex_delays(path, lock, session);
  drop_if_unused(path);
  return !sessions.empty();
}

// After some delays of a session have gone: forgets what none of those left stands for.
void LockTable::unindex_delays(std::string_view path, const Lock& lock, SessionId session) {
  if (!lock.is_delayed()) delayed_.erase(std::string(path));
  for (const auto& [key, delay] : lock.delays) {
    if (key.party.session == session && delay.lost) return;
  }
  if (const auto paths = awaiting_.find(session); paths != awaiting_.end()) {
    paths->second.erase(std::string(path));
    if (paths->second.empty()) awaiting_.erase(paths);
  }
}

void LockTable::drop_if_unused(std::string_view path) {
  const auto found = locks_.find(path);
  if (found != locks_.end() && !found->second.is_used()) locks_.erase(found);
}

std::vector<Write> LockTable::take_writes() {
  std::vector<Write> writes;
  for (const auto& [path, asked] : changed_requests_) {
    const Lock* lock = find(path);
    const LockRequest* request = lock == nullptr ? nullptr : find_request(*lock, asked);
    writes.push_back(
        {.key = request_key(path, asked),
         .value = request == nullptr ? std::nullopt : std::optional(encode_request(*request))});
  }
  for (const auto& [path, key] : changed_delays_) {
    const Lock* lock = find(path);
    const bool stands = lock != nullptr && lock->delays.contains(key);
    writes.push_back(
        {.key = delay_key(path, key),
         .value = stands ? std::optional(encode_delay(lock->delays.at(key))) : std::nullopt});
  }
  changed_requests_.clear();
  changed_delays_.clear();
  return writes;
}

std::vector<Write> LockTable::all_writes() const {
  std::vector<Write> writes;
  for (const auto& [path, lock] : locks_) {
    for (const auto* list : {&lock.holders, &lock.waiters}) {
      for (const auto& [asked, request] : *list) {
        writes.push_back({.key = request_key(path, asked), .value = encode_request(request)});
      }
    }
    for (const auto& [key, delay] : lock.delays) {
      writes.push_back({.key = delay_key(path, key), .value = encode_delay(delay)});
    }
  }
  return writes;
}

Status LockTable::load_request(std::string_view path, LockRequest request) {
  const Lock* lock = find(path);
  if (request_of(request.party, path) != nullptr ||
      (lock != nullptr && find_request(*lock, request.asked) != nullptr)) {
    return corrupt_lock(path, "has two requests of one owner");
  }
  add(path, std::move(request));
  changed_requests_.clear();
  return {};
}

Status LockTable::load_delay(std::string_view path, const LockDelay::Key& key, LockDelay delay) {
  if (const Lock* lock = find(path); lock != nullptr && lock->delays.contains(key)) {
    return corrupt_lock(path, "has one delay twice");
  }
  add_delay(path, key, std::move(delay));
  changed_delays_.clear();
  return {};
}

Status LockTable::audit_lock(const std::string& path, const Lock& lock) const {
  if (!lock.is_used()) return corrupt_lock(path, "is kept though it is free");
  for (const auto& [asked, holder] : lock.holders) {
    if (lock.holders.size() > 1 && holder.mode == LockMode::kExclusive) {
      return corrupt_lock(path, "has an exclusive holder beside another");
    }
    if (holder.acquisition < asked || holder.acquisition.is_none()) {
      return corrupt_lock(path, "has a holder who was granted it before he asked");
    }
  }
  if (!next_grants(path).empty()) return corrupt_lock(path, "is kept from one who should have it");
  return {};
}

Status LockTable::audit() const {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  for (const auto& [path, lock] : locks_) {
    if (Status status = audit_lock(path, lock); !status.ok()) return status;
    for (const auto* list : {&lock.holders, &lock.waiters}) {
      for (const auto& [asked, request] : *list) {
        requests += 1;
        bytes += bytes_of(path, request);
        if (request_of(request.party, path) != &request) {
          return corrupt_lock(path, "has a request that its session does not know");
        }
      }
    }
    for (const auto& [key, delay] : lock.delays) bytes += bytes_of(path, delay);
    if (lock.is_delayed() != delayed_.contains(path))
      return corrupt_lock(path, "has a hidden delay");
  }
  for (const auto& [session, places] : places_) requests -= places.size();
  if (requests != 0 || bytes != bytes_) {
    return {StatusCode::kCorrupt, "The sums kept over the locks are wrong."};
  }
  return {};
}

}  // namespace holdfast::state
