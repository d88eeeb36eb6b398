#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "client/values.h"

// The data calls and the operator's calls, one struct each: its members are the arguments, `Reply`
// is what it answers. They are made with call() and async_call() of a Session, and those that need
// no session also with a CellClient. Errors are told at the methods of thrift/lockservice.thrift.
//
// Reads are linearizable at every replica unless `stale_ok` is set. A `guard` is a sequencer: the
// request is carried out only if that is valid at that very point of the history, else
// STALE_SEQUENCER. Each reply is true as of its zxid.

namespace holdfast::client {

// ---- data ---------------------------------------------------------------------------------------

struct Created {
  Zxid zxid{};
  std::string path{};  // With its number if it is sequential.
  Stat stat{};
};
struct Create {
  using Reply = Created;
  std::string path{};
  std::string contents{};
  NodeKind kind = NodeKind::kPersistent;
  bool sequential = false;
  bool create_parents = false;
  std::optional<std::string> guard{};
};

struct Contents {
  Zxid zxid{};
  std::string contents{};
  Stat stat{};
};
struct Get {
  using Reply = Contents;
  std::string path{};
  bool stale_ok = false;
};

struct Existence {
  Zxid zxid{};
  std::optional<Stat> stat{};  // Absent if there is no such node.
};
struct Exists {
  using Reply = Existence;
  std::string path{};
  bool stale_ok = false;
};

struct Child {
  std::string name{};
  std::optional<Stat> stat{};  // If asked for.
};
struct Children {
  Zxid zxid{};
  std::vector<Child> children{};  // Ordered by the bytes of their names.
  bool more = false;              // Ask again after the last name.
  Stat stat{};                    // Of the node itself.
};
struct List {
  using Reply = Children;
  std::string path{};
  std::string after{};    // Only names after this one.
  std::size_t limit = 0;  // 0 for 10,000, the maximum.
  bool with_stats = false;
  bool stale_ok = false;
};

struct Written {
  Zxid zxid{};
  Stat stat{};  // As of after the write.
};
struct Set {
  using Reply = Written;
  std::string path{};
  std::string contents{};
  std::optional<Zxid> if_instance{};
  std::optional<std::uint64_t> if_content_generation{};
  std::optional<std::string> guard{};
};

struct Removed {
  Zxid zxid{};
};
struct Remove {
  using Reply = Removed;
  std::string path{};
  // A lock that this owner of this session holds does not stand against it, and goes with the node.
  // So from this call on the guard of that owner is in doubt (held() is false, on_jeopardy is
  // called) until the cell was asked: then it is safe again, if the removal was refused, or lost.
  // Who releases the guard first is spared that.
  OwnerId owner{};
  std::optional<Zxid> if_instance{};
  std::optional<std::uint64_t> if_content_generation{};
  std::optional<std::string> guard{};
};

// Checks, for a Multi.
struct CheckNode {
  std::string path{};
  std::optional<Zxid> if_instance{};
  std::optional<std::uint64_t> if_content_generation{};
};
struct CheckAbsent {
  std::string path{};
};
struct CheckSequencer {
  std::string sequencer{};
};

struct OpResult {
  std::string path{};          // Of a create.
  std::optional<Stat> stat{};  // Of a create, set or check of a node.
};
struct MultiDone {
  Zxid zxid{};
  std::vector<OpResult> results{};  // One for each operation, in their order.
};
// All operations, or none: then the error is that of the first that was refused, and op_index says
// which. Guards of single operations do not count; the multi has one as a whole.
//
//   session.call(Multi().check_absent("/a").create({.path = "/b"}).set({.path = "/c"}))
class Multi {
 public:
  using Reply = MultiDone;
  using Op = std::variant<Create, Set, Remove, CheckNode, CheckAbsent, CheckSequencer>;

  Multi& create(Create op) { return add(std::move(op)); }
  Multi& set(Set op) { return add(std::move(op)); }
  Multi& remove(Remove op) { return add(std::move(op)); }
  Multi& check(CheckNode op) { return add(std::move(op)); }
  Multi& check_absent(std::string path) { return add(CheckAbsent{std::move(path)}); }
  Multi& check_sequencer(std::string sequencer) {
    return add(CheckSequencer{std::move(sequencer)});
  }
  Multi& guarded_by(std::string sequencer) {
    guard_ = std::move(sequencer);
    return *this;
  }

  const std::vector<Op>& ops() const { return ops_; }
  const std::optional<std::string>& guard() const { return guard_; }

 private:
  Multi& add(Op op) {
    ops_.push_back(std::move(op));
    return *this;
  }

  std::vector<Op> ops_;
  std::optional<std::string> guard_;
};

struct Synced {
  Zxid zxid{};  // At least the last one committed anywhere when the request arrived.
};
// A stale read after it, at the same replica, shows all that was answered before it.
struct Sync {
  using Reply = Synced;
};

// ---- locks and sessions, for those who look at them and for operators
// -----------------------------

struct LockInfoReply {
  Zxid zxid{};
  LockInfo lock{};
};
struct GetLockInfo {
  using Reply = LockInfoReply;
  std::string path{};
  std::size_t waiters_limit = 0;  // 0 for 100; at most 1,000.
  bool stale_ok = false;
};

struct LockPage {
  Zxid zxid{};
  std::vector<LockInfo> locks{};  // That are not free, by path; waiters are counted and not listed.
  bool more = false;              // Ask again after the last path.
};
struct ListLocks {
  using Reply = LockPage;
  std::string prefix = "/";
  std::string after{};
  std::size_t limit = 0;     // 0 for 1,000, the maximum.
  SessionId only_session{};  // If not none: only locks that this session holds or waits for.
  bool stale_ok = false;
};

struct LockBroken {
  Zxid zxid{};
  std::vector<LockParty> broken{};
  std::int64_t delay_ms = 0;  // The lock passes on within this time; 0 if it has.
};
// For operators; logged with who and why.
struct BreakLock {
  using Reply = LockBroken;
  std::string path{};
  Zxid acquisition{};           // Only the holder with this one; none for all holders.
  std::string reason{};         // Not empty.
  std::string operator_name{};  // Not empty.
  bool now = false;             // Two clients may then both believe that they hold it.
};

struct SessionPage {
  Zxid zxid{};
  std::vector<SessionInfo> sessions{};  // By ascending id.
  bool more = false;                    // Ask again after the last id.
};
struct ListSessions {
  using Reply = SessionPage;
  SessionId after{};
  std::size_t limit = 0;  // 0 for 1,000, the maximum.
  bool stale_ok = false;
};

struct SessionKilled {
  Zxid zxid{};
  bool killed = false;  // False if there was no such session (any more).
};
// For operators; logged with who and why.
struct KillSession {
  using Reply = SessionKilled;
  SessionId session{};
  std::string reason{};         // Not empty.
  std::string operator_name{};  // Not empty.
  bool now = false;             // Two clients may then both believe that they hold its locks.
};

struct SequencerStates {
  Zxid zxid{};
  std::vector<SequencerState> states{};  // One for each sequencer, in their order.
};
struct CheckSequencers {
  using Reply = SequencerStates;
  std::vector<std::string> sequencers{};  // At most 256.
};

struct CellStatus {
  Zxid zxid{};
  std::string cell_name{};
  std::string cell_id{};  // 16 bytes.
  ReplicaStatus replica{};
  std::vector<MemberInfo> members{};
  StateStatus state{};
  std::vector<LimitInfo> limits{};
  std::string version{};
  std::int32_t state_machine_version = 0;
};
// What the replica that is asked knows about itself and its cell; answered also without a leader.
struct GetCellStatus {
  using Reply = CellStatus;
};

// ---- all of them --------------------------------------------------------------------------------

using AnyRequest =
    std::variant<Create, Get, Exists, List, Set, Remove, Multi, Sync, GetLockInfo, ListLocks,
                 BreakLock, ListSessions, KillSession, CheckSequencers, GetCellStatus>;
using AnyReply = std::variant<Created, Contents, Existence, Children, Written, Removed, MultiDone,
                              Synced, LockInfoReply, LockPage, LockBroken, SessionPage,
                              SessionKilled, SequencerStates, CellStatus>;

// Those that change nothing within a session, so that they can be made without one.
template <typename Request>
inline constexpr bool kNeedsNoSession =
    std::is_same_v<Request, Get> || std::is_same_v<Request, Exists> ||
    std::is_same_v<Request, List> || std::is_same_v<Request, Sync> ||
    std::is_same_v<Request, GetLockInfo> || std::is_same_v<Request, ListLocks> ||
    std::is_same_v<Request, BreakLock> || std::is_same_v<Request, ListSessions> ||
    std::is_same_v<Request, KillSession> || std::is_same_v<Request, CheckSequencers> ||
    std::is_same_v<Request, GetCellStatus>;

}  // namespace holdfast::client
