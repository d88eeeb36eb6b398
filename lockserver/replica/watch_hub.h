#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lockserver/replica/calls.h"
#include "lockserver/state/event.h"
#include "lockserver/state/state_machine.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// The watches at this replica and which events are due to which session (LOCKS.md §5). The events
// themselves stand in the replicated history; the hub keeps for each session only from where to
// where its due events reach, so a session costs nothing while nothing happens that it watches, and
// a watch goes on at any replica as long as the history reaches back.
//
// Due to a session are: events that one of its watches matches, the losses of its own locks, and
// the conflicts addressed to it.
class WatchHub {
 public:
  struct Limits {
    std::size_t per_session = 0;
    std::size_t in_all = 0;
    std::size_t reply_events = 0;  // Of one batch.
    std::size_t reply_bytes = 0;
  };

  explicit WatchHub(Limits limits) : limits_(limits) {}

  // Begins with, or goes on with, this state: learns which living sessions lost locks in the
  // history. What happened after `seen` is looked through for the sessions here. Answers those of
  // them that have something new.
  std::vector<SessionId> on_state_loaded(const state::StateMachine& state, state::EventName seen);

  // The session has a connection here from now on. Nothing changes if it had one.
  void attach(SessionId session, const state::StateMachine& state);
  // It has none any more: its watches are gone.
  void detach(SessionId session);
  // It is no more.
  void on_session_ended(SessionId session);

  enum class Refused { kSessionFull, kReplicaFull };
  struct Started {
    std::optional<Refused> refused;
    Zxid active_from;
    bool is_due = false;  // There is something to tell at once.
  };
  // The session must be attached. A watch of the same number is replaced.
  Started watch(SessionId session, const Watch& watch, const state::StateMachine& state);
  void unwatch(SessionId session, std::uint64_t id);

  // The events of one entry, after it was applied. Answers the attached sessions to which one of
  // them is due.
  std::vector<SessionId> on_events(const std::vector<state::Event>& events);

  struct Batch {
    std::vector<state::Event> events;
    bool lost = false;         // EVENTS_LOST stands before them.
    state::EventName through;  // Nothing is due up to here besides the events given.
    bool more = false;
    bool is_empty() const { return events.empty() && !lost; }
  };
  // What is due to an attached session after `acknowledged`; what comes up to that is never given
  // again.
  Batch gather(SessionId session, state::EventName acknowledged, const state::StateMachine& state);

  // The newest event that was ever due to the session here; (0,0) for none.
  state::EventName events_through(SessionId session) const;
  // The session lost a lock and has neither acknowledged that event at this replica nor `heard` so
  // far now. Until then no reply may extend its lease: the lock passes on when the lease of before
  // has run out.
  bool has_unheard_loss(SessionId session, state::EventName heard) const;

  std::size_t watches() const { return watches_; }

 private:
  // One of many thousands: what it watches stands in the index, once for all who watch it.
  using Watcher = std::pair<SessionId, std::uint64_t>;
  using Watchers = std::vector<Watcher>;  // Ascending, never empty.
  using Index = std::map<std::string, Watchers, std::less<>>;
  struct Standing {
    std::uint64_t id = 0;
    const std::string* path = nullptr;
    Zxid after_zxid;
    std::uint32_t after_index = 0;
    std::uint32_t kinds : 31 = 0;  // A bit for each.
    std::uint32_t recursive : 1 = 0;

    state::EventName after() const { return {after_zxid, after_index}; }
    bool wants(state::EventKind kind) const;
  };
  static_assert(sizeof(Standing) == 32);
  struct Session {
    std::vector<Standing> watches;  // Ascending by id.
    // What happened up to here is no concern of its client: up to its opening, or to where a watch
    // goes on from if that is earlier.
    state::EventName floor;
    state::EventName acknowledged;
    state::EventName looked_from;  // All events after it have been matched.
    state::EventName first_due;  // Of those not acknowledged, or a name before it; (0,0) for none.
    state::EventName last_due;
    state::EventName gap_through;  // Up to here events are gone that may have been due.
  };

  const Standing& standing(const Watcher& watcher) const;
  bool wants(const Watcher& watcher, const state::Event& event) const;
  bool is_due(SessionId session, const state::Event& event) const;
  bool any_of(const Watchers& watchers, SessionId session, const state::Event& event) const;
  void collect(const Watchers& watchers, const state::Event& event,
               std::set<SessionId>& sessions) const;
  static void put_in(Watchers& watchers, const Watcher& watcher);
  static void take_out(Watchers& watchers, const Watcher& watcher);
  static void note_due(Session& session, state::EventName name);
  void note_gap(Session& session, const state::StateMachine& state) const;
  // Visits the history after `after` as far as it is there; false when its beginning is gone.
  static bool visit_history(const state::StateMachine& state, state::EventName after,
                            const std::function<bool(const state::Event&)>& visit);
  void look_back(SessionId id, Session& session, state::EventName from,
                 const state::StateMachine& state);
  void look_for_losses(SessionId id, Session& session, state::EventName from,
                       const state::StateMachine& state);

  Limits limits_;
  std::map<SessionId, Session> sessions_;
  std::map<SessionId, state::EventName>
      losses_;  // Of living sessions, wherever they are: the newest.
  Index by_path_;
  Index by_subtree_;
  Watchers of_leaders_;
  std::size_t watches_ = 0;
};

}  // namespace holdfast::replica
