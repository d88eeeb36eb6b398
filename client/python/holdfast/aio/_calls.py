"""The calls that a Session and a CellClient have in common. See holdfast._calls."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import Any, AsyncIterator, List, Optional, Sequence

from .. import _requests as requests
from .. import _wire
from .._clock import to_ms
from .._core.io import Request
from .._options import Endpoints, cell_options
from .._runtime import Runtime
from ..cell import TIMEOUT_S
from ..replies import CellStatus, Child, Contents, LockBroken
from ..values import LockInfo, SequencerState, SessionInfo, Stat
from ._loop import Loop


class CellCalls:
    """See holdfast.CellClient for each."""

    _paths: requests.Paths
    _runtime: Runtime
    _loop: Loop
    _default_timeout: Optional[float] = None

    async def _ask(self, request: Request, timeout: Optional[float]) -> Any:
        _wire.check(request)
        timeout_ms = to_ms(self._default_timeout if timeout is None else timeout, "The timeout")
        answer = self._loop.answer()
        self._runtime.submit(request, timeout_ms, answer.set)
        return await answer.value()

    async def get(self, path: str, *, stale_ok: bool = False,
                  timeout: Optional[float] = None) -> Contents:
        contents: Contents = await self._ask(requests.get(self._paths(path), stale_ok), timeout)
        return contents

    async def exists(self, path: str, *, stale_ok: bool = False,
                     timeout: Optional[float] = None) -> Optional[Stat]:
        reply = await self._ask(requests.exists(self._paths(path), stale_ok), timeout)
        stat: Optional[Stat] = reply.stat
        return stat

    async def list(self, path: str, *, stale_ok: bool = False,
                   timeout: Optional[float] = None) -> List[str]:
        return [child.name async for child in self._children(path, False, stale_ok, timeout)]

    async def list_with_stats(self, path: str, *, stale_ok: bool = False,
                              timeout: Optional[float] = None) -> List[Child]:
        return [child async for child in self._children(path, True, stale_ok, timeout)]

    async def _children(self, path: str, with_stats: bool, stale_ok: bool,
                        timeout: Optional[float]) -> AsyncIterator[Child]:
        after, more = "", True
        while more:
            page = await self._ask(
                requests.list_page(self._paths(path), after, with_stats, stale_ok), timeout)
            for child in page.children:
                yield child
            more = page.more
            after = page.children[-1].name if page.children else ""

    async def sync(self, *, timeout: Optional[float] = None) -> int:
        zxid: int = (await self._ask(Request("sync"), timeout)).zxid
        return zxid

    async def lock_info(self, path: str, *, waiters_limit: int = 0, stale_ok: bool = False,
                        timeout: Optional[float] = None) -> LockInfo:
        reply = await self._ask(
            requests.lock_info(self._paths(path), waiters_limit, stale_ok), timeout)
        info: LockInfo = reply.info
        return info

    async def list_locks(self, prefix: str = "/", *, only_session: int = 0,
                         stale_ok: bool = False,
                         timeout: Optional[float] = None) -> List[LockInfo]:
        found: List[LockInfo] = []
        more = True
        while more:
            after = found[-1].path if found else ""
            page = await self._ask(
                requests.lock_page(self._paths(prefix), after, only_session, stale_ok), timeout)
            found += page.locks
            more = page.more
        return found

    async def list_sessions(self, *, stale_ok: bool = False,
                            timeout: Optional[float] = None) -> List[SessionInfo]:
        found: List[SessionInfo] = []
        more = True
        while more:
            after = found[-1].session_id if found else 0
            page = await self._ask(requests.session_page(after, stale_ok), timeout)
            found += page.sessions
            more = page.more
        return found

    async def break_lock(self, path: str, reason: str, operator: str, *, acquisition: int = 0,
                         now: bool = False, timeout: Optional[float] = None) -> LockBroken:
        broken: LockBroken = await self._ask(
            requests.break_lock(self._paths(path), reason, operator, acquisition, now), timeout)
        return broken

    async def kill_session(self, session_id: int, reason: str, operator: str, *,
                           now: bool = False, timeout: Optional[float] = None) -> bool:
        killed: bool = (await self._ask(
            requests.kill_session(session_id, reason, operator, now), timeout)).killed
        return killed

    async def check_sequencers(self, sequencers: Sequence[str], *,
                               timeout: Optional[float] = None) -> List[SequencerState]:
        return [*(await self._ask(requests.check_sequencers(sequencers), timeout)).states]

    async def check_sequencer(self, sequencer: str, *,
                              timeout: Optional[float] = None) -> SequencerState:
        return (await self.check_sequencers([sequencer], timeout=timeout))[0]

    async def status(self, *, timeout: Optional[float] = None) -> CellStatus:
        status: CellStatus = await self._ask(Request("cell_status"), timeout)
        return status


class CellClient(CellCalls):
    """See holdfast.CellClient. To be made in a coroutine; an asynchronous context manager."""

    _default_timeout = TIMEOUT_S

    def __init__(self, endpoints: Endpoints = None, *, cell_name: str = "",
                 cell_id: Optional[bytes] = None, dns_servers: Endpoints = None) -> None:
        self._loop = Loop()
        self._runtime = Runtime(cell_options(endpoints, cell_name, cell_id, dns_servers))
        self._paths = requests.Paths(cell_name)
        weakref.finalize(self, Runtime.close_quietly, self._runtime).atexit = False

    async def close(self) -> None:
        """Calls that are open raise AcquireCancelledError."""
        await self._loop.running.run_in_executor(None, self._runtime.shut_down)

    async def __aenter__(self) -> CellClient:
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()
