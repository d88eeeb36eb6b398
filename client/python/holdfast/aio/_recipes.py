"""Election, watched value and sequencer checks for asyncio."""

from __future__ import annotations

import asyncio
import functools
from types import TracebackType
from typing import Any, AsyncIterator, Awaitable, Callable, Optional, TypeVar

from .. import checker
from ..config import ConfigValue, Follower
from ..election import KINDS, Leader, reading
from ..errors import Failure, HoldfastError, error_of
from ..lock import DEFAULT, Wait
from ..values import SessionState
from ._lock import Lock
from ._session import Session

Answer = TypeVar("Answer")


class Election:
    """See holdfast.Election. An asynchronous context manager."""

    def __init__(self, session: Session, path: str, **options: Any) -> None:
        self._session = session
        self.path = path
        self.lock: Lock = session.lock(path, **options)

    async def campaign(self, value: Optional[bytes] = None, wait: Wait = DEFAULT, *,
                       timeout: Optional[float] = None) -> None:
        """Stands in the queue until it leads, then proclaims `value`."""
        await self.lock.acquire(wait, timeout=timeout)
        if value is None:
            return
        try:
            await self.proclaim(value)
        except BaseException:
            await self.lock.release_quietly()
            raise

    async def proclaim(self, value: bytes, *, timeout: Optional[float] = None) -> None:
        """What those see who observe."""
        await self._session.set(self.path, value, guard=self.lock, timeout=timeout)

    async def resign(self, timeout: Optional[float] = None) -> None:
        """The next candidate leads. LockLost if it did not lead any more."""
        await self.lock.release(timeout)

    @property
    def is_leader(self) -> bool:
        """True while the cell lets nobody else lead. See Lock.held."""
        return self.lock.held

    async def leader(self, *, timeout: Optional[float] = None) -> Optional[Leader]:
        """Who leads at this moment; None if nobody does."""
        steps = reading(self.path)
        try:
            request = next(steps)
            while True:
                try:
                    reply = await self._session._ask(request, timeout)
                except HoldfastError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(reply)
        except StopIteration as done:
            leader: Optional[Leader] = done.value
            return leader

    async def observe(self) -> AsyncIterator[Optional[Leader]]:
        """Who leads now, and then whenever that or his value changes; None for nobody."""
        async with await self._session.watch(self.path, kinds=KINDS) as watch:
            last = await self.leader()
            yield last
            while True:
                await watch.next()
                leader = await self.leader()
                if leader != last:
                    last = leader
                    yield leader

    async def run(self, lead: Callable[..., Awaitable[Answer]], *arguments: Any,
                  value: Optional[bytes] = None) -> Answer:
        """Campaigns, awaits lead(*arguments) as the leader, and resigns."""
        async with self.lock:
            if value is not None:
                await self.proclaim(value)
            return await lead(*arguments)

    async def __aenter__(self) -> Election:
        await self.lock.__aenter__()
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.lock.__aexit__(kind, raised, trace)


class ConfigWatch:
    """See holdfast.ConfigWatch. Made by Session.config(); an asynchronous context manager."""

    def __init__(self, session: Session, path: str,
                 on_change: Optional[Callable[[ConfigValue], None]]) -> None:
        self._session = session
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._end: Optional[Failure] = None
        self.path = path
        loop = session._loop
        self._follower = Follower(
            session._runtime, path, loop.callback(self._on_value), loop.callback(self._on_end))

    @classmethod
    async def open(cls, session: Session, path: str,
                   on_change: Optional[Callable[[ConfigValue], None]]) -> ConfigWatch:
        """For Session.config()."""
        made = cls(session, path, on_change)
        answer = session._loop.answer()
        made._follower.start(answer.set)
        try:
            await answer.value()
            await made.wait_for(lambda _: True)
        except BaseException:
            made.close()
            raise
        return made

    @property
    def value(self) -> ConfigValue:
        """The last one known."""
        value = self._follower.value
        assert value is not None
        return value

    @property
    def is_current(self) -> bool:
        """The session is live, so that a change would be told."""
        return self._end is None and self._session.state is SessionState.LIVE

    async def wait_for(self, wanted: Callable[[ConfigValue], bool]) -> ConfigValue:
        """The value, as soon as it is such that `wanted(value)`."""
        while True:
            changed = self._changed
            value = self._follower.value
            if self._end is not None:
                raise error_of(self._end)
            if value is not None and wanted(value):
                return value
            await changed.wait()

    def close(self) -> None:
        """Ends the watch; the value stays."""
        self._follower.stop()

    def _on_value(self, value: ConfigValue) -> None:
        self._wake()
        if self._on_change is not None:
            self._on_change(value)

    def _on_end(self, failure: Failure) -> None:
        self._end = failure
        self._wake()

    def _wake(self) -> None:
        """All who wait now; who comes later waits for the next."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def __aenter__(self) -> ConfigWatch:
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.close()


class SequencerChecker:
    """See holdfast.SequencerChecker, whose arguments it takes; a `session` is a holdfast.Session.

    Checks run in the loop's executor, because the marks may have to go to the disk.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._checker = checker.SequencerChecker(*arguments, **options)

    async def check(self, sequencer: str, mode: Optional[checker.Check] = None, *,
                    timeout: float = checker.TIMEOUT_S) -> checker.Verdict:
        """See holdfast.SequencerChecker.check()."""
        check = functools.partial(self._checker.check, sequencer, mode, timeout=timeout)
        return await asyncio.get_running_loop().run_in_executor(None, check)

    def high_water(self, path: str, cell_id: Optional[bytes] = None) -> int:
        """The highest generation seen of a lock; 0 if it was never seen."""
        return self._checker.high_water(path, cell_id)

    async def close(self) -> None:
        """Ends its watches and its connection, and closes its file. The session stays open."""
        await asyncio.get_running_loop().run_in_executor(None, self._checker.close)
