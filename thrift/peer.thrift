/*
 * Holdfast: what the replicas of a cell say to each other. Not for clients.
 *
 * FRAMES. A connection carries frames: a 4-byte big-endian length (at most 8 MiB), one byte that
 * names the kind (FrameKind), and one struct in Thrift's compact protocol. The one who dials sends
 * HELLO first and waits for WELCOME; everything else comes after that. A frame that cannot be read,
 * of an unknown kind or out of place closes its connection.
 *
 * CHANNELS. ELECTION: the dialler sends NOTIFICATIONs, the other side nothing. LEADER: a learner
 * has dialled its leader; both send the rest. Zxids are 64-bit patterns: epoch in the high, counter
 * in the low 32 bits.
 *
 * Names are those of ZAB 1.0; docs/protocol.md tells the protocol. Numbers are never reused.
 */

namespace cpp holdfast.peer

enum FrameKind {
  HELLO = 1,
  WELCOME = 2,
  NOTIFICATION = 3,
  LEARNER_INFO = 10,
  LEADER_INFO = 11,
  ACK_EPOCH = 12,
  DIFF = 13,
  TRUNC = 14,
  SNAP = 15,
  SNAP_CHUNK = 16,
  SNAP_END = 17,
  SNAP_ACK = 18,
  PROPOSAL = 19,
  NEW_LEADER = 20,
  ACK_NEW_LEADER = 21,
  UP_TO_DATE = 22,
  ACK = 23,
  COMMIT = 24,
  INFORM = 25,
  PING = 26,
  PONG = 27,
  READ_INDEX = 28,
  READ_INDEX_REPLY = 29,
  REQUEST = 30,
  REQUEST_REPLY = 31
}

enum Channel {
  ELECTION = 1,
  LEADER = 2
}

/**
 * First frame of a connection. The other side closes, with a WELCOME that says why, unless all of
 * it fits.
 */
struct Hello {
  /** Version of this protocol; 1. */
  1: i32 version = 1,
  2: Channel channel,
  3: string cell_name,
  /** 32 hex digits. */
  4: string cell_id,
  /** Who dials, and whom it believes to reach. */
  5: i64 from_id,
  6: i64 to_id,
  /** Names this run of the dialler's process. */
  7: i64 incarnation,
  /** "host:port" at which clients reach the dialler. */
  8: string client_endpoint
}

struct Welcome {
  /** Empty when the connection stands; else the sentence that says why it does not. */
  1: string refusal,
  2: i64 incarnation,
  /** "host:port" at which clients reach this replica. */
  3: string client_endpoint
}

enum Role {
  LOOKING = 1,
  FOLLOWING = 2,
  LEADING = 3,
  OBSERVING = 4
}

/** Whether a replica's disk may be relied upon by a quorum. */
enum Membership {
  PROVISIONED = 1,
  FRESH = 2,
  REJOINING = 3
}

struct Vote {
  1: i32 epoch,
  2: i64 zxid,
  3: i64 leader
}

struct Notification {
  1: i64 from_id,
  2: i64 incarnation,
  3: Role role,
  4: Vote vote,
  5: i64 round,
  6: Membership membership,
  7: i64 config_version
}

struct Entry {
  1: i64 zxid,
  /** Zxid of the entry before it. */
  2: i64 prev,
  3: binary payload
}

/** Last counter that a log holds of one epoch. */
struct EpochEnd {
  1: i32 epoch,
  2: i32 last_counter
}

struct LearnerInfo {
  1: i64 from_id,
  2: i64 incarnation,
  3: bool observer,
  4: Membership membership,
  5: i32 accepted_epoch,
  6: i64 config_version
}

struct LeaderInfo {
  1: i32 epoch,
  2: bool bootstrap
}

struct AckEpoch {
  1: i32 epoch,
  2: bool promised,
  3: i32 current_epoch,
  4: list<EpochEnd> epochs,
  5: i64 floor
}

struct Diff {
  1: i32 epoch,
  2: i64 from_zxid
}

struct Trunc {
  1: i32 epoch,
  2: i64 to_zxid
}

struct Snap {
  1: i32 epoch,
  2: i64 zxid
}

struct SnapChunk {
  1: i32 epoch,
  2: binary bytes
}

struct SnapEnd {
  1: i32 epoch,
  2: i64 chunks,
  3: i64 checksum
}

struct SnapAck {
  1: i32 epoch,
  2: i64 chunks
}

struct Proposal {
  1: i32 epoch,
  2: list<Entry> entries,
  3: i64 committed
}

struct NewLeader {
  1: i32 epoch,
  2: i64 last_zxid
}

struct AckNewLeader {
  1: i32 epoch
}

struct UpToDate {
  1: i32 epoch,
  2: i64 committed
}

struct Ack {
  1: i32 epoch,
  2: i64 durable
}

struct Commit {
  1: i32 epoch,
  2: i64 committed
}

struct Inform {
  1: i32 epoch,
  2: list<Entry> entries
}

struct Ping {
  1: i32 epoch,
  2: i64 round,
  3: i64 committed
}

struct Pong {
  1: i32 epoch,
  2: i64 round,
  3: i64 applied,
  /** Free space on the learner's disk beyond its reserve. */
  4: i64 free_bytes,
  /** Sessions that the learner heard from since its last PONG or READ_INDEX. */
  5: list<i64> touched
}

struct ReadIndex {
  1: i32 epoch,
  2: i64 tag,
  3: list<i64> touched
}

struct ReadIndexReply {
  1: i32 epoch,
  2: i64 tag,
  3: i64 committed
}

struct Request {
  1: i32 epoch,
  2: binary payload
}

struct RequestReply {
  1: i32 epoch,
  2: binary payload
}

/** Payload of a REQUEST_REPLY: the leader has not proposed the command, and will not. */
struct Refusal {
  /** Of the command's origin; 0 if the leader could not read the command. */
  1: i64 call,
  /** ErrorCode of lockservice.thrift. */
  2: i32 code,
  3: string message,
  /** The same command may succeed if it is sent again later. */
  4: bool retryable,
  /** LIMIT, TOO_LARGE: as in LockServiceError. */
  5: string limit_name,
  6: i64 limit,
  7: i64 actual
}
