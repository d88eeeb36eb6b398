"""Locks for asyncio."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Optional

from .._blocking import PendingAcquire
from .._clock import to_ms
from .._guard_state import Phase
from .._owners import new_owner
from ..errors import (
    ErrorCode, Failure, HoldfastError, LockDelayedError, LockHeldError, NotHeldError,
    SessionExpiredError, bad_argument)
from ..lock import DEFAULT, EXIT_S, Holding, LockOptions, Wait
from ..values import LockInfo

if TYPE_CHECKING:
    from ._session import Session

_of_task: weakref.WeakKeyDictionary[asyncio.Task[object], int] = weakref.WeakKeyDictionary()


def this_task_owner() -> int:
    """The owner of the running task."""
    task = asyncio.current_task()
    if task is None:
        raise bad_argument("Outside of a task a lock needs an owner; see holdfast.new_owner().")
    owner = _of_task.get(task)
    if owner is None:
        owner = _of_task[task] = new_owner()
    return owner


class Lock(Holding):
    """See holdfast.Lock. An asynchronous context manager.

    With `interrupt=True` the task that entered the block is cancelled when the lock is lost, and
    the block ends with LockLost instead of CancelledError, as asyncio.timeout() does.
    """

    def __init__(self, session: Session, options: LockOptions) -> None:
        super().__init__(options)
        self._session = session
        self._acquiring: Optional[PendingAcquire] = None
        self._body: Optional[_Body] = None

    async def acquire(self, wait: Wait = DEFAULT, *, timeout: Optional[float] = None,
                      on_waiting: Optional[Callable[[int], None]] = None) -> Lock:
        """See holdfast.Lock.acquire(). Cancelled, it leaves no lock behind."""
        guard = self._guard
        if self._acquiring is not None or (
                guard is not None and guard.phase in (Phase.HELD, Phase.DOUBTFUL)):
            raise bad_argument(f"This Lock of {self.path} is acquired already.")
        owner = self._options.owner
        ask = self._options.ask(wait, timeout, this_task_owner() if owner is None else owner)
        loop = self._session._loop
        answer = loop.answer()
        pending = self._acquiring = PendingAcquire(answer.set)
        try:
            pending.start(self._session._runtime, ask, loop.callback(on_waiting))
            self._take_guard(await answer.value())
        except HoldfastError:
            raise
        except BaseException:
            pending.abandon()
            raise
        finally:
            self._acquiring = None
        return self

    async def try_acquire(self) -> bool:
        """True if it is acquired, False if it is held or delayed."""
        try:
            await self.acquire(wait=0)
        except (LockHeldError, LockDelayedError):
            return False
        return True

    def cancel(self) -> None:
        """Ends the acquire that another task waits in: AcquireCancelledError there, unless the lock
        has just been granted. Nothing if there is none."""
        if self._acquiring is not None:
            self._acquiring.withdraw()

    async def release(self, timeout: Optional[float] = None) -> None:
        """See holdfast.Lock.release(). Cancelled, the release goes on in the background."""
        guard, self._guard = self._guard, None
        if guard is None:
            self._raise_if_lost()
            raise NotHeldError(Failure(
                ErrorCode.NOT_HELD, f"The lock {self.path} is not held.", path=self.path))
        answer = self._session._loop.answer()
        guard.release(to_ms(timeout), answer.set)
        try:
            await answer.value()
        except (NotHeldError, SessionExpiredError) as error:
            raise self._release_error(error) from error

    async def release_quietly(self) -> None:
        """Releases; waits at most a second, and raises nothing of the library's."""
        try:
            await self.release(EXIT_S)
        except HoldfastError:
            pass  # The library goes on with the release as long as the session lives.

    async def info(self, *, timeout: Optional[float] = None) -> LockInfo:
        """Who holds the lock and who waits, in order."""
        return await self._session.lock_info(self.path, timeout=timeout)

    async def __aenter__(self) -> Lock:
        await self.acquire()
        guard = self._guard
        if self._options.interrupt and guard is not None:
            body = self._body = _Body()
            loop = self._session._loop
            guard.interrupt = lambda: loop.post(body.interrupt)
            if guard.phase is Phase.LOST:
                self._body = None
                raise self._lost_error(guard.loss)
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        body, self._body = self._body, None
        if body is not None and body.end(raised):
            raise self._lost_error(self.loss) from raised
        if raised is None:
            if self._guard is None:  # The body has released it.
                return self._raise_if_lost()
            return await self.release()
        if self.lost:
            raised.add_note(f"The lock {self.path} was lost before this was raised.")
        if self._guard is not None:
            await self.release_quietly()


class _Body:
    """The task inside an `async with` block."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling_before = task.cancelling()
        self._is_over = False
        self._is_interrupted = False

    def interrupt(self) -> None:
        """In the loop."""
        if not self._is_over and not self._is_interrupted:
            self._is_interrupted = True
            self._task.cancel()

    def end(self, raised: Optional[BaseException]) -> bool:
        """True if what was raised is our cancellation, and nobody else's."""
        self._is_over = True
        if not self._is_interrupted:
            return False
        others = self._task.uncancel() > self._cancelling_before
        return not others and isinstance(raised, asyncio.CancelledError)
