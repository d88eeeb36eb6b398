"""The package for asyncio: the same calls, as coroutines.

    from holdfast import aio

    async with await aio.connect("cell-1:7401,cell-2:7401") as session:
        async with session.lock("/reports/nightly", wait=30) as lock:
            await session.set("/reports/last", b"…", guard=lock)

What each call means, takes and raises stands at its blocking form (holdfast.Session and so on).
Everything is for the event loop in which the session was opened; `held`, `remaining()` and the like
for any thread. Callbacks are called in the event loop. The session keeps itself alive on threads of
its own: a loop that is busy delays answers, and not the lease.

Cancellation: a cancelled acquire withdraws its wait and gives back what it may still be granted, in
the background. A cancelled write may be carried out all the same: exactly once, and before any
later write of the session. By default each task is an owner of locks of its own.
"""

from __future__ import annotations

from typing import Optional

from .._core.io import PreviousSession
from .._options import Endpoints, session_options
from ..session import Listener, open_runtime
from ._calls import CellClient
from ._lock import Lock
from ._loop import Loop
from ._recipes import ConfigWatch, Election, SequencerChecker
from ._session import Session, Watch


async def connect(endpoints: Endpoints = None, *, lease: float = 12.0, grace: float = 45.0,
                  timeout: Optional[float] = 15.0, client_name: str = "", host: str = "",
                  instance_name: str = "", previous: Optional[PreviousSession] = None,
                  secret: Optional[bytes] = None, cell_name: str = "",
                  on_state: Optional[Listener] = None,
                  dns_servers: Endpoints = None) -> Session:
    """Opens a session. See holdfast.connect()."""
    options = session_options(endpoints, lease, grace, timeout, client_name, host, instance_name,
                              previous, secret, cell_name, dns_servers)
    loop = Loop()
    answer = loop.answer()
    runtime = open_runtime(options, loop.callback(on_state), answer.set)
    try:
        await answer.value()
        return Session(runtime, options.secret, loop)
    except BaseException:
        runtime.close_quietly()
        raise


__all__ = [
    "CellClient", "ConfigWatch", "Election", "Lock", "SequencerChecker", "Session", "Watch",
    "connect"]
