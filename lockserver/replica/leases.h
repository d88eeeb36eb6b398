#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "lockserver/replica/id_map.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// The leader's count of who is alive (LOCKS.md §2.3, §2.4). Soft state of one reign; what it says
// becomes true only by a committed ExpireSession. A session whose lease has run out is named once;
// from then on no touch helps it.
//
// Time is that of this replica's ticks as far as they came on time. A tick that is late by d (the
// process or machine stood still) adds d to every deadline, and up to as much again for reading
// what clients sent meanwhile. A session is named at the tick after the one at which its lease had
// run out, so that what stood in the sockets by then has been heard.
//
// Deadlines stand in buckets; a touch only moves a number, and a session changes its bucket when
// that bucket's time has come. So tens of thousands of sessions cost nothing but their touches.
class Leases {
 public:
  static constexpr Ticks kBucket = 50;   // Width: a lease ends up to so much later than it might.
  static constexpr Ticks kOnTime = 50;   // A longer gap between two ticks counts as a late tick.
  static constexpr Ticks kSettle = 200;  // At most.

  struct Lease {
    SessionId session;
    Ticks lease_ms = 0;
  };

  // Every session begins with a full lease.
  void begin_reign(Ticks now, const std::vector<Lease>& sessions);
  void end_reign();

  // A session opened: a full lease.
  void add(const Lease& lease);
  void remove(SessionId session);
  // Heard from, or on its behalf. Unknown sessions are ignored: they get a full lease when they are
  // added.
  void touch(SessionId session);
  // A killed session: what is left of its lease is all that it gets.
  void freeze(SessionId session);
  // To be called regularly; gives the sessions to expire now.
  std::vector<SessionId> on_tick(Ticks now);
  // Its expiry could not be proposed: it will be named again.
  void name_again(SessionId session);

  std::size_t size() const { return sessions_.size(); }

 private:
  struct Session {
    Ticks lease_ms = 0;
    Ticks deadline = 0;  // By lease time.
    bool frozen = false;
    bool named = false;
  };

  static std::int64_t bucket_of(Ticks deadline) { return deadline / kBucket + 1; }
  Ticks full(Ticks lease_ms) const { return lease_time_ + kOnTime + lease_ms; }
  void take_bucket(const std::vector<SessionId>& bucket, std::vector<SessionId>& expired);

  bool reigns_ = false;
  Ticks last_tick_ = 0;
  // Lease time: goes on with the ticks that come on time, back by the settling time at a late one.
  // From 0 in each reign.
  Ticks lease_time_ = 0;
  IdMap<SessionId, Session> sessions_;
  std::map<std::int64_t, std::vector<SessionId>> buckets_;  // A session may stand in one too early.
};

}  // namespace holdfast::replica
