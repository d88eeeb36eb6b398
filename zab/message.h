#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "zab/types.h"

// Everything that replicas say to each other. Names follow ZAB 1.0 and Zab.tla. All but
// Notification travel on the channel that a learner opens to its leader: in order, as a prefix,
// until it closes. Every message carries the epoch agreed on that channel (R9); `epoch` below is
// that epoch.

namespace holdfast::zab {

// Election channel: may be lost, repeated and reordered; only the newest counts.
struct Notification {
  ServerId from;
  Incarnation incarnation;
  Role role = Role::kLooking;
  Vote vote;
  std::uint64_t round = 0;  // The sender's logical clock of elections.
  Membership membership = Membership::kProvisioned;
  Zxid config_version;
  bool operator==(const Notification&) const = default;
};

// Learner to leader, first message on a channel (FOLLOWERINFO of a voter, OBSERVERINFO of an
// observer).
struct LearnerInfo {
  ServerId from;
  Incarnation incarnation;
  bool observer = false;
  Membership membership = Membership::kProvisioned;
  Epoch accepted;
  Zxid config_version;
  bool operator==(const LearnerInfo&) const = default;
};

// Leader to learner: the new epoch, after it is durable at the leader (R11). `bootstrap`: this is
// the first epoch of a cell whose voters are all fresh; accepting it provisions the learner.
struct LeaderInfo {
  Epoch epoch;
  bool bootstrap = false;
  bool operator==(const LeaderInfo&) const = default;
};

// Learner to leader. `promised` is false for ZAB's "-1": the learner had accepted this epoch
// before, so this answer does not count towards the quorum (R12).
struct AckEpoch {
  Epoch epoch;
  bool promised = true;
  Epoch current;
  EpochVector epochs;  // Shape of the learner's log.
  Zxid floor;          // Its image holds everything up to here and cannot be truncated below it.
  bool operator==(const AckEpoch&) const = default;
};

// Start of a synchronization: what follows are the entries after `from`.
struct Diff {
  Epoch epoch;
  Zxid from;
  bool operator==(const Diff&) const = default;
};
// Forget the entries after `to`; what follows are the entries after it.
struct Trunc {
  Epoch epoch;
  Zxid to;
  bool operator==(const Trunc&) const = default;
};
// The whole image as of `zxid` follows in chunks.
struct Snap {
  Epoch epoch;
  Zxid zxid;
  bool operator==(const Snap&) const = default;
};
struct SnapChunk {
  Epoch epoch;
  SharedBytes bytes;
  bool operator==(const SnapChunk&) const = default;
};
// Trailer: the image is complete when chunks and checksum (hash_bytes over all chunks) agree.
struct SnapEnd {
  Epoch epoch;
  std::uint64_t chunks = 0;
  std::uint64_t checksum = 0;
  bool operator==(const SnapEnd&) const = default;
};
// Learner to leader: so many chunks are staged on its disk.
struct SnapAck {
  Epoch epoch;
  std::uint64_t chunks = 0;
  bool operator==(const SnapAck&) const = default;
};

// A run of consecutive entries, in synchronization and broadcast, with the leader's commit point.
struct Proposal {
  Epoch epoch;
  std::vector<Entry> entries;  // Not empty.
  Zxid committed;
  bool operator==(const Proposal&) const = default;
};

// The learner now holds the initial history (or, joining late, the leader's log of the moment it
// joined) through `last`.
struct NewLeader {
  Epoch epoch;
  Zxid last;
  bool operator==(const NewLeader&) const = default;
};
// currentEpoch = epoch and the history through `last` are durable at the learner (1.4).
struct AckNewLeader {
  Epoch epoch;
  bool operator==(const AckNewLeader&) const = default;
};
// The learner may serve once it has applied `committed` (R20).
struct UpToDate {
  Epoch epoch;
  Zxid committed;
  bool operator==(const UpToDate&) const = default;
};

// Cumulative: everything through `durable` is on the learner's disk.
struct Ack {
  Epoch epoch;
  Zxid durable;
  bool operator==(const Ack&) const = default;
};
// Cumulative: everything through `committed` is committed.
struct Commit {
  Epoch epoch;
  Zxid committed;
  bool operator==(const Commit&) const = default;
};
// To observers: a run of consecutive committed entries.
struct Inform {
  Epoch epoch;
  std::vector<Entry> entries;
  bool operator==(const Inform&) const = default;
};

// Leader's heartbeat and confirmation round. A learner answers it at once with a Pong of the same
// round.
struct Ping {
  Epoch epoch;
  std::uint64_t round = 0;
  Zxid committed;
  bool operator==(const Ping&) const = default;
};
struct Pong {
  Epoch epoch;
  std::uint64_t round = 0;
  Zxid applied;
  std::uint64_t free_bytes =
      0;  // Free space beyond its reserve (LOCKS.md §7); 0 = it lacks its reserve.
  std::vector<SessionId> touched;  // Sessions heard from since the last Pong or ReadIndex.
  bool operator==(const Pong&) const = default;
};

// A follower or observer asks for the commit point, confirmed by a quorum round that began after
// this arrived (R23).
struct ReadIndex {
  Epoch epoch;
  std::uint64_t tag = 0;
  // Counted by the leader before that round begins. When there are any, the answer is the end of
  // the leader's log in place of its commit point: an expiry that the touch came too late for is
  // then applied before the answer is used.
  std::vector<SessionId> touched;
  bool operator==(const ReadIndex&) const = default;
};
struct ReadIndexReply {
  Epoch epoch;
  std::uint64_t tag = 0;
  Zxid committed;
  bool operator==(const ReadIndexReply&) const = default;
};

// A client's command on its way to the leader, and the leader's word that it will not propose it.
// The bytes mean nothing to the core; who gave the request finds it again by them.
struct Request {
  Epoch epoch;
  SharedBytes payload;
  bool operator==(const Request&) const = default;
};
struct RequestReply {
  Epoch epoch;
  SharedBytes payload;
  bool operator==(const RequestReply&) const = default;
};

// What travels on the leader channel.
using Message =
    std::variant<LearnerInfo, LeaderInfo, AckEpoch, Diff, Trunc, Snap, SnapChunk, SnapEnd, SnapAck,
                 Proposal, NewLeader, AckNewLeader, UpToDate, Ack, Commit, Inform, Ping, Pong,
                 ReadIndex, ReadIndexReply, Request, RequestReply>;

// One line for people: "PROPOSAL e=2 2.4..2.9 committed=2.3".
std::string describe(const Notification& notification);
std::string describe(const Message& message);

}  // namespace holdfast::zab
