"""What the cell talks about, as plain immutable values.

Fields have the names and meanings of ``thrift/lockservice.thrift``. Session ids, owners, zxids,
generations and instances are unsigned 64-bit numbers; a zxid is the position of a command in the
one history of the cell, and 0 means none. Fields called ``*_wall_ms`` are milliseconds since 1970
by the clock of the leader of the moment, for display only.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple, Optional


class LockMode(enum.IntEnum):
    """How a lock is held: by any number of owners SHARED, or by one EXCLUSIVE, never both."""

    EXCLUSIVE = 1
    SHARED = 2


class NodeKind(enum.IntEnum):
    """How long a node lives.

    PERSISTENT: until it is removed. EPHEMERAL: until it is removed or its session ends; it has no
    children. UNTIL_FREE: it goes with its lock's last holder, waiter and lock-delay, and its last
    child.
    """

    PERSISTENT = 1
    EPHEMERAL = 2
    UNTIL_FREE = 3


class CreateMode(enum.IntEnum):
    """Whether acquiring a lock creates its node (and missing parents, which are persistent)."""

    NO_CREATE = 0
    PERSISTENT = 1
    UNTIL_FREE = 3


class LockState(enum.IntEnum):
    """FREE: the next to ask gets it. HELD. DELAYED: nobody holds it, but it stays closed."""

    FREE = 1
    HELD = 2
    DELAYED = 3


class SequencerState(enum.IntEnum):
    """What a sequencer is worth at the moment of a check.

    VALID: that very acquisition stands. STALE: it has ended, and will never be valid again.
    MALFORMED: the string is not a sequencer. OTHER_CELL: of a cell about which this one knows
    nothing.
    """

    VALID = 1
    STALE = 2
    MALFORMED = 3
    OTHER_CELL = 4


class EventKind(enum.IntEnum):
    """What happened to a node or to the cell. See ``EventKind`` in lockservice.thrift.

    EVENTS_LOST stands in the place of events that cannot be had any more: read again what is
    watched. It comes to every watch, whatever kinds it asked for.
    """

    CONTENTS_CHANGED = 1
    CHILD_ADDED = 2
    CHILD_REMOVED = 3
    NODE_DELETED = 4
    NODE_CREATED = 5
    LOCK_ACQUIRED = 10
    LOCK_RELEASED = 11
    LOCK_LOST = 12
    LOCK_CONFLICT = 13
    LEADER_CHANGED = 20
    EVENTS_LOST = 30


NODE_EVENTS = frozenset({
    EventKind.CONTENTS_CHANGED, EventKind.CHILD_ADDED, EventKind.CHILD_REMOVED,
    EventKind.NODE_DELETED, EventKind.NODE_CREATED})
LOCK_EVENTS = frozenset({
    EventKind.LOCK_ACQUIRED, EventKind.LOCK_RELEASED, EventKind.LOCK_LOST,
    EventKind.LOCK_CONFLICT})


class ReplicaRole(enum.IntEnum):
    """What a replica is at the moment."""

    LOOKING = 1
    SYNCHRONIZING = 2
    FOLLOWER = 3
    OBSERVER = 4
    LEADER = 5


class SessionState(enum.Enum):
    """What a session is, and what its listeners are told.

    LIVE: the lease is confirmed. JEOPARDY: it is not; calls wait, no lock says ``held``. SAFE (told
    to listeners only): it is confirmed again, the session is LIVE with all that it had. EXPIRED:
    over for good, by the cell's word or at the end of the grace period. CLOSED: over by
    ``Session.close()``.
    """

    LIVE = "live"
    JEOPARDY = "jeopardy"
    SAFE = "safe"
    EXPIRED = "expired"
    CLOSED = "closed"


class LossReason(enum.Enum):
    """Why a lock was lost.

    EXPIRED: with the session. CLOSED: the program closed the session. TAKEN: the cell said so (an
    operator broke it, or its node is gone). JEOPARDY: it was to be given up at jeopardy.
    """

    EXPIRED = "expired"
    CLOSED = "closed"
    TAKEN = "taken"
    JEOPARDY = "jeopardy"


class Loss(NamedTuple):
    """The end of a lock that was not released."""

    reason: LossReason
    message: str


class EventName(NamedTuple):
    """The name of an event, by which events are ordered; (0, 0) is before every event."""

    zxid: int = 0
    index: int = 0  # type: ignore[assignment]


@dataclass(frozen=True)
class Stat:
    """What is known about a node besides its contents."""

    instance: int = 0
    content_generation: int = 0
    child_generation: int = 0
    lock_generation: int = 0
    modified_zxid: int = 0
    created_wall_ms: int = 0
    modified_wall_ms: int = 0
    content_length: int = 0
    content_checksum: int = 0
    children: int = 0
    ephemeral_session_id: int = 0
    kind: NodeKind = NodeKind.PERSISTENT


@dataclass(frozen=True)
class LockGrant:
    """The proof of an acquisition. Hand the sequencer to servers that act for the holder."""

    sequencer: str
    generation: int
    acquisition: int
    instance: int = 0
    mode: LockMode = LockMode.EXCLUSIVE
    lock_delay_ms: int = 0


@dataclass(frozen=True)
class LockParty:
    """One who holds a lock, waits for it, or held it last."""

    session_id: int = 0
    owner: int = 0
    client_name: str = ""
    host: str = ""
    description: str = ""
    mode: LockMode = LockMode.EXCLUSIVE
    zxid: int = 0
    since_wall_ms: int = 0
    lock_delay_ms: int = 0


@dataclass(frozen=True)
class LockInfo:
    """A lock with those who hold it and wait for it, in order; ``instance`` 0: only a lock-delay
    is left of it."""

    path: str
    instance: int = 0
    state: LockState = LockState.FREE
    generation: int = 0
    holders: tuple[LockParty, ...] = ()
    waiters: tuple[LockParty, ...] = ()
    waiter_count: int = 0
    delay_remaining_ms: int = 0
    previous_holder: Optional[LockParty] = None
    holder_count: int = 0


@dataclass(frozen=True)
class WaitEdge:
    """One edge of a circle of owners that wait for each other: this owner wants this lock."""

    session_id: int
    owner: int
    path: str


@dataclass(frozen=True)
class SessionInfo:
    """A living session of the cell."""

    session_id: int
    client_name: str = ""
    host: str = ""
    instance_name: str = ""
    lease_ms: int = 0
    opened_wall_ms: int = 0
    locks_held: int = 0
    locks_waited_for: int = 0
    ephemeral_nodes: int = 0
    results_kept: int = 0


@dataclass(frozen=True)
class Event:
    """Something that happened. Fields that do not belong to the kind are None."""

    name: EventName
    kind: EventKind
    path: str
    instance: int = 0
    child: Optional[str] = None
    session_id: Optional[int] = None
    owner: Optional[int] = None
    mode: Optional[LockMode] = None
    generation: Optional[int] = None
    acquisition: Optional[int] = None
    content_generation: Optional[int] = None
    reason: Optional[str] = None
