#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/effects.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"
#include "zab/base/status.h"

namespace holdfast::state {

// Bounds that decide outcomes; part of the first command's world and equal on every replica of a
// cell.
struct StateLimits {
  std::uint64_t state_bytes_max = 0;
  std::size_t content_bytes_max = 0;
  std::size_t event_history_bytes = 0;
  std::size_t sessions_max = 0;
  static StateLimits defaults();  // From zab/base/limits.h.
};

struct SessionInfo {
  SessionId id;
  std::int64_t lease_ms = 0;
  std::string client_name;
  std::string host;
  std::string instance_name;
  std::int64_t opened_wall_ms = 0;
  std::uint64_t locks_held = 0;
  std::uint64_t locks_waited_for = 0;
  std::uint64_t ephemerals = 0;
  std::uint64_t results_kept = 0;
  bool killed = false;  // Without `now`: ends when it acknowledged or its lease ran out.
};

struct LockInfo {
  std::string path;
  LockMode mode = LockMode::kExclusive;  // Of the holders.
  Zxid generation;                       // Of the newest acquisition from free to held.
  std::vector<LockParty> holders;
  std::vector<LockParty> waiters;  // In the order of the queue.
  bool delayed = false;
  std::int64_t delay_ms = 0;  // In full, from its (re)start.
  std::int64_t delay_began_cluster_ms = 0;
  Zxid delay_since;
  std::optional<LockParty> previous_holder;
  Zxid instance;  // None when only a delay is left.
};

struct ListedNode {
  std::string name;
  Stat stat;
};

// The whole replicated state: sessions, namespace, locks, remembered results, recent events. Pure:
// no clock, IO, thread or dice.
class StateMachine {
 public:
  // `cell_prefix`: the first 16 hex digits of the cell id, for sequencers.
  StateMachine(StateLimits limits, std::string cell_prefix);
  ~StateMachine();
  StateMachine(StateMachine&&) noexcept;
  StateMachine& operator=(StateMachine&&) noexcept;

  // Rebuilds the state from an image: every record of it, in any order, then finish_load.
  Status load(std::string_view key, std::string_view value);
  Status finish_load();

  // The only way to change anything. Zxids strictly grow. Aborts on a command of a version above
  // kStateMachineVersion.
  Effects apply(Zxid zxid, const Command& command);
  // What the commands since the last call changed in the image: with it, the image is that of
  // applied(). Of several changes of a record only the latest is there, and it is encoded only now,
  // so a record that changes all the time costs little. Each key at most once, ascending.
  std::vector<Write> take_writes();
  Zxid applied() const;
  Stamp last_stamp() const;

  // Questions; all answer from the state after applied(). Paths are in their short, valid form
  // (thrift/path.h).
  struct Node {
    std::string_view contents;  // Valid until the next apply.
    Stat stat;
  };
  std::optional<Node> get(std::string_view path) const;
  // Children after the name `after` ("" = from the start), at most `limit`; nothing when there is
  // no such node.
  std::optional<std::vector<ListedNode>> list(std::string_view path, std::string_view after,
                                              std::size_t limit) const;

  // Nothing when the lock is neither held, awaited nor delayed and was never held since its node
  // was made.
  std::optional<LockInfo> lock_info(std::string_view path) const;
  // Locks held, awaited or delayed at or below `prefix`, by path, after `after`, at most `limit`.
  std::vector<LockInfo> list_locks(std::string_view prefix, std::string_view after,
                                   std::size_t limit) const;
  // Why the sequencer is not valid, or nothing when it is.
  std::optional<Error> check_sequencer(const Sequencer& sequencer) const;
  std::optional<Sequencer> sequencer_of(SessionId session, OwnerId owner,
                                        std::string_view path) const;
  // For a repeated acquire whose first answer was Waiting: still waiting (Waiting), granted
  // (Granted), or ended (an Error). Nothing when there is no such session.
  std::optional<Reply> acquire_state(SessionId session, OwnerId owner, std::string_view path,
                                     RequestNumber request) const;

  std::optional<SessionInfo> session(SessionId id) const;
  std::optional<SessionId> session_of(const SecretHash& secret) const;
  bool secret_fits(SessionId id, const SecretHash& secret) const;
  std::vector<SessionInfo> sessions(SessionId after, std::size_t limit) const;  // Ascending by id.
  // The remembered reply of a request, if it was applied before and its result is still kept.
  std::optional<Reply> remembered(SessionId session, RequestNumber request) const;

  // Timers of the leader: all due times after its EpochBegun was applied, or those of one path.
  std::vector<Due> dues() const;
  std::vector<Due> dues_of(std::string_view path) const;

  // What to propose now that `session` has acknowledged its events up to `through`: an EndLockDelay
  // for each broken lock of which it has so learnt that it is lost, and, when it was killed and
  // nothing of that kind is left, its ExpireSession. Empty in nearly all cases, and quick then.
  std::vector<Op> acknowledged(SessionId session, EventName through) const;

  // Events of the recent history after `after`, in order, as long as `visit` answers true. False,
  // without a visit, when the history no longer reaches back so far (the caller says EVENTS_LOST).
  bool events_after(EventName after, const std::function<bool(const Event&)>& visit) const;
  EventName newest_event() const;     // (0,0) when there was none.
  Zxid history_begins_after() const;  // Events of entries after this zxid are all there.

  std::uint64_t state_bytes() const;
  std::uint64_t node_count() const;
  std::uint64_t session_count() const;
  std::uint64_t lock_count() const;
  std::uint64_t hash() const;        // Of image(): O(n), for tests.
  Status audit() const;              // kCorrupt if the state contradicts itself; O(n), for tests.
  std::vector<Write> image() const;  // The whole image as puts, ascending by key: for tests.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::state
