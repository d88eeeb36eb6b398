"""What goes into the core and what comes out of it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional, Union

from ..errors import Failure
from ..values import Event, EventName, LockGrant, LockMode, CreateMode, Loss, SessionState
from .endpoint import Place


class PreviousSession(NamedTuple):
    """An earlier session whose process the caller asserts to be dead: it is closed first, without
    lock-delays. A false assertion lets two believe in one lock.

    ``instance_name`` is the one under which it was opened, ``secret`` its 16 bytes.
    """

    instance_name: str
    secret: bytes


@dataclass
class CoreOptions:
    endpoints: list[str]  # Valid, and not empty.
    dns_servers: list[str] = field(default_factory=list)  # For who looks them up.
    with_session: bool = True
    seed: int = 0  # For the jitter.
    open_calls_max: int = 10_000
    cell_name: str = ""
    cell_id: bytes = b""

    # Of a session only.
    lease_ms: int = 12_000
    grace_ms: int = 45_000
    open_timeout_ms: Optional[int] = None
    client_name: str = ""
    host: str = ""
    secret: bytes = b""
    instance_name: str = ""
    previous: Optional[PreviousSession] = None


@dataclass
class Request:
    """A method of lockservice.thrift and the fields of its request, but for the header."""

    method: str
    fields: dict[str, Any] = field(default_factory=dict)
    guard: Optional[str] = None


class Head(NamedTuple):
    """The header of a request, but for the guard."""

    session_id: int = 0
    request_number: int = 0
    answered_below: int = 0
    last_seen_zxid: int = 0
    cell_name: str = ""  # Empty: not checked.
    cell_id: bytes = b""  # Empty: not checked.


class Facts(NamedTuple):
    """From the header of a reply."""

    zxid: int = 0
    events_through: EventName = EventName()
    lease_ms: int = 0  # 0: says nothing about the lease.


class Answer(NamedTuple):
    """A reply: its body is one of those below or of values.py, or the Failure."""

    method: str
    facts: Facts
    body: Any


class SessionOpened(NamedTuple):
    session_id: int
    lease_ms: int
    cell_name: str
    cell_id: bytes


class KeptAlive(NamedTuple):
    events: list[Event]  # Of kinds that this release knows.
    delivered_through: EventName
    more: bool


class Acquired(NamedTuple):
    grant: Optional[LockGrant]  # None while it waits.
    waiters_ahead: int = 0


class WatchSet(NamedTuple):
    active_from: int


@dataclass(frozen=True)
class AcquireAsk:
    path: str
    owner: int
    mode: LockMode = LockMode.EXCLUSIVE
    wait_ms: Optional[int] = 0  # None: without limit.
    timeout_ms: Optional[int] = None  # Of the call.
    lock_delay_ms: int = 0
    description: str = ""
    create: CreateMode = CreateMode.NO_CREATE
    lost_at_jeopardy: bool = False


# ---- outputs, to be carried out in their order ---------------------------------------------------


class Connect(NamedTuple):
    connection: int
    address: str  # "10.0.0.1:7101", "[fd00::1]:7101".


class Disconnect(NamedTuple):
    connection: int  # Nothing is to be heard of it any more.


class Send(NamedTuple):
    connection: int
    sequence_id: int
    request: Request
    head: Head


class Resolve(NamedTuple):
    """A name or a service is to be looked up; then Core.on_resolved(), once, within seconds."""

    endpoint: str


Found = Union[list[Place], str]  # What it stands for now, or why that is not known.


class SessionFacts(NamedTuple):
    session_id: int = 0
    lease_ms: int = 0
    cell_name: str = ""
    cell_id: bytes = b""


class Opened(NamedTuple):
    facts: SessionFacts


class OpenFailed(NamedTuple):
    failure: Failure


class LeaseMoved(NamedTuple):
    """Until then, and no longer, the locks may be believed to be held."""

    deadline: int


class StateChanged(NamedTuple):
    state: SessionState  # SAFE when the jeopardy has ended.


class GuardMade(NamedTuple):
    """A lock was granted; the call that asked is answered by a Granted of it, perhaps later."""

    guard: int
    path: str
    owner: int
    grant: LockGrant


class GuardDoubtful(NamedTuple):
    """The guard must not be believed until GuardCertain or GuardLost says more."""

    guard: int


class GuardCertain(NamedTuple):
    guard: int


class GuardLost(NamedTuple):
    guard: int
    loss: Loss


class GuardUnwanted(NamedTuple):
    """The call that asked for it has been answered TIMEOUT; the lock is being given back."""

    guard: int


class Queued(NamedTuple):
    """The acquire stands in the queue."""

    call: int
    waiters_ahead: int


class EventsCame(NamedTuple):
    """To be told to the watches named, in this order; then Core.on_told(through)."""

    events: list[tuple[Event, list[int]]]
    through: EventName


class WatchEnded(NamedTuple):
    watch: int
    failure: Failure


class Granted(NamedTuple):
    guard: int


class Released(NamedTuple):
    zxid: int  # 0 if another guard of the same acquisition goes on.


class WatchStarted(NamedTuple):
    watch: int
    active_from: int


class Closed(NamedTuple):
    pass


class Answered(NamedTuple):
    """The outcome is a reply of values.py, Granted, Released, WatchStarted, Closed or a Failure."""

    call: int
    outcome: Any


Output = Union[
    Connect, Disconnect, Send, Opened, OpenFailed, LeaseMoved, StateChanged, GuardMade,
    GuardDoubtful, GuardCertain, GuardLost, GuardUnwanted, Queued, EventsCame, WatchEnded, Answered,
    Resolve]
