#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/records.h"
#include "zab/base/status.h"

namespace holdfast::state {

// Whether two owners cannot hold a lock at once in these modes.
constexpr bool conflict(LockMode a, LockMode b) {
  return a == LockMode::kExclusive || b == LockMode::kExclusive;
}

// The lock of one path while it is held, awaited or delayed. Holders and waiters are in the order
// in which they asked.
struct Lock {
  std::map<Zxid, LockRequest> holders;
  std::map<Zxid, LockRequest> waiters;
  std::map<LockDelay::Key, LockDelay> delays;

  bool is_delayed() const { return !delays.empty(); }
  bool is_used() const { return !holders.empty() || !waiters.empty() || !delays.empty(); }
  // Of all holders; there must be one.
  LockMode held_mode() const { return holders.begin()->second.mode; }
  // Whether a holder stands against this mode.
  bool holders_conflict(LockMode mode) const {
    return !holders.empty() && conflict(held_mode(), mode);
  }
  // Whether one who comes now would have the lock at once: no delay, no waiter, no conflict.
  bool is_free_for(LockMode mode) const {
    return !is_delayed() && waiters.empty() && !holders_conflict(mode);
  }
};

// Who holds, awaits and delays which lock. A lock stands here by its path, apart from its node, so
// that a delay survives the node. Judges nothing but the order of the queue. Changes are noted, and
// take_writes() gives them as changes of the image.
class LockTable {
 public:
  using Map = std::map<std::string, Lock, std::less<>>;
  // The requests of a session: where, and their places there.
  struct Place {
    OwnerId owner;
    std::string path;
    auto operator<=>(const Place&) const = default;
  };
  using Places = std::map<Place, Zxid>;

  const Lock* find(std::string_view path) const;  // Null when neither held, awaited nor delayed.
  const Map& all() const { return locks_; }
  // The hold or wait of this party for this lock; null when there is none. Valid until a change.
  const LockRequest* request_of(Party party, std::string_view path) const;
  const Places& places_of(SessionId session) const;
  const std::set<std::string, std::less<>>& delayed_paths() const { return delayed_; }
  // Paths with a delay that an acknowledgement of this session ends.
  const std::set<std::string, std::less<>>& awaits_acknowledgement(SessionId session) const;
  std::uint64_t bytes() const { return bytes_; }  // As counted against state_bytes_max.

  // Adds a holder (with an acquisition) or a waiter. Its party has no request for this lock yet.
  void add(std::string_view path, LockRequest request);
  // The acquire of a waiter is taken over by a later one; place and party stay.
  void replace_waiter(std::string_view path, const LockRequest& request);
  LockRequest remove(std::string_view path, Zxid asked);
  // Waiters at the head of the queue that can have the lock now, in order.
  std::vector<Zxid> next_grants(std::string_view path) const;
  struct Grant {
    Zxid asked;
    Zxid acquisition;
    Stamp stamp;
  };
  const LockRequest& grant(std::string_view path, const Grant& grant);

  void add_delay(std::string_view path, const LockDelay::Key& key, LockDelay delay);
  // Ends those delays of a lock for which `ends` answers true; false when there was none.
  bool end_delays(std::string_view path,
                  const std::function<bool(const LockDelay::Key&, const LockDelay&)>& ends);

  std::vector<Write> take_writes();
  std::vector<Write> all_writes() const;

  // Records of an image, in any order.
  Status load_request(std::string_view path, LockRequest request);
  Status load_delay(std::string_view path, const LockDelay::Key& key, LockDelay delay);
  Status audit() const;  // kCorrupt if it contradicts itself; O(n).

 private:
  Lock& existing(std::string_view path);
  void drop_if_unused(std::string_view path);
  void index_delay(std::string_view path, const LockDelay::Key& key, const LockDelay& delay);
  void unindex_delays(std::string_view path, const Lock& lock, SessionId session);
  Status audit_lock(const std::string& path, const Lock& lock) const;

  Map locks_;
  std::map<SessionId, Places> places_;
  std::set<std::string, std::less<>> delayed_;
  std::map<SessionId, std::set<std::string, std::less<>>> awaiting_;
  std::uint64_t bytes_ = 0;
  std::set<std::pair<std::string, Zxid>> changed_requests_;
  std::set<std::pair<std::string, LockDelay::Key>> changed_delays_;
};

}  // namespace holdfast::state
