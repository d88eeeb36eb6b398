#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/replica/admit.h"
#include "lockserver/replica/alarms.h"
#include "lockserver/replica/call.h"
#include "lockserver/replica/id_map.h"
#include "lockserver/replica/image_writer.h"
#include "lockserver/replica/keep_alives.h"
#include "lockserver/replica/lanes.h"
#include "lockserver/replica/pending.h"
#include "lockserver/replica/reads.h"
#include "lockserver/replica/refusals.h"
#include "lockserver/replica/reign.h"
#include "lockserver/replica/replica.h"
#include "lockserver/replica/watch_hub.h"

namespace holdfast::replica {

// The calls of this replica's own clients and what each of them waits for: its turn in its lane,
// its command, a barrier, an event, an outcome, a time.
struct ClientSide {
  ClientSide();

  std::map<CallId, Call> calls;
  CallId newest_call;
  std::set<LaneId> stirred;  // Something may have become possible in these.
  std::set<std::pair<Zxid, LaneId>> awaiting_applied;  // Stirred when so much is applied.
  // Requests that were turned away and may come again: until one does, or its client has taken the
  // refusal for the answer, later ones of its session must not overtake it here. At most
  // kPendingPerSessionMax of each session.
  std::map<std::pair<LaneId, SessionId>, std::set<state::RequestNumber>> turned_away;
  Lanes lanes;
  Alarms alarms;
  Reads reads;
  Pending pending;
  KeepAlives keep_alives;
  std::set<std::pair<Zxid, CallId>> keep_alives_to_run;  // Confirmed: when so much is applied.
  std::deque<SessionId> to_wake;  // Something has happened that they watch. Each is there once.
  std::unordered_set<SessionId, HashOfId> will_wake;  // The same.
  WatchHub hub;
};

// The replicated state here, and its way to the image on disk.
struct Machine {
  Machine(const ReplicaOptions& options, const ImageRecords& image, Ticks now);
  // Builds the state from the records; it must be empty.
  Status load(const ImageRecords& image);

  // What answers need to know of a session, without counting its locks each time.
  struct Living {
    Ticks lease_ms = 0;
    bool killed = false;
    // A keep-alive that came here then was the last whose answer extended the lease.
    Ticks leased_at = std::numeric_limits<Ticks>::min() / 2;
  };
  const Living* living(SessionId session) const;  // Null when there is no such session.
  // After each entry.
  void note_sessions(const state::Effects& effects);

  state::StateMachine state;
  IdMap<SessionId, Living> sessions;  // Of the state: all that live.
  ImageWriter writer;
  LogMeter meter;
  bool loading = false;             // An installed image is being read.
  std::deque<zab::Entry> deferred;  // Delivered and not applied yet.
};

// Of a leader: commands of other replicas that the core could not take at once.
struct HeldForward {
  ConnId conn;
  state::Command command;
};

// Everything of a replica. The functions are grouped by file; each group says what it is for.
struct Replica::Parts {
  Parts(ReplicaOptions given, World around, zab::DurableState start, const ImageRecords& image);

  const ReplicaOptions options;
  const World world;
  const Ticks began;
  bool dead = false;  // After a fatal error, or when stopped: nothing happens any more.
  bool draining = false;
  bool will_drain = false;  // Soon.
  zab::Core core;
  Machine machine;
  ClientSide clients;

  bool serving = false;  // Writes and barriers find their way to a leader.
  Ticks not_serving_since = 0;
  Ticks now = 0;  // Of the last tick or call.
  Ticks next_touching_barrier = 0;
  std::size_t applied_in_turn = 0;
  std::size_t woken_in_turn = 0;
  std::vector<zab::Persist> to_persist;

  Reign reign;
  SpaceWatch space;
  std::optional<Zxid>
      reign_begins_at;  // Established leader: when so much is applied, the reign begins.
  std::deque<HeldForward> held;
  // Of a leader: numbered requests that it has proposed in this reign and not applied yet.
  std::set<std::pair<SessionId, state::RequestNumber>> under_way;

  std::function<void()> on_stopped;  // Set while being stopped.
  Ticks stop_deadline = 0;

  // replica.cc: the loop, and the core's outputs.
  void drain();
  void tick();
  void die(const std::string& reason);
  void say(const std::string& line) const;
  void log_role(const char* what) const;
  bool is_stopping() const { return on_stopped != nullptr; }
  void persist_queued();
  enum class Extent { kDue, kAll };
  void keep_image(Extent extent);
  void stop(std::function<void()> stopped);
  void check_stopped();
  std::vector<CallId> open_calls() const;
  void carry_out(zab::Persist& persist);
  void carry_out(zab::Send& send);
  void carry_out(zab::Notify& notify);
  void carry_out(zab::Dial& dial);
  void carry_out(zab::Close& close);
  void carry_out(zab::Deliver& deliver);
  void carry_out(zab::ImageInstalled& installed);
  void carry_out(zab::ReadLog& read);
  void carry_out(zab::OpenImage& open);
  void carry_out(zab::ReadImageChunk& read);
  void carry_out(zab::CloseImage& close);
  void carry_out(zab::ReadReady& ready);
  void carry_out(zab::RoleChange& change);
  void carry_out(zab::Serve& serve);
  void carry_out(zab::StopServing& stop);
  void carry_out(zab::ForwardedRequest& request);
  void carry_out(zab::ForwardRefused& refused);
  void carry_out(zab::Touched& touched);
  void carry_out(zab::Fatal& fatal);

  // call_flow.cc: the way of a call through its lane.
  struct Asked {
    LaneId lane;
    SessionId session;
    Lanes::Kind kind = Lanes::Kind::kRead;
  };
  std::optional<CallId> enter(const Asked& asked, const Terms& terms, Call call);
  void run_lanes();
  void run_lane(LaneId lane);
  void start(CallId id);
  void start_write(CallId id);
  void start_keep_alive(CallId id);
  bool take_turn(CallId id);
  bool is_ready(const Call& call);
  bool resolve_repeated(CallId id);
  Call take(CallId id);
  void refuse(CallId id, Refusal refusal);
  void deliver_refusal(CallId id);
  const state::Command* numbered_command(CallId id) const;
  void note_turned_away(CallId id, const Refusal& refusal);
  bool would_overtake(const Call& call, const state::Command& command);
  void on_alarm(CallId id);
  bool is_outcome_open(CallId id, const Call& call) const;
  Refusal overdue(CallId id, const Call& call) const;
  void refuse_leaderless();
  void begin_barriers();
  void on_confirmed(const Reads::Confirmed& confirmed);

  // client_calls.cc: what needs more than a few lines there.
  void drain_soon();
  std::optional<Refusal> refuse_foreign(LaneId lane, SessionId session) const;
  WatchAnswer start_watch(LaneId lane, SessionId session, const Watch& watch);

  // answers.cc: what calls are answered.
  Facts facts(SessionId session) const;
  // As above; extends the lease, unless something stands against it. The client has `heard` the
  // events so far.
  Facts leased_facts(SessionId session, state::EventName heard) const;
  bool has_ended(
      SessionId session) const;  // Said by confirmed history, not by a state that is behind.
  bool is_set_aside(CallId id) const;
  void answer_write(CallId id, state::Reply reply);
  void wake(CallId id, const state::Reply& reply);
  void park_acquire(CallId id, const state::Waiting& waiting);
  void answer_waiting(CallId id);
  void set_aside_keep_alive(CallId id);
  void run_keep_alives();
  void run_keep_alive(CallId id);
  void tell_early(CallId id);
  enum class WhenEmpty { kHold, kAnswer };
  void answer_keep_alive(CallId id, WhenEmpty when_empty);
  void wake_soon(const std::vector<SessionId>& sessions);
  void wake_some();
  void wake_session(SessionId session);
  void acknowledge(SessionId session, state::EventName through);
  void come_here(SessionId session);

  // apply.cc: committed entries and installed images.
  void apply(const zab::Entry& entry);
  void apply_all(std::vector<zab::Entry> entries);
  void apply_deferred();
  void tell_clients(const state::Command& command, const state::Effects& effects);
  void end_keep_alives(SessionId session);
  void on_applied_through();
  void on_image_loaded(const ImageRecords& image);
  void recheck_parked();

  // lead.cc: commands on their way to the log.
  enum class Sent { kYes, kLater };
  void send_writes();
  Sent send_own(CallId id);
  bool send_of_the_cell(state::Op op);
  // A refusal, or what became of it.
  std::variant<zab::ProposeResult, Refusal> propose(state::Command command);
  void try_begin_reign();
  void lead();
  void on_forwarded(const zab::ForwardedRequest& request);
  bool may_be_forwarded(const state::Op& op) const;
  bool propose_held();
  bool is_repeated(const state::Command& command) const;
  void refuse_forward(ConnId conn, const ForwardRefusal& refusal);
};

}  // namespace holdfast::replica
