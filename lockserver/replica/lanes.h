#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "lockserver/replica/call_id.h"
#include "lockserver/replica/calls.h"
#include "lockserver/replica/id_map.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// The order of calls within each connection (LOCKS.md §2.6), and to which sessions a connection is
// bound. Knows calls by their names only.
//
// A lane is a queue. Its calls start in order: a read may start while earlier calls are open,
// because it is answered only when it has come to the front; a write starts when no earlier read is
// open, so that a read never sees a later write of its lane. Calls leave from the front, but those
// that wait for something else than their turn are set aside.
class Lanes {
 public:
  struct Limits {
    std::size_t per_lane = 0;     // Calls of one lane, those set aside included.
    std::size_t per_session = 0;  // Calls made for one session over all lanes.
    std::size_t bound = 0;        // Sessions to which one lane is bound.
  };
  enum class Kind { kRead, kWrite };
  enum class Entered { kYes, kLaneFull, kSessionFull };

  explicit Lanes(Limits limits) : limits_(limits) {}

  LaneId open();
  struct Closed {
    std::vector<CallId> calls;      // Every call that had not left, in order.
    std::vector<SessionId> absent;  // Sessions that no lane is bound to any more.
  };
  Closed close(LaneId lane);
  bool is_open(LaneId lane) const { return lanes_.contains(lane); }
  std::size_t count() const { return lanes_.size(); }

  // False when the lane is bound to as many sessions as it may be.
  bool bind(LaneId lane, SessionId session);
  bool is_bound(LaneId lane, SessionId session) const;
  bool is_local(SessionId session) const { return bindings_.contains(session); }
  std::size_t local_sessions() const { return bindings_.size(); }

  // Puts the call at the end of its lane, which must be open; refused calls are not in it.
  struct Newcomer {
    CallId call;
    Kind kind = Kind::kRead;
    SessionId session;
  };
  Entered enter(LaneId lane, const Newcomer& newcomer);
  // Takes the call out for good, wherever it stands: it is answered or dropped.
  void leave(LaneId lane, CallId call);
  // Takes the call out of the order; it stays one of the lane's calls until it leaves.
  void set_aside(LaneId lane, CallId call);
  // A started call turns out to be a read, or after all a write.
  void become(LaneId lane, CallId call, Kind kind);

  // The next call that may start; from then on it counts as started.
  std::optional<CallId> start_next(LaneId lane);
  // The first call that has not left or been set aside, if it has started.
  std::optional<CallId> front(LaneId lane) const;

 private:
  struct Place {
    CallId call;
    Kind kind = Kind::kRead;
  };
  struct Lane {
    std::vector<Place> queue;    // A small one: most lanes say little.
    std::size_t started = 0;     // So many at the front have started,
    std::size_t reads_open = 0;  // and so many of those are reads.
    std::map<CallId, SessionId> calls;
    std::set<SessionId> sessions;
  };

  void take_from_queue(Lane& lane, CallId call);
  void uncount(SessionId session);

  Limits limits_;
  LaneId newest_;
  IdMap<LaneId, Lane> lanes_;
  IdMap<SessionId, std::size_t> bindings_;  // Lanes bound to it; never 0.
  IdMap<SessionId, std::size_t> loads_;     // Calls made for it; never 0.
};

}  // namespace holdfast::replica
