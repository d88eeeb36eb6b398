"""What calls answer, as plain immutable values; each is true as of its zxid. See values.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .values import LockInfo, LockParty, ReplicaRole, SequencerState, SessionInfo, Stat


@dataclass(frozen=True)
class Created:
    """The path that was created (with its number if it is sequential), and its stat."""

    zxid: int
    path: str
    stat: Stat


@dataclass(frozen=True)
class Contents:
    """What stands in a node."""

    zxid: int
    contents: bytes
    stat: Stat


@dataclass(frozen=True)
class Existence:
    """The stat of a node, None if there is no such node."""

    zxid: int
    stat: Optional[Stat]


@dataclass(frozen=True)
class Child:
    """One child of a node; its stat if that was asked for."""

    name: str
    stat: Optional[Stat] = None


@dataclass(frozen=True)
class Children:
    """A page of the children of a node, ordered by the bytes of their names."""

    zxid: int
    children: tuple[Child, ...]
    more: bool
    stat: Stat


@dataclass(frozen=True)
class Written:
    """The stat of a node after it was written."""

    zxid: int
    stat: Stat


@dataclass(frozen=True)
class Done:
    """A change without further facts."""

    zxid: int


@dataclass(frozen=True)
class OpResult:
    """What one operation of a multi did: the path of a create, the stat of create, set, check."""

    path: Optional[str] = None
    stat: Optional[Stat] = None


@dataclass(frozen=True)
class MultiDone:
    """The results of a multi, one for each operation in their order."""

    zxid: int
    results: tuple[OpResult, ...]


@dataclass(frozen=True)
class LockInfoReply:
    zxid: int
    info: LockInfo


@dataclass(frozen=True)
class LockPage:
    zxid: int
    locks: tuple[LockInfo, ...]
    more: bool


@dataclass(frozen=True)
class LockBroken:
    """Who lost the lock; it passes on within ``delay_ms`` (0: it has)."""

    zxid: int
    broken: tuple[LockParty, ...]
    delay_ms: int


@dataclass(frozen=True)
class SessionPage:
    zxid: int
    sessions: tuple[SessionInfo, ...]
    more: bool


@dataclass(frozen=True)
class SessionKilled:
    """Whether there was such a session."""

    zxid: int
    killed: bool


@dataclass(frozen=True)
class SequencerStates:
    """One for each sequencer asked about."""

    zxid: int
    states: tuple[SequencerState, ...]


# ---- the cell ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemberInfo:
    """A member of the cell, as the replica asked knows it. ``durable_zxid``: of a leader only, what
    the member has said to have on its disk."""

    replica_id: int
    voter: bool = True
    peer_endpoint: str = ""
    client_endpoint: str = ""
    connected: bool = False
    durable_zxid: int = 0


@dataclass(frozen=True)
class LimitInfo:
    """A limit and how much of it is used; -1 if it is not counted."""

    name: str
    limit: int = 0
    used: int = -1


@dataclass(frozen=True)
class ReplicaStatus:
    """The replica that was asked, about itself. ``serving``: it answers linearizable requests;
    ``leader_id`` 0: it knows no leader."""

    replica_id: int
    role: ReplicaRole = ReplicaRole.LOOKING
    serving: bool = False
    leader_id: int = 0
    leader_endpoint: str = ""
    current_epoch: int = 0
    accepted_epoch: int = 0
    last_logged_zxid: int = 0
    durable_zxid: int = 0
    committed_zxid: int = 0
    applied_zxid: int = 0
    image_zxid: int = 0
    log_start_zxid: int = 0
    uptime_ms: int = 0
    connections: int = 0
    local_sessions: int = 0
    held_calls: int = 0
    watches: int = 0
    has_space: bool = True


@dataclass(frozen=True)
class StateStatus:
    """What the replicated state holds. ``locks``: those that are not free."""

    sessions: int = 0
    nodes: int = 0
    locks: int = 0
    bytes: int = 0
    cluster_ms: int = 0
    wall_ms: int = 0


@dataclass(frozen=True)
class CellStatus:
    """What one replica knows about itself and its cell."""

    zxid: int
    cell_name: str
    cell_id: bytes
    replica: ReplicaStatus
    members: tuple[MemberInfo, ...]
    state: StateStatus
    limits: tuple[LimitInfo, ...]
    version: str
    state_machine_version: int
