/*
 * Holdfast: the records that a replica keeps. Not for clients.
 *
 * COMMAND is what the log carries: one struct in Thrift's compact protocol is the payload of an
 * entry. IMAGE RECORDS are the values of the image of the applied state; docs/format.md tells their
 * keys. All are written in the canonical form (fields ascending, everything that is not optional
 * present), and bytes that are not in that form are refused.
 *
 * Zxids, ids, generations and numbers of requests are 64-bit patterns of unsigned numbers in an
 * i64. Times named *_ms are milliseconds; cluster_ms is the sum of the leaders' monotonic time,
 * wall_ms Unix time for display only. Numbers are never reused.
 */

namespace cpp holdfast.record

enum LockMode {
  EXCLUSIVE = 1,
  SHARED = 2
}

enum NodeKind {
  PERSISTENT = 1,
  EPHEMERAL = 2,
  UNTIL_FREE = 3
}

enum LockCreate {
  NO = 1,
  PERSISTENT = 2,
  UNTIL_FREE = 3
}

enum WaitEnd {
  CANCELLED = 1,
  TIMED_OUT = 2
}

// ------------------------------------------------------------------------------------ shared parts

/** Set by the leader when it proposes. */
struct Stamp {
  1: i64 cluster_ms,
  2: i64 wall_ms
}

/** Who waits for the reply; 0s for a command of the leader's own. */
struct Origin {
  1: i64 server,
  2: i64 incarnation,
  3: i64 call
}

/** As in the printable sequencer. */
struct Sequencer {
  1: LockMode mode,
  2: i64 generation,
  3: i64 acquisition,
  4: i64 instance,
  /** The first 8 bytes of the cell id as a big-endian number. */
  5: i64 cell_prefix,
  6: string path
}

/** What a node must be for a change to be made; absent = not demanded. */
struct Conditions {
  1: optional i64 instance,
  2: optional i64 content_generation
}

/** A holder or waiter as shown to people. */
struct LockParty {
  1: i64 session,
  2: i64 owner,
  3: string client_name,
  4: string host,
  5: string description,
  6: LockMode mode,
  7: i64 since_wall_ms,
  8: i64 since_cluster_ms,
  /** 0 for a waiter. */
  9: i64 acquisition,
  10: i64 request,
  11: i64 lock_delay_ms,
  12: i64 wait_ms,
  /** Zxid of the acquire. */
  13: i64 asked
}

/** The name of an event. */
struct EventName {
  1: i64 zxid,
  2: i32 index
}

// -------------------------------------------------------------------------------------- operations

struct PreviousSession {
  1: string instance_name,
  /** SHA-256 of the secret, 32 bytes. */
  2: binary secret
}

struct OpenSession {
  /** SHA-256 of the secret, 32 bytes. */
  1: binary secret,
  /** As asked for; clamped when applied. */
  2: i64 lease_ms,
  3: string client_name,
  4: string host,
  /** Empty when none was given. */
  5: string instance_name,
  6: optional PreviousSession previous
}

struct CloseSession {
}

struct ExpireSession {
  1: i64 session
}

struct KillSession {
  1: i64 session,
  2: string reason,
  3: string who,
  4: bool now
}

struct Acquire {
  1: string path,
  2: LockMode mode,
  /** 0 = try; -1 = without limit. */
  3: i64 wait_ms,
  4: i64 lock_delay_ms,
  5: i64 owner,
  6: string description,
  7: LockCreate create
}

struct CancelWait {
  1: string path,
  2: i64 owner,
  3: WaitEnd why,
  /** TIMED_OUT: whose wait, and the number of the acquire that waits. */
  4: i64 session,
  5: i64 waiter
}

struct Release {
  1: string path,
  2: i64 owner
}

struct BreakLock {
  1: string path,
  /** 0 = all holders. */
  2: i64 acquisition,
  3: string reason,
  4: string who,
  5: bool now
}

struct EndLockDelay {
  1: string path,
  /** Zxid of the entry that began it. */
  2: i64 since,
  /** 0: its time has come. Else this session has acknowledged its LOCK_LOST. */
  3: i64 acknowledged_by
}

struct EpochBegun {
  1: i64 leader
}

struct Create {
  1: string path,
  2: binary contents,
  3: NodeKind kind,
  4: bool sequential,
  5: bool create_parents
  // 6 is reserved for the access control list.
}

struct Remove {
  1: string path,
  2: Conditions conditions,
  3: i64 owner
}

struct SetContents {
  1: string path,
  2: binary contents,
  3: Conditions conditions
}

struct Check {
  1: string path,
  2: bool must_exist,
  3: Conditions conditions
}

/** One operation of a multi. Exactly one field is set. */
struct MultiOp {
  1: optional Create create,
  2: optional Remove remove,
  3: optional SetContents set_contents,
  4: optional Check check,
  5: optional Sequencer check_held
  // 6 to 15 are reserved for further operations.
}

struct Multi {
  1: list<MultiOp> ops
}

/** The payload of an entry of the log. Exactly one of the fields from 16 on is set. */
struct Command {
  /** Of the rules by which it is judged; a replica that does not know them refuses to go on. */
  1: i32 version,
  2: Stamp stamp,
  3: Origin origin,
  /** 0 for a command of no session. */
  4: i64 session,
  /** 0 for a command without a number. */
  5: i64 request,
  6: i64 answered_below,
  7: optional Sequencer guard,
  // 8 to 15 are reserved: 8 a trace id, 9 and 10 identity.
  16: optional OpenSession open_session,
  17: optional CloseSession close_session,
  18: optional ExpireSession expire_session,
  19: optional KillSession kill_session,
  20: optional Acquire acquire,
  21: optional CancelWait cancel_wait,
  22: optional Release release,
  23: optional BreakLock break_lock,
  24: optional EndLockDelay end_lock_delay,
  25: optional EpochBegun epoch_begun,
  26: optional Create create,
  27: optional Remove remove,
  28: optional SetContents set_contents,
  29: optional Multi multi
  // 30 to 39 are reserved for access control lists.
}

// ------------------------------------------------------------------------------ remembered replies

struct WaitEdge {
  1: i64 session,
  2: i64 owner,
  3: string path
}

struct Error {
  /** As ErrorCode in lockservice.thrift. */
  1: i32 code,
  2: string message,
  3: string path,
  4: list<LockParty> holders,
  5: i64 remaining_ms,
  6: optional LockParty previous_holder,
  7: string limit_name,
  8: i64 limit,
  9: i64 actual,
  10: list<WaitEdge> cycle
}

struct Stat {
  1: i64 instance,
  2: i64 content_generation,
  3: i64 child_generation,
  4: i64 lock_generation,
  // 5 is reserved for the generation of the access control list.
  6: i64 modified_zxid,
  7: i64 created_wall_ms,
  8: i64 modified_wall_ms,
  9: i64 contents_length,
  10: i64 contents_checksum,
  11: i64 children,
  12: i64 ephemeral_owner,
  13: NodeKind kind,
  14: i64 created_zxid
}

struct SessionOpened {
  1: i64 session,
  2: i64 lease_ms,
  3: bool previous_closed
}

struct Done {
}

struct Killed {
  1: bool killed
}

struct Broken {
  1: list<LockParty> broken,
  2: i64 delay_ms
}

struct Granted {
  1: Sequencer sequencer,
  2: i64 lock_delay_ms
}

struct Waiting {
  1: i64 ahead
}

struct WaitCancelled {
}

struct Created {
  1: string path,
  2: Stat stat
}

struct Removed {
}

struct ContentsSet {
  1: Stat stat
}

struct Checked {
  1: optional Stat stat
}

/** Exactly one field is set. */
struct MultiOpResult {
  1: optional Created created,
  2: optional Removed removed,
  3: optional ContentsSet contents_set,
  4: optional Checked checked
}

struct MultiDone {
  1: list<MultiOpResult> results
}

struct MultiFailed {
  1: i32 index,
  2: Error error
}

/** What a request was answered, kept until the client has it. Exactly one field is set. */
struct Reply {
  1: optional Error error,
  2: optional SessionOpened session_opened,
  3: optional Done done,
  4: optional Killed killed,
  5: optional Broken broken,
  6: optional Granted granted,
  7: optional Waiting waiting,
  8: optional WaitCancelled wait_cancelled,
  9: optional Created created,
  10: optional Removed removed,
  11: optional ContentsSet contents_set,
  12: optional MultiDone multi_done,
  13: optional MultiFailed multi_failed
}

// ----------------------------------------------------------------------------------- image records

/** Of the image as a whole. */
struct Meta {
  /** Of the image's own format. */
  1: i32 version,
  /** The image is the state after this entry. */
  2: i64 applied,
  /** Of that entry. */
  3: Stamp stamp,
  /** The first 8 bytes of the cell id as a big-endian number. */
  4: i64 cell_prefix,
  /** cluster_ms of the newest EpochBegun, from which lock-delays and waits count anew. */
  5: i64 epoch_began_cluster_ms,
  /** The newest event that the history no longer has. */
  6: EventName history_floor,
  /** The newest event there ever was. */
  7: EventName newest_event
}

/** A node without its contents, which are a record of their own (the bytes as they are). */
struct Node {
  1: i64 instance,
  2: i64 content_generation,
  3: i64 child_generation,
  4: i64 lock_generation,
  // 5 is reserved for the generation of the access control list.
  6: i64 modified_zxid,
  7: i64 created_wall_ms,
  8: i64 modified_wall_ms,
  // 9 is reserved for the length of the contents.
  /** FNV-1a, 64 bits, of the contents. */
  10: i64 contents_checksum,
  /** Number of the next sequential child. */
  11: i64 next_sequence,
  /** 0 unless EPHEMERAL. */
  12: i64 ephemeral_owner,
  13: NodeKind kind
}

struct Session {
  /** SHA-256 of the secret, 32 bytes. */
  1: binary secret,
  2: i64 lease_ms,
  3: string client_name,
  4: string host,
  5: string instance_name,
  6: i64 opened_wall_ms,
  7: bool previous_closed,
  /** Killed, but its holds may still be believed in: it ends soon. */
  8: bool killed,
  9: i64 answered_below
}

/** A holder of a lock, or one who waits for it. The zxid of its acquire is in the key. */
struct LockRequest {
  1: i64 session,
  2: i64 owner,
  3: i64 request,
  4: LockMode mode,
  5: i64 wait_ms,
  6: i64 lock_delay_ms,
  7: string description,
  8: Stamp asked_at,
  /** 0 while it waits. */
  9: i64 acquisition,
  /** 0s while it waits. */
  10: Stamp granted_at
}

/** One reason why a lock is closed. Since when, whose session and owner are in the key. */
struct LockDelay {
  1: LockParty holder,
  /** SHA-256 of the holder's session's secret. */
  2: binary secret,
  /** Of the lock when it was lost. */
  3: i64 generation,
  4: i64 delay_ms,
  5: i64 began_cluster_ms,
  /** The LOCK_LOST whose acknowledgement by the holder ends it before its time; absent for none. */
  6: optional EventName lost
}

struct Event {
  /** EventKind of lockservice.thrift. */
  1: i32 kind,
  2: string path,
  3: string child,
  4: i64 instance,
  5: i64 session,
  6: i64 owner,
  /** The only session that gets it; 0 for no such restriction. */
  7: i64 to,
  8: i64 generation,
  9: i64 acquisition,
  10: i64 content_generation,
  11: LockMode mode,
  12: string reason
}

/** The events of one entry; its zxid is in the key, their indexes are their places. */
struct Events {
  1: list<Event> events
}
