#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/error_code.h"
#include "zab/base/ids.h"

namespace holdfast::state {

// A holder or waiter as shown to people and programs.
struct LockParty {
  SessionId session;
  OwnerId owner;
  std::string client_name;
  std::string host;
  std::string description;
  LockMode mode = LockMode::kExclusive;
  std::int64_t since_wall_ms = 0;
  std::int64_t since_cluster_ms = 0;
  Zxid asked;             // Zxid of the acquire.
  Zxid acquisition;       // None for a waiter.
  RequestNumber request;  // The acquire that asked.
  std::int64_t lock_delay_ms = 0;
  std::int64_t wait_ms = 0;  // Waiters: as asked.
  bool operator==(const LockParty&) const = default;
};

// One edge of a circle of owners that wait for each other: this owner waits for, or just asked for,
// this lock.
struct WaitEdge {
  SessionId session;
  OwnerId owner;
  std::string path;
  bool operator==(const WaitEdge&) const = default;
};

// The facts are those of LockServiceError in thrift/lockservice.thrift; what a code does not use
// stays empty.
struct Error {
  ErrorCode code{};
  std::string message;  // A sentence that names the path or the limit.
  std::string path;
  std::vector<LockParty> holders;  // At most 16 of them are listed.
  std::int64_t remaining_ms = 0;
  std::optional<LockParty> previous_holder;
  std::string limit_name;
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;
  std::vector<WaitEdge> cycle;  // DEADLOCK: beginning with the refused request, 100 edges at most.
  bool operator==(const Error&) const = default;
};

struct Stat {
  Zxid instance;
  std::uint64_t content_generation = 0;  // Counts the writes of the contents, from 1 at creation.
  std::uint64_t child_generation = 0;    // Counts creations and removals of children.
  Zxid lock_generation;                  // None when never locked.
  Zxid created_zxid;
  Zxid modified_zxid;
  std::int64_t created_wall_ms = 0;
  std::int64_t modified_wall_ms = 0;
  std::uint64_t contents_length = 0;
  std::uint64_t contents_checksum = 0;  // hash_bytes of the contents.
  std::uint64_t children = 0;
  SessionId ephemeral_owner;
  NodeKind kind = NodeKind::kPersistent;
  bool operator==(const Stat&) const = default;
};

// Replies to commands. The ones that end a request are remembered for it (LOCKS.md §2.6).
struct SessionOpened {
  SessionId session;
  std::int64_t lease_ms = 0;
  bool previous_closed = false;
  bool operator==(const SessionOpened&) const = default;
};
struct Done {  // Closed, expired, released, ended.
  bool operator==(const Done&) const = default;
};
struct Killed {
  bool killed = false;  // False when there was no such session.
  bool operator==(const Killed&) const = default;
};
struct Broken {
  std::vector<LockParty> broken;  // At most 100 of them are listed.
  std::int64_t delay_ms = 0;      // The lock passes on within this time; 0 when it has.
  bool operator==(const Broken&) const = default;
};
struct Granted {
  Sequencer sequencer;
  std::int64_t lock_delay_ms = 0;
  bool operator==(const Granted&) const = default;
};
struct Waiting {            // The outcome is lock state; it comes as an Outcome later.
  std::uint64_t ahead = 0;  // Waiters before it.
  bool operator==(const Waiting&) const = default;
};
struct WaitCancelled {
  bool operator==(const WaitCancelled&) const = default;
};
struct Created {
  std::string path;  // With the sequential suffix, if any.
  Stat stat;
  bool operator==(const Created&) const = default;
};
struct Removed {
  bool operator==(const Removed&) const = default;
};
struct ContentsSet {
  Stat stat;
  bool operator==(const ContentsSet&) const = default;
};
struct Checked {
  std::optional<Stat> stat;  // Of an existing node.
  bool operator==(const Checked&) const = default;
};
using MultiOpResult = std::variant<Created, Removed, ContentsSet, Checked>;
struct MultiDone {
  std::vector<MultiOpResult> results;
  bool operator==(const MultiDone&) const = default;
};
struct MultiFailed {
  std::uint32_t index = 0;  // Of the operation that failed; nothing was done.
  Error error;
  bool operator==(const MultiFailed&) const = default;
};
using Reply = std::variant<Error, SessionOpened, Done, Killed, Broken, Granted, Waiting,
                           WaitCancelled, Created, Removed, ContentsSet, MultiDone, MultiFailed>;

}  // namespace holdfast::state
