"""Holdfast: locks, leader election and small data, kept by a cell of replicas.

    import holdfast

    with holdfast.connect("cell-1:7401,cell-2:7401,cell-3:7401") as session:
        with session.lock("/reports/nightly", wait=30) as lock:
            session.set("/reports/last", b"…", guard=lock)

The names below are the whole interface; modules and names that begin with an underscore are not
part of it. `holdfast.aio` has the same for asyncio, `holdfast.errors` every error.
"""

from __future__ import annotations

import queue
from typing import Any, Optional

from . import errors, ops
from ._blocking import value_of
from ._core.io import PreviousSession
from ._options import Endpoints, session_options
from ._owners import new_owner, this_thread_owner
from ._version import VERSION
from .cell import CellClient
from .checker import Check, MarkStore, Reason, SequencerChecker, Standing, Verdict
from .config import ConfigValue, ConfigWatch
from .election import Election, Leader
from .errors import HoldfastError, LockInDoubt, LockLost
from .lock import Lock
from .replies import CellStatus, Child, Contents, Created, MultiDone, OpResult, Written
from .sequencer import Sequencer
from .session import Listener, Session, open_runtime
from .values import (
    LOCK_EVENTS, NODE_EVENTS, CreateMode, Event, EventKind, EventName, LockInfo, LockMode,
    LockParty, LockState, Loss, LossReason, NodeKind, SequencerState, SessionInfo, SessionState,
    Stat)
from .watch import Watch

__version__ = VERSION


def connect(endpoints: Endpoints = None, *, lease: float = 12.0, grace: float = 45.0,
            timeout: Optional[float] = 15.0, client_name: str = "", host: str = "",
            instance_name: str = "", previous: Optional[PreviousSession] = None,
            secret: Optional[bytes] = None, cell_name: str = "",
            on_state: Optional[Listener] = None, dns_servers: Endpoints = None) -> Session:
    """Opens a session.

    `endpoints`: "host:port,host:port" of replicas, or a list of such; by default the environment's
    HOLDFAST_ENDPOINTS. A host is an address ("10.0.0.1:7101", "[fd00::1]:7101") or a name, all of
    whose addresses are replicas; "srv:main.example.com" stands for the SRV records of
    _holdfast._tcp.main.example.com, whose priorities and weights are followed (needs dnspython).
    Names and records are looked up anew at each round over all that is known; while that fails,
    what was known before stays in use.
    `lease`: seconds asked for, which the cell clamps to 1 s … 10 min: how long the session lives
    without contact, and so how long its locks stay with it when it dies.
    `grace`: seconds that jeopardy may last before the session is given up here.
    `timeout`: seconds to try; None for ever.
    `client_name`, `host`: who and where, for people; by default the program's and the machine's.
    `instance_name`: stays the same over restarts; needed by who uses `previous` later.
    `previous`: an earlier session, whose process the caller asserts to be dead, is closed first.
    `secret`: 16 random bytes of the caller's; drawn if absent.
    `cell_name`: other cells are refused (WrongCellError).
    `on_state`: a first listener; see Session.add_listener(). It is told LIVE too.
    `dns_servers`: asked instead of the system's: "address" or "address:port", several as with
    endpoints; by default the environment's HOLDFAST_DNS_SERVERS. Needs dnspython.

    NoQuorumError when no replica could be reached in time, WrongCellError, WrongSecretError, …
    """
    options = session_options(endpoints, lease, grace, timeout, client_name, host, instance_name,
                              previous, secret, cell_name, dns_servers)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    runtime = open_runtime(options, on_state, answers.put)
    try:
        value_of(answers.get())
        return Session(runtime, options.secret)
    except BaseException:
        runtime.close_quietly()
        raise


__all__ = [
    "LOCK_EVENTS", "NODE_EVENTS", "CellClient", "CellStatus", "Check", "Child", "ConfigValue",
    "ConfigWatch", "Contents", "CreateMode", "Created", "Election", "Event", "EventKind",
    "EventName", "HoldfastError", "Leader", "Lock", "LockInDoubt", "LockInfo", "LockLost",
    "LockMode", "LockParty", "LockState", "Loss", "LossReason", "MarkStore", "MultiDone",
    "NodeKind", "OpResult", "PreviousSession", "Reason", "Sequencer", "SequencerChecker",
    "SequencerState", "Session", "SessionInfo", "SessionState", "Standing", "Stat", "Verdict",
    "Watch", "Written", "connect", "errors", "new_owner", "ops", "this_thread_owner"]
