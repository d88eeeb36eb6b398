/*
 * Holdfast: the API of the lock service, for clients in every language that Thrift has.
 *
 * TRANSPORT. TCP; Thrift's framed transport (a 4-byte big-endian length before each message, at
 * most 2 MiB); the binary (strict) or the compact protocol. The server finds out which of the two
 * from a connection's first message. A message that is malformed, too large, of an unknown method
 * or of a wrong type closes its connection.
 *
 * A FIRST LOCK, in Python with the stock client:
 *
 *     opened = client.open_session(OpenSessionRequest(client_name="report", host="web-3",
 *                                                     secret=os.urandom(16)))
 *     me = opened.session_id
 *     ask = AcquireRequest(header=RequestHeader(session_id=me, request_number=1),
 *                          path="/reports/nightly", wait_ms=30000, create=CreateMode.PERSISTENT)
 *     reply = client.acquire(ask)
 *     while reply.outcome == AcquireOutcome.WAITING:
 *         reply = client.acquire(ask)          # the same request, with the same number
 *     print(reply.grant.sequencer)
 *     client.release(ReleaseRequest(header=RequestHeader(session_id=me, request_number=2),
 *                                   path="/reports/nightly"))
 *
 * SESSIONS. Almost everything belongs to a session: locks, ephemeral nodes, watches, the numbers of
 * requests. A connection is bound to a session by open_session or resume_session on it, and later
 * requests on it carry the session id only. A session may have several connections, to any
 * replicas, at once. Reads need no session (session_id 0).
 *
 * LEASES. The session lives as long as the client keeps contact. Whoever holds a lock must keep a
 * clock of his own: the lease runs from the moment at which he SENT the request whose reply
 * extended it (ReplyHeader.lease_ms > 0), by a monotonic clock. When that time is over without a
 * new extension he must act as if he did not hold the lock, until a later reply extends the lease
 * again or says SESSION_EXPIRED.
 *
 * PIPELINING. A client may send further requests on a connection before earlier ones are answered.
 * They are carried out in the order in which they were sent, and answered in that order, except
 * that calls which wait (keep_alive, and acquire of a lock that is not free) are set aside: later
 * requests overtake them, and their replies come when they come. A client that pipelines must
 * therefore match replies to requests by the sequence id of the Thrift message. A client that sends
 * one request at a time has nothing to do. A call that waits costs the server no thread.
 *
 * EXACTLY ONCE. Every request that changes something carries a number that grows within its session
 * (RequestHeader.request_number). If its reply was lost (connection broken, leader changed, TIMEOUT
 * with outcome_pending), repeat the same request with the same number, at any replica, until it is
 * answered: it is applied once, and answered every time with its one result. After a reconnection,
 * repeat all open requests in order.
 *
 * NUMBERS. Thrift has no unsigned integers: session ids, zxids, generations, instances, owners and
 * checksums are 64-bit patterns of unsigned numbers in an i64. Compare zxids, generations and
 * instances as unsigned. A zxid is the position of a command in the one history of the cell: epoch
 * in the high 32 bits, counter in the low 32 bits. Times named *_ms are milliseconds; *_wall_ms are
 * milliseconds since 1970 by the leader's wall clock, for display only.
 *
 * PATHS. Absolute, UTF-8, components of 1 to 255 bytes, at most 1,024 bytes, without ".", "..", NUL
 * and control characters. "/ls/<cell>/a/b" and "/ls/local/a/b" are accepted for "/a/b"; replies
 * always use the short form.
 *
 * COMPATIBILITY. Field and enum numbers are never reused. Fields are only ever added, with a
 * default that means what their absence meant before. Ignore fields and event kinds that you do not
 * know. Numbers reserved for what is to come are named where they stand.
 */

namespace cpp holdfast.api
namespace py holdfast.api
namespace perl Holdfast.Api
namespace java holdfast.api
namespace go holdfast.api
namespace rb Holdfast.Api
namespace php Holdfast.Api
namespace netstd Holdfast.Api
namespace js HoldfastApi
namespace rs holdfast_api

// ------------------------------------------------------------------------------------------- words

/**
 * How a lock is held. Any number of owners may hold it SHARED, or one EXCLUSIVE, never both kinds
 * at once.
 */
enum LockMode {
  EXCLUSIVE = 1,
  SHARED = 2
}

/** How long a node lives. */
enum NodeKind {
  /** Until it is removed. */
  PERSISTENT = 1,
  /** Until it is removed or its session ends. It cannot have children. */
  EPHEMERAL = 2,
  /**
   * Until nobody needs it: it goes with its lock's last holder, waiter and lock-delay, and its last
   * child.
   */
  UNTIL_FREE = 3
}

/**
 * Whether acquire creates the node (and its missing parents, which are PERSISTENT) if it does not
 * exist.
 */
enum CreateMode {
  /** The node must exist, else NO_NODE. */
  NO_CREATE = 0,
  /** A missing node is created as a PERSISTENT one. */
  PERSISTENT = 1,
  /** A missing node is created as an UNTIL_FREE one. */
  UNTIL_FREE = 3
}

/** What acquire has come to. A refusal is a LockServiceError and not an outcome. */
enum AcquireOutcome {
  /** The lock is held: AcquireReply.grant says how. */
  GRANTED = 1,
  /**
   * The request stands in the queue. Send the same request again, with the same number, to go on
   * waiting.
   */
  WAITING = 2
}

/** What cancel found. */
enum CancelOutcome {
  /**
   * The owner does not wait any more, and does not hold the lock. Also the answer if he never
   * waited.
   */
  CANCELLED = 1,
  /**
   * The lock had been granted before the cancel: CancelReply.grant says how. Release it if it is
   * not wanted.
   */
  GRANTED = 2
}

/** The state of a lock as a whole. */
enum LockState {
  /** Nobody holds it; the next to ask gets it. */
  FREE = 1,
  /** At least one owner holds it. */
  HELD = 2,
  /**
   * Nobody holds it, but it stays closed for a while, also to those who wait: its last holder's
   * session expired under a lock-delay, or an operator took it from a holder who may not know yet.
   */
  DELAYED = 3
}

/** What a sequencer is worth at the moment of the check. */
enum SequencerState {
  /** That very acquisition stands: its holder holds the lock in that mode. */
  VALID = 1,
  /** That acquisition has ended; it will never be valid again. */
  STALE = 2,
  /** The string is not a sequencer. */
  MALFORMED = 3,
  /** It is a sequencer of another cell, about which this one knows nothing. */
  OTHER_CELL = 4
}

/** What happened. Numbers that you do not know are kinds of a later release: ignore such events. */
enum EventKind {
  /** The contents of the node were written. Event.content_generation is set. */
  CONTENTS_CHANGED = 1,
  /** A child was added. The path is the parent's, Event.child the child's name. */
  CHILD_ADDED = 2,
  /** A child was removed. The path is the parent's, Event.child the child's name. */
  CHILD_REMOVED = 3,
  /** The node was removed, by a request or because its session, or its last use, ended. */
  NODE_DELETED = 4,
  /** The node was created. A watch may stand on a path at which there is no node yet. */
  NODE_CREATED = 5,

  /** The lock was granted to Event.session_id and Event.owner. */
  LOCK_ACQUIRED = 10,
  /** Event.session_id and Event.owner released the lock, or closed their session. */
  LOCK_RELEASED = 11,
  /**
   * Event.session_id and Event.owner lost the lock without releasing it: the session expired or was
   * killed, the lock was broken, or the node went. Event.reason says which. The holder's own
   * session gets this event without a watch.
   */
  LOCK_LOST = 12,
  /**
   * To the holder only: Event.session_id and Event.owner wait for the lock in a mode that the
   * holder stands against.
   */
  LOCK_CONFLICT = 13,

  /**
   * The cell has a new leader. The path is "/" and the instance 0. Leases and lock-delays start
   * again in full.
   */
  LEADER_CHANGED = 20,

  /**
   * The replica does not have the events between those delivered so far and this one any more. The
   * path is "/" and the instance 0. It comes exactly once for each gap and to every session that
   * has a gap, without a watch: read again what was watched, and ask for the sequencers of the
   * locks held.
   */
  EVENTS_LOST = 30
}

/** What a replica is at the moment. */
enum ReplicaRole {
  /** It looks for a leader. It answers stale reads only. */
  LOOKING = 1,
  /**
   * It has found a leader, or is one, and is being brought up to date. It answers stale reads only.
   */
  SYNCHRONIZING = 2,
  /** A voting replica that follows the leader. */
  FOLLOWER = 3,
  /** A replica without a vote that follows the leader. */
  OBSERVER = 4,
  /** The leader, with a quorum behind it. */
  LEADER = 5
}

/**
 * Why a request was refused or failed. A closed set: a release that adds one gives it only to new
 * kinds of requests.
 */
enum ErrorCode {
  /**
   * The request itself is wrong: a path, number, mode or combination that can never be right. The
   * message says which.
   */
  BAD_ARGUMENT = 1,
  /**
   * There is no node at the path; for create: there is no parent. LockServiceError.path names it.
   */
  NO_NODE = 2,
  /** There is a node at the path already. */
  NODE_EXISTS = 3,
  /** The node has children and cannot be removed. */
  NOT_EMPTY = 4,
  /**
   * The node's contents generation is not the one that the request demanded. `actual` is what it
   * is.
   */
  BAD_GENERATION = 5,
  /**
   * The node at the path is not the one that the request demanded but a later one. `actual` is its
   * instance.
   */
  STALE_INSTANCE = 6,
  /** The parent is an ephemeral node, and those have no children. */
  NO_CHILDREN_FOR_EPHEMERALS = 7,

  /** Somebody else holds the lock: `holders`. */
  LOCK_HELD = 10,
  /**
   * Nobody holds the lock, but it is closed for `remaining_ms` more because of `previous_holder`.
   */
  LOCK_DELAYED = 11,
  /** The session does not hold this lock under this owner. */
  NOT_HELD = 12,
  /**
   * The sequencer given as a guard, or in a check of a multi, is not valid. Nothing was changed.
   */
  STALE_SEQUENCER = 13,
  /** To wait here would close the circle of owners named in `cycle`, all waiting for each other. */
  DEADLOCK = 14,
  /** The wait for the lock was ended by cancel. */
  CANCELLED = 15,

  /**
   * The time given is over. With outcome_pending: the request may still be applied; repeat it with
   * its number to learn what became of it. Without: nothing was changed. From acquire: the lock was
   * not had within wait_ms.
   */
  TIMEOUT = 20,

  /**
   * The session has ended, for good: locks, ephemeral nodes and watches are gone. Said only from
   * confirmed state.
   */
  SESSION_EXPIRED = 30,
  /** The secret is not that of the session. Said only from confirmed state. */
  WRONG_SECRET = 31,
  /**
   * This connection is not bound to that session: call resume_session on it, then repeat the
   * request.
   */
  SESSION_NOT_BOUND = 32,

  /**
   * The replica has no leader with a quorum behind it, or is being stopped. The request was not
   * carried out and will not be. Try again, at another replica or a little later; `leader` may name
   * a better endpoint.
   */
  NO_QUORUM = 40,
  /**
   * This replica has not yet seen what the client has seen (last_seen_zxid), and did not within the
   * time given.
   */
  BEHIND = 41,

  /** A part of the request, or the reply, is larger than `limit`: `actual` is its size in bytes. */
  TOO_LARGE = 50,
  /**
   * The limit `limit_name` of `limit` is reached. Release or remove something, or let the server be
   * told otherwise.
   */
  LIMIT = 51,
  /**
   * A quorum of the cell lacks the reserve of disk space that new data needs. Releases and removals
   * still work.
   */
  NO_SPACE = 52,

  /**
   * The request names another cell: in its header, in its path, or in a sequencer that guards it.
   */
  WRONG_CELL = 60

  // 70 is reserved for DENIED and 71 to 79 for access control lists. No release answers them yet.
}

// ------------------------------------------------------------------------------------ shared parts

/**
 * The name of an event: events are ordered by zxid, then by index. Both 0: before every event.
 * Events that one command caused have its zxid and indexes from 0. An event of index i at zxid z is
 * later than (z, j) for j < i.
 */
struct EventName {
  /** Position of the command that caused the event. */
  1: i64 zxid = 0,
  /** Place among the events of that command, from 0. */
  2: i32 index = 0
}

/** The first field of every request. All of it may be left out for a read without a session. */
struct RequestHeader {
  /**
   * The session for which the request is made; 0 for none. A connection that is not bound to it
   * gets SESSION_NOT_BOUND.
   */
  1: i64 session_id = 0,
  /**
   * For requests that change something (acquire, cancel, release, create, remove, set_contents,
   * multi, and with a session also break_lock and kill_session): a number from 1 that grows with
   * each new request of the session, and is the same when the request is repeated. 0 for all
   * others.
   */
  2: i64 request_number = 0,
  /**
   * The client has the answers of all its numbers below this one and will not repeat them: the cell
   * forgets their results. The cell keeps at most 1,024 results and 1 MiB of them for a session,
   * and answers LIMIT to what would be more.
   */
  3: i64 answered_below = 0,
  /**
   * The highest ReplyHeader.zxid that this client has got from any replica. The replica answers
   * only when it has applied as much, or says BEHIND. So a client never sees time run backwards
   * when it changes replicas. 0 for no demand.
   */
  4: i64 last_seen_zxid = 0,
  /**
   * A sequencer. If given, the request changes something only if that sequencer is valid at the
   * very point of the history at which the request is carried out; else STALE_SEQUENCER. Only in
   * requests that change something.
   */
  5: optional string guard,
  /**
   * How long the replica may take, in milliseconds, before it answers TIMEOUT (or NO_QUORUM, or
   * BEHIND, if that is the reason). Absent or 0: 10,000. Without a leader a request is held for at
   * most 3,000 before NO_QUORUM. The waits of keep_alive and acquire have fields of their own and
   * do not count.
   */
  6: optional i32 timeout_ms,
  /** If given, the replica answers WRONG_CELL unless its cell has this name. */
  7: optional string cell_name,
  /** If given (16 bytes), the replica answers WRONG_CELL unless its cell has this id. */
  8: optional binary cell_id
  // 9 to 15 are reserved: 9 a trace id, 10 to 12 authentication.
}

/** The first field of every reply, and part of every error. */
struct ReplyHeader {
  /**
   * The reply is true as of this position of the history. For a request that changed something:
   * where the command stands. For one answered from the replica's memory, a repeated request among
   * them: what it had applied. The fields of a reply to a repeated request are those of the first.
   */
  1: i64 zxid = 0,
  /**
   * Of the events due to this session's watches, the latest that happened at or before zxid; (0, 0)
   * if there is none. A client that wants to see events before the state which they announce gets
   * them by keep_alive up to this one before it uses this reply.
   */
  2: EventName events_through,
  /**
   * If greater than 0, this reply extends the session's lease: it runs this long from when the
   * client sent the request. 0: the reply says nothing about the lease.
   */
  3: i64 lease_ms = 0,
  /** The replica that answered. */
  4: i64 replica_id = 0
  // 5 to 15 are reserved.
}

/** What is known about a node besides its contents. */
struct Stat {
  /** Zxid of the command that created the node. A later node at the same path has another. */
  1: i64 instance = 0,
  /** 1 at creation; one more with every write of the contents. */
  2: i64 content_generation = 0,
  /** 0 at creation; one more with every child added or removed. */
  3: i64 child_generation = 0,
  /**
   * Generation of the last acquisition that moved the lock from free to held; 0 if there was none
   * at this path.
   */
  4: i64 lock_generation = 0,
  // 5 is reserved for the generation of the access control list.
  /**
   * Zxid of the last command that wrote the contents; equal to `instance` if there was none after
   * the creation.
   */
  6: i64 modified_zxid = 0,
  /** When the node was created. */
  7: i64 created_wall_ms = 0,
  /** When the contents were last written. */
  8: i64 modified_wall_ms = 0,
  /** Length of the contents in bytes. */
  9: i32 content_length = 0,
  /** FNV-1a, 64 bits, of the contents. */
  10: i64 content_checksum = 0,
  /** Number of children. */
  11: i32 children = 0,
  /** The session with which an EPHEMERAL node goes; 0 for other kinds. */
  12: i64 ephemeral_session_id = 0,
  13: NodeKind kind = NodeKind.PERSISTENT
}

/** The proof of an acquisition. */
struct LockGrant {
  /**
   * A printable string that names this acquisition. Hand it to servers that act for the holder;
   * they ask check_sequencers, or compare generations with the highest they have seen. Opaque to
   * holders. Shared holders whom one command let in together have the same one, and it is valid
   * until the last of them is gone.
   */
  1: string sequencer,
  /**
   * Zxid of the command that moved the lock from free to held. Grows with every such acquisition,
   * for ever.
   */
  2: i64 generation = 0,
  /**
   * Zxid of the command that granted the lock to this owner. Equal to the generation for an
   * exclusive holder.
   */
  3: i64 acquisition = 0,
  /** Instance of the node whose lock it is. */
  4: i64 instance = 0,
  5: LockMode mode = LockMode.EXCLUSIVE,
  /** The lock-delay in force for this acquisition. */
  6: i64 lock_delay_ms = 0
}

/** One who holds a lock, waits for it, or held it last. */
struct LockParty {
  1: i64 session_id = 0,
  /** The owner within the session; 0 is the session as a whole. */
  2: i64 owner = 0,
  /** As given when the session was opened. */
  3: string client_name,
  /** As given when the session was opened. */
  4: string host,
  /** As given to acquire. */
  5: string description,
  6: LockMode mode = LockMode.EXCLUSIVE,
  /** Of a holder: the acquisition. Of one who waits: zxid of the command by which he asked. */
  7: i64 zxid = 0,
  /** When that command was carried out. */
  8: i64 since_wall_ms = 0,
  /** The lock-delay which he chose. */
  9: i64 lock_delay_ms = 0
}

/** A lock with those who hold it and wait for it. */
struct LockInfo {
  1: string path,
  /** Instance of the node; 0 if there is none and only a lock-delay is left. */
  2: i64 instance = 0,
  3: LockState state = LockState.FREE,
  /**
   * Generation of the last acquisition that moved the lock from free to held; 0 if there was none.
   */
  4: i64 generation = 0,
  /** In the order in which they got the lock; cut after 100. */
  5: list<LockParty> holders,
  /** In the order in which they will get the lock; cut at the limit asked for. */
  6: list<LockParty> waiters,
  /** How many wait, whether listed or not. */
  7: i32 waiter_count = 0,
  /**
   * If DELAYED: how much longer at most unless the leader changes, as the leader of the moment was
   * last heard. Else 0.
   */
  8: i64 delay_remaining_ms = 0,
  /** If DELAYED: for whose sake. */
  9: optional LockParty previous_holder,
  /** How many hold it, whether listed or not. */
  10: i32 holder_count = 0
}

/** A session, as list_sessions shows it. */
struct SessionInfo {
  /** Zxid of the command that opened it. */
  1: i64 session_id = 0,
  2: string client_name,
  3: string host,
  /** Empty if none was given. */
  4: string instance_name,
  5: i64 lease_ms = 0,
  6: i64 opened_wall_ms = 0,
  7: i32 locks_held = 0,
  8: i32 locks_waited_for = 0,
  9: i32 ephemeral_nodes = 0,
  /** Results kept until the client says that it has them. */
  10: i32 results_kept = 0
}

/**
 * Something that happened to a node or to the cell. Fields beyond the path are set as EventKind
 * says.
 */
struct Event {
  1: EventName name,
  2: EventKind kind,
  3: string path,
  /** Instance of the node concerned (of the parent for CHILD_ADDED and CHILD_REMOVED). */
  4: i64 instance = 0,
  /** CHILD_ADDED, CHILD_REMOVED: the child's name, without slashes. */
  5: optional string child,
  /** LOCK_*: the session concerned. */
  6: optional i64 session_id,
  /** LOCK_*: the owner concerned, within that session. */
  7: optional i64 owner,
  /** LOCK_*: the mode held or, for LOCK_CONFLICT, asked for. */
  8: optional LockMode mode,
  /** LOCK_ACQUIRED, LOCK_RELEASED, LOCK_LOST: as in LockGrant. */
  9: optional i64 generation,
  /** LOCK_ACQUIRED, LOCK_RELEASED, LOCK_LOST: as in LockGrant. */
  10: optional i64 acquisition,
  /** CONTENTS_CHANGED: as in Stat. */
  11: optional i64 content_generation,
  /**
   * LOCK_LOST: a sentence; for a lock broken or a session killed it holds the operator's name and
   * reason.
   */
  12: optional string reason
}

/**
 * One edge of a circle of owners that wait for each other: this owner waits for (or just asked for)
 * this lock.
 */
struct WaitEdge {
  1: i64 session_id = 0,
  2: i64 owner = 0,
  /**
   * The lock that this owner waits for, held or asked for earlier by the owner of the next edge.
   */
  3: string path
}

/** The one exception of the service. */
exception LockServiceError {
  1: ErrorCode code,
  /** A sentence for people that names the path, the limit or the session concerned. */
  2: string message,
  /**
   * Whether the same request (with the same number) may succeed if it is sent again later or
   * elsewhere, with nothing else done. False where the client must first do something, or where the
   * refusal is the result of the request for ever.
   */
  3: bool retryable = false,
  /**
   * As in a reply. A refusal that is part of the history has its zxid here, and may extend the
   * lease.
   */
  4: ReplyHeader header,
  /** TIMEOUT: the request may have been carried out, or may be yet. Its number is used. */
  5: bool outcome_pending = false,
  /** The path concerned, in the short form. */
  6: optional string path,
  /** LOCK_HELD, and TIMEOUT of acquire: who holds the lock; cut after 100. */
  7: optional list<LockParty> holders,
  /**
   * LOCK_DELAYED, and TIMEOUT of acquire during a delay: how much longer at most unless the leader
   * changes.
   */
  8: optional i64 remaining_ms,
  /** LOCK_DELAYED: for whose sake. */
  9: optional LockParty previous_holder,
  /** LIMIT, TOO_LARGE: name of the limit, as docs/operations.md has it. */
  10: optional string limit_name,
  /** LIMIT, TOO_LARGE: its value. */
  11: optional i64 limit,
  /**
   * LIMIT, TOO_LARGE: what the request would have made of it. BAD_GENERATION, STALE_INSTANCE: what
   * the node has.
   */
  12: optional i64 actual,
  /** NO_QUORUM, BEHIND: client endpoint ("host:port") of the leader, if this replica knows one. */
  13: optional string leader,
  /** DEADLOCK: the circle, beginning with the refused request; cut after 100. */
  14: optional list<WaitEdge> cycle,
  /** From multi: which operation was refused, from 0. */
  15: optional i32 op_index
}

// ---------------------------------------------------------------------------------------- sessions

/**
 * An earlier session whose process the caller asserts to be dead. A false assertion lets two
 * believe in one lock.
 */
struct PreviousSession {
  /** The instance name under which it was opened. */
  1: string instance_name,
  /** Its secret (16 bytes). */
  2: binary secret
}

struct OpenSessionRequest {
  /** session_id must be 0. */
  1: RequestHeader header,
  /**
   * The lease asked for: 1,000 to 600,000, others are clamped. 0 asks for the server's default
   * (12,000).
   */
  2: i64 lease_ms = 0,
  /** Who the client is, for people; at most 255 bytes. */
  3: string client_name,
  /** Where it runs, for people; at most 255 bytes. */
  4: string host,
  /**
   * 16 bytes drawn at random by the client for this session. The cell stores and logs only a hash.
   */
  5: binary secret,
  /**
   * A name that stays the same when the service restarts; at most 255 bytes. Needed by those who
   * use `previous`.
   */
  6: optional string instance_name,
  /**
   * Closes an earlier session first, cleanly, and lifts the lock-delays that its expiry left. It
   * need not exist any more.
   */
  7: optional PreviousSession previous
  // 8 to 11 are reserved for identity and access control.
}

struct OpenSessionReply {
  /** lease_ms is set: the lease runs from when the client sent the request. */
  1: ReplyHeader header,
  2: i64 session_id = 0,
  /** The lease of the session, after clamping. */
  3: i64 lease_ms = 0,
  4: string cell_name,
  /** 16 bytes. */
  5: binary cell_id,
  /** The session named by `previous` was still alive and has been closed. */
  6: bool previous_closed = false
}

struct ResumeSessionRequest {
  /** session_id names the session. */
  1: RequestHeader header,
  /** The secret with which it was opened. */
  2: binary secret
}

struct ResumeSessionReply {
  1: ReplyHeader header,
  /** The lease of the session. */
  2: i64 lease_ms = 0,
  3: string cell_name,
  /** 16 bytes. */
  4: binary cell_id
}

struct CloseSessionRequest {
  1: RequestHeader header
}

struct CloseSessionReply {
  1: ReplyHeader header
}

struct KeepAliveRequest {
  1: RequestHeader header,
  /**
   * The client has seen all events up to this one; they are not sent again. After a reconnection
   * this says where to go on. To acknowledge the LOCK_LOST of a broken lock says that the client
   * has stopped to rely on it: the lock passes on.
   */
  2: EventName acknowledged,
  /**
   * How long the reply may be held back while there are no events; 0 for not at all. Cut to a third
   * of the lease.
   */
  3: i32 max_wait_ms = 0
}

struct KeepAliveReply {
  /**
   * lease_ms says by how much the lease is extended, counted from the sending of the request. It is
   * 0 where this reply extends nothing: while the loss of a lock is not acknowledged, once the
   * session is killed, and when events are told before a quorum has confirmed the keep-alive (never
   * for longer than half of the lease). Ask again at once.
   */
  1: ReplyHeader header,
  /** The events after the acknowledged one, in order: at most 1,000, and at most 1 MiB. */
  2: list<Event> events,
  /**
   * All events of this session up to this one are in this reply or were in earlier ones.
   * Acknowledge it next time.
   */
  3: EventName delivered_through,
  /** There are more events already: ask again at once. */
  4: bool more = false
}

struct ListSessionsRequest {
  1: RequestHeader header,
  /** At most so many; 0 for 1,000, which is also the maximum. */
  2: i32 limit = 0,
  /** Only sessions with ids above this one, to go on after an earlier page. */
  3: i64 after_session_id = 0,
  /** Answer at once from this replica's memory, which may be behind. */
  4: bool stale_ok = false
}

struct ListSessionsReply {
  1: ReplyHeader header,
  /** By ascending id. */
  2: list<SessionInfo> sessions,
  /** There are more: ask again after the last one. */
  3: bool more = false
}

struct KillSessionRequest {
  /** May be without a session. */
  1: RequestHeader header,
  /** The session to end. */
  2: i64 session_id = 0,
  /** Why, for the log and for the session's holder; at most 1,024 bytes, not empty. */
  3: string reason,
  /** Who, for the same; at most 255 bytes, not empty. */
  4: string operator_name,
  /** Pass its locks on at once. Two clients may then both believe that they hold one. */
  5: bool now = false
}

struct KillSessionReply {
  1: ReplyHeader header,
  /** False if there was no such session (any more); nothing was changed then. */
  2: bool killed = false
}

// ------------------------------------------------------------------------------------------- locks

struct AcquireRequest {
  1: RequestHeader header,
  2: string path,
  3: LockMode mode = LockMode.EXCLUSIVE,
  /** How long to stand in the queue: 0 for not at all (try), -1 for without limit. */
  4: i64 wait_ms = 0,
  /**
   * 0 to 60,000: how long the lock shall stay closed to others after this session expires while it
   * holds the lock.
   */
  5: i64 lock_delay_ms = 0,
  /**
   * One logical thread of the client: owners contend with each other, also within a session. 0 is
   * the session as a whole.
   */
  6: i64 owner = 0,
  /** For people who look at the lock; at most 1,024 bytes. */
  7: string description,
  8: CreateMode create = CreateMode.NO_CREATE,
  /**
   * How long the reply may be held back while the request waits, before it says WAITING; not above
   * 600,000. Absent or 0: a third of the session's lease, so that a client which does nothing but
   * repeat the request keeps its session alive by that. Who asks for more keeps the session alive
   * in another way (keep_alive, pipelined or on another connection).
   */
  9: optional i32 max_hold_ms
}

struct AcquireReply {
  1: ReplyHeader header,
  2: AcquireOutcome outcome,
  /** If GRANTED. */
  3: optional LockGrant grant,
  /** If WAITING: how many stand before this request in the queue. */
  4: optional i32 waiters_ahead
}

struct CancelRequest {
  1: RequestHeader header,
  2: string path,
  3: i64 owner = 0
}

struct CancelReply {
  1: ReplyHeader header,
  2: CancelOutcome outcome,
  /** If GRANTED. */
  3: optional LockGrant grant
}

struct ReleaseRequest {
  1: RequestHeader header,
  2: string path,
  3: i64 owner = 0
}

struct ReleaseReply {
  1: ReplyHeader header
}

struct GetSequencerRequest {
  1: RequestHeader header,
  2: string path,
  3: i64 owner = 0
}

struct GetSequencerReply {
  1: ReplyHeader header,
  2: LockGrant grant
}

struct CheckSequencersRequest {
  1: RequestHeader header,
  /** At most 256. */
  2: list<string> sequencers
}

struct CheckSequencersReply {
  1: ReplyHeader header,
  /** One for each sequencer, in the order of the request. */
  2: list<SequencerState> states
}

struct LockInfoRequest {
  1: RequestHeader header,
  2: string path,
  /** List at most so many of those who wait; 0 for 100; at most 1,000. */
  3: i32 waiters_limit = 0,
  /** Answer at once from this replica's memory, which may be behind. */
  4: bool stale_ok = false
}

struct LockInfoReply {
  1: ReplyHeader header,
  2: LockInfo info
}

struct ListLocksRequest {
  1: RequestHeader header,
  /** Only locks at this path and below it; "/" for all. */
  2: string prefix = "/",
  /** At most so many; 0 for 1,000, which is also the maximum. A page is also cut at 1 MiB. */
  3: i32 limit = 0,
  /** Only paths after this one, to go on after an earlier page; empty to begin. */
  4: string after,
  /** If not 0: only locks that this session holds or waits for. */
  5: i64 only_session_id = 0,
  /** Answer at once from this replica's memory, which may be behind. */
  6: bool stale_ok = false
}

struct ListLocksReply {
  1: ReplyHeader header,
  /**
   * Locks that are not FREE, ordered by the bytes of their paths. Waiters are counted and not
   * listed.
   */
  2: list<LockInfo> locks,
  /** There are more: ask again after the last path. */
  3: bool more = false
}

struct BreakLockRequest {
  /** May be without a session. */
  1: RequestHeader header,
  2: string path,
  /**
   * Only the holder with this acquisition; 0 for all holders. To name it keeps a repeated request
   * from hitting the next.
   */
  3: i64 acquisition = 0,
  /** Why, for the log and for the holder; at most 1,024 bytes, not empty. */
  4: string reason,
  /** Who, for the same; at most 255 bytes, not empty. */
  5: string operator_name,
  /** Pass the lock on at once. Two clients may then both believe that they hold it. */
  6: bool now = false
}

struct BreakLockReply {
  1: ReplyHeader header,
  /** Those who have lost the lock by this; cut after 100. */
  2: list<LockParty> broken,
  /** The lock passes on within this time at most, unless the leader changes; 0 if it has. */
  3: i64 delay_ms = 0
}

// -------------------------------------------------------------------------------------------- data

struct CreateRequest {
  1: RequestHeader header,
  /**
   * With `sequential`: the start of the name; the node gets it with ten or more decimal digits at
   * the end.
   */
  2: string path,
  /** At most 256 KiB. */
  3: binary contents,
  4: NodeKind kind = NodeKind.PERSISTENT,
  /**
   * Add a number to the name that is greater than that of any earlier sequential child of this
   * parent.
   */
  5: bool sequential = false,
  /** Create missing parents as PERSISTENT nodes without contents. */
  6: bool create_parents = false
  // 7 is reserved for the access control list.
}

struct CreateReply {
  1: ReplyHeader header,
  /** The path of the node, with its number if it is sequential. */
  2: string path,
  3: Stat stat
}

struct RemoveRequest {
  1: RequestHeader header,
  2: string path,
  /**
   * The caller's owner: a lock that this owner of this session holds does not stand against the
   * removal.
   */
  3: i64 owner = 0,
  /** Only if the node is this one; else STALE_INSTANCE. */
  4: optional i64 if_instance,
  /** Only if the contents have this generation; else BAD_GENERATION. */
  5: optional i64 if_content_generation
}

struct RemoveReply {
  1: ReplyHeader header
}

struct GetRequest {
  1: RequestHeader header,
  2: string path,
  /** Answer at once from this replica's memory, which may be behind. */
  3: bool stale_ok = false
}

struct GetReply {
  1: ReplyHeader header,
  2: binary contents,
  3: Stat stat
}

struct ExistsRequest {
  1: RequestHeader header,
  2: string path,
  /** Answer at once from this replica's memory, which may be behind. */
  3: bool stale_ok = false
}

struct ExistsReply {
  1: ReplyHeader header,
  /** Absent if there is no such node. */
  2: optional Stat stat
}

struct ListChildrenRequest {
  1: RequestHeader header,
  2: string path,
  /** At most so many; 0 for 10,000, which is also the maximum. A page is also cut at 1 MiB. */
  3: i32 limit = 0,
  /** Only names after this one, to go on after an earlier page; empty to begin. */
  4: string after,
  /** Give the stat of each child. */
  5: bool with_stats = false,
  /** Answer at once from this replica's memory, which may be behind. */
  6: bool stale_ok = false
}

/** One child of a node. */
struct Child {
  /** The last component of its path. */
  1: string name,
  /** If asked for. */
  2: optional Stat stat
}

struct ListChildrenReply {
  1: ReplyHeader header,
  /** Ordered by the bytes of their names. */
  2: list<Child> children,
  /** There are more: ask again after the last name. */
  3: bool more = false,
  /**
   * Of the node itself; an equal child_generation on two pages shows that nothing changed between
   * them.
   */
  4: Stat stat
}

struct SetContentsRequest {
  1: RequestHeader header,
  2: string path,
  /** The new contents, whole; at most 256 KiB. */
  3: binary contents,
  /** Only if the node is this one; else STALE_INSTANCE. */
  4: optional i64 if_instance,
  /** Only if the contents have this generation; else BAD_GENERATION. */
  5: optional i64 if_content_generation
}

struct SetContentsReply {
  1: ReplyHeader header,
  /** As of after the write. */
  2: Stat stat
}

/** As CreateRequest. */
struct CreateOp {
  1: string path,
  2: binary contents,
  3: NodeKind kind = NodeKind.PERSISTENT,
  4: bool sequential = false,
  5: bool create_parents = false
  // 6 is reserved for the access control list.
}

/** As SetContentsRequest. */
struct SetContentsOp {
  1: string path,
  2: binary contents,
  3: optional i64 if_instance,
  4: optional i64 if_content_generation
}

/** As RemoveRequest. */
struct RemoveOp {
  1: string path,
  2: i64 owner = 0,
  3: optional i64 if_instance,
  4: optional i64 if_content_generation
}

/** Holds if the node exists and is as demanded; else NO_NODE, STALE_INSTANCE or BAD_GENERATION. */
struct CheckNodeOp {
  1: string path,
  2: optional i64 if_instance,
  3: optional i64 if_content_generation
}

/** Holds if there is no node at the path; else NODE_EXISTS. */
struct CheckAbsentOp {
  1: string path
}

/** Holds if the sequencer is valid; else STALE_SEQUENCER. */
struct CheckSequencerOp {
  1: string sequencer
}

/** One operation of a multi. Exactly one of the fields is set. */
union Op {
  1: CreateOp create,
  2: SetContentsOp set_contents,
  3: RemoveOp remove,
  // 4 to 9 are reserved for further writes.
  10: CheckNodeOp check_node,
  11: CheckAbsentOp check_absent,
  12: CheckSequencerOp check_sequencer
}

struct MultiRequest {
  1: RequestHeader header,
  /**
   * At most 1,024, and 1 MiB in all. Each sees what those before it did. A path is created at most
   * once in one multi.
   */
  2: list<Op> ops
}

/** What one operation did. */
struct OpResult {
  /** create: the path of the node, with its number if it is sequential. */
  1: optional string path,
  /** create, set_contents: the stat as of after the operation. check_node: the stat found. */
  2: optional Stat stat
}

struct MultiReply {
  1: ReplyHeader header,
  /** One for each operation, in their order. */
  2: list<OpResult> results
}

struct SyncRequest {
  1: RequestHeader header
}

struct SyncReply {
  /** zxid is at least the last one committed anywhere in the cell when the request arrived. */
  1: ReplyHeader header
}

// ----------------------------------------------------------------------------------------- watches

struct WatchRequest {
  1: RequestHeader header,
  /**
   * A number greater than 0 that the client chooses, unique within its session. An earlier watch of
   * it is replaced.
   */
  2: i64 watch_id = 0,
  3: string path,
  /** Also everything below the path. */
  4: bool recursive = false,
  /**
   * The kinds of events wanted; not empty. EVENTS_LOST and the LOCK_LOST of one's own locks come in
   * any case.
   */
  5: set<EventKind> kinds,
  /**
   * If given: beginning with the first event after this one, to go on with a watch from before a
   * reconnection.
   */
  6: optional EventName after
}

struct WatchReply {
  1: ReplyHeader header,
  /**
   * All events of the wanted kinds with this zxid (and after `after`) or a later one are delivered.
   * If that is later than `after` demanded, the history between is gone, and an EVENTS_LOST says so
   * among the events.
   */
  2: i64 active_from_zxid = 0
}

struct UnwatchRequest {
  1: RequestHeader header,
  2: i64 watch_id = 0
}

struct UnwatchReply {
  1: ReplyHeader header
}

// ---------------------------------------------------------------------------------------- the cell

struct CellStatusRequest {
  1: RequestHeader header
}

/** A member of the cell. */
struct MemberInfo {
  1: i64 replica_id = 0,
  /** False for an observer. */
  2: bool voter = true,
  /** "host:port" at which replicas reach it. */
  3: string peer_endpoint,
  /** "host:port" at which clients reach it; empty if the replica asked does not know. */
  4: string client_endpoint,
  /** The replica asked is connected to it. Always true for the replica itself. */
  5: bool connected = false,
  /**
   * Leader only: the last zxid which the member has said to have on its disk; 0 if it said none.
   */
  6: i64 durable_zxid = 0
}

/** A limit and how much of it is used, for people and monitors. */
struct LimitInfo {
  /** As docs/operations.md has it. */
  1: string name,
  2: i64 limit = 0,
  /** -1 if it does not make sense to count (a limit of one request or one session). */
  3: i64 used = -1
}

/** The replica that was asked, about itself. */
struct ReplicaStatus {
  1: i64 replica_id = 0,
  2: ReplicaRole role,
  /** It answers linearizable requests. */
  3: bool serving = false,
  /** The leader it follows, itself if it leads; 0 for none. */
  4: i64 leader_id = 0,
  /** Client endpoint of that leader; empty if unknown. */
  5: string leader_endpoint,
  /** Epoch of the last leader that brought it up to date. */
  6: i64 current_epoch = 0,
  /** Latest epoch in which it promised to accept a leader. */
  7: i64 accepted_epoch = 0,
  /** Last entry in its log, durable or not. */
  8: i64 last_logged_zxid = 0,
  /** Last entry on its disk. */
  9: i64 durable_zxid = 0,
  /** Last entry that it knows to be committed. */
  10: i64 committed_zxid = 0,
  /** Last entry applied to its state in memory. */
  11: i64 applied_zxid = 0,
  /** The state on its disk contains everything up to this entry. */
  12: i64 image_zxid = 0,
  /** The log begins after this entry. */
  13: i64 log_start_zxid = 0,
  /** Time since the process started. */
  14: i64 uptime_ms = 0,
  /** Client connections to this replica. */
  15: i32 connections = 0,
  /** Sessions with a connection to this replica. */
  16: i32 local_sessions = 0,
  /** Calls that wait at this replica (keep_alive, acquire). */
  17: i32 held_calls = 0,
  /** Watches at this replica. */
  18: i32 watches = 0,
  /** The disk has its reserve of free space. */
  19: bool has_space = true
}

/** What the replicated state holds, as of ReplyHeader.zxid. */
struct StateStatus {
  1: i32 sessions = 0,
  2: i32 nodes = 0,
  /** Locks that are not FREE. */
  3: i32 locks = 0,
  /** Bytes counted against the limit state_bytes_max. */
  4: i64 bytes = 0,
  /** Sum of the leaders' monotonic time. */
  5: i64 cluster_ms = 0,
  /** Wall clock of the leader at the last command. */
  6: i64 wall_ms = 0
}

struct CellStatusReply {
  1: ReplyHeader header,
  2: string cell_name,
  /** 16 bytes. */
  3: binary cell_id,
  4: ReplicaStatus replica,
  /** All members, by id, as the replica asked is configured. */
  5: list<MemberInfo> members,
  6: StateStatus state,
  7: list<LimitInfo> limits,
  /** Of the program. */
  8: string version,
  /**
   * Of the commands in the log: replicas of different versions never judge a command differently.
   */
  9: i32 state_machine_version = 0
}

// ------------------------------------------------------------------------------------- the service

/**
 * Errors that any call may answer, beside those named with it: BAD_ARGUMENT, TOO_LARGE, LIMIT,
 * WRONG_CELL, NO_QUORUM, BEHIND, TIMEOUT; with a session: SESSION_EXPIRED, SESSION_NOT_BOUND; if it
 * changes something: NO_SPACE (unless it only frees), and with a guard STALE_SEQUENCER. Reads are
 * linearizable at every replica unless stale_ok is set: they show everything that was answered to
 * anybody before they were asked.
 *
 * Methods whose names begin with get_acl and set_acl are reserved for access control lists.
 */
service LockService {

  /**
   * Opens a session, binds this connection to it and starts its lease. Idempotent by its secret:
   * repeated, it answers with the same session as long as that lives. WRONG_SECRET: `previous`
   * names a living session of another instance name.
   */
  OpenSessionReply open_session(1: OpenSessionRequest request) throws (1: LockServiceError error),

  /**
   * Binds this connection to a living session and extends its lease. Writes nothing. WRONG_SECRET.
   */
  ResumeSessionReply resume_session(1: ResumeSessionRequest request)
    throws (1: LockServiceError error),

  /**
   * Ends the session: locks are released at once and without lock-delay, ephemeral nodes removed,
   * waits ended. Repeated, it answers SESSION_EXPIRED, which is as good.
   */
  CloseSessionReply close_session(1: CloseSessionRequest request)
    throws (1: LockServiceError error),

  /**
   * Extends the lease and gets events. Waits for events up to max_wait_ms, without holding back
   * later requests.
   */
  KeepAliveReply keep_alive(1: KeepAliveRequest request) throws (1: LockServiceError error),

  /** The living sessions of the cell, in pages. */
  ListSessionsReply list_sessions(1: ListSessionsRequest request)
    throws (1: LockServiceError error),

  /**
   * Ends somebody's session, for operators; logged with who and why. Its sequencers are invalid at
   * once. Its locks pass on when its lease has run out, or at once with `now`.
   */
  KillSessionReply kill_session(1: KillSessionRequest request) throws (1: LockServiceError error),

  /**
   * Asks for the lock of a node. The queue is first come, first served; adjacent shared requests at
   * its head are granted together. To ask again under an owner that holds the lock in this mode
   * answers with the grant that stands (not counted: one release frees it); in the other mode it is
   * BAD_ARGUMENT. NO_NODE; NO_CHILDREN_FOR_EPHEMERALS; with wait_ms 0 LOCK_HELD or LOCK_DELAYED;
   * TIMEOUT when wait_ms is over (also to a repetition after that); CANCELLED; DEADLOCK (an owner
   * of 0 is never refused so).
   */
  AcquireReply acquire(1: AcquireRequest request) throws (1: LockServiceError error),

  /** Ends the wait of an owner; the acquire that waits answers CANCELLED. */
  CancelReply cancel(1: CancelRequest request) throws (1: LockServiceError error),

  /** Gives the lock back; the next in the queue has it in the same instant. NOT_HELD. */
  ReleaseReply release(1: ReleaseRequest request) throws (1: LockServiceError error),

  /** The grant of a lock that this session holds under this owner. NOT_HELD. */
  GetSequencerReply get_sequencer(1: GetSequencerRequest request)
    throws (1: LockServiceError error),

  /** What sequencers are worth now. For servers that act for holders of locks; needs no session. */
  CheckSequencersReply check_sequencers(1: CheckSequencersRequest request)
    throws (1: LockServiceError error),

  /** Who holds a lock and who waits. NO_NODE, unless a lock-delay is left at the path. */
  LockInfoReply lock_info(1: LockInfoRequest request) throws (1: LockServiceError error),

  /** All locks below a path that are held, waited for or delayed, in pages. */
  ListLocksReply list_locks(1: ListLocksRequest request) throws (1: LockServiceError error),

  /**
   * Takes a lock from its holders, for operators; logged with who and why. Their sequencers are
   * invalid at once. The lock passes on when they acknowledged LOCK_LOST or their leases have run
   * out, or at once with `now`, which also ends a lock-delay that is left there. NO_NODE; NOT_HELD
   * if there is nobody to take it from, or not that acquisition.
   */
  BreakLockReply break_lock(1: BreakLockRequest request) throws (1: LockServiceError error),

  /** Creates a node. NO_NODE (no parent), NODE_EXISTS, NO_CHILDREN_FOR_EPHEMERALS. */
  CreateReply create(1: CreateRequest request) throws (1: LockServiceError error),

  /**
   * Removes a node without children. NO_NODE, NOT_EMPTY, STALE_INSTANCE, BAD_GENERATION, LOCK_HELD
   * (by another owner), LOCK_DELAYED.
   */
  RemoveReply remove(1: RemoveRequest request) throws (1: LockServiceError error),

  /** The contents and the stat of a node. NO_NODE. */
  GetReply get(1: GetRequest request) throws (1: LockServiceError error),

  /** The stat of a node, or that there is none. */
  ExistsReply exists(1: ExistsRequest request) throws (1: LockServiceError error),

  /** The children of a node, in pages. NO_NODE. */
  ListChildrenReply list_children(1: ListChildrenRequest request)
    throws (1: LockServiceError error),

  /** Replaces the contents of a node. NO_NODE, STALE_INSTANCE, BAD_GENERATION. */
  SetContentsReply set_contents(1: SetContentsRequest request) throws (1: LockServiceError error),

  /**
   * Does all operations, or none: then with the error of the first that was refused, and its
   * op_index.
   */
  MultiReply multi(1: MultiRequest request) throws (1: LockServiceError error),

  /**
   * Brings the replica up to date: a stale read after it, at the same replica, shows all that was
   * answered before it.
   */
  SyncReply sync(1: SyncRequest request) throws (1: LockServiceError error),

  /**
   * Watches a path. The watch lives at this replica, for the session, until unwatch, or until the
   * session has no connection to the replica any more: after a reconnection make it again with
   * `after`. Events come by keep_alive, each once for a session whatever number of its watches it
   * meets.
   */
  WatchReply watch(1: WatchRequest request) throws (1: LockServiceError error),

  /** Ends a watch. That there is none with this id is no error. */
  UnwatchReply unwatch(1: UnwatchRequest request) throws (1: LockServiceError error),

  /** What this replica knows about itself and its cell. Answered at once, also without a leader. */
  CellStatusReply cell_status(1: CellStatusRequest request) throws (1: LockServiceError error)
}
