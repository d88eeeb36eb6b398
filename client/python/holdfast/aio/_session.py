"""Sessions and watches for asyncio."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Collection, Iterable, Optional

from .. import _requests as requests
from .. import _wire, ops
from .._blocking import value_of
from .._clock import to_ms
from .._core.io import Request
from .._requests import Guard
from .._runtime import Runtime
from .._watch_state import WatchState
from ..errors import AcquireCancelledError, CallTimeoutError, ErrorCode, Failure
from ..lock import LockOptions
from ..replies import Created, MultiDone, Written
from ..session import CLOSE_S, Listener, SessionFacts, watch_options
from ..values import (
    NODE_EVENTS, CreateMode, Event, EventKind, EventName, Loss, SessionState)
from ._calls import CellCalls
from ._lock import Lock, this_task_owner
from ._loop import Loop

if TYPE_CHECKING:
    from ..config import ConfigValue
    from ._recipes import ConfigWatch, Election


class Session(SessionFacts, CellCalls):
    """See holdfast.Session. Made by aio.connect(); an asynchronous context manager."""

    def __init__(self, runtime: Runtime, secret: bytes, loop: Loop) -> None:
        self._runtime = runtime
        self._secret = secret
        self._loop = loop
        self._paths = requests.Paths(runtime.facts.cell_name)
        self._listeners: dict[Listener, Listener] = {}
        weakref.finalize(self, Runtime.close_quietly, runtime).atexit = False

    async def close(self, timeout: float = CLOSE_S) -> None:
        """See holdfast.Session.close()."""
        was_open = self._runtime.state in (SessionState.LIVE, SessionState.JEOPARDY)
        answer = self._loop.answer()
        self._runtime.close(to_ms(timeout) or 0, answer.set)
        try:
            await answer.value()
        except CallTimeoutError:
            if was_open:
                raise
        except Exception:
            pass  # It was over before.
        finally:
            await self._loop.running.run_in_executor(None, self._runtime.shut_down)

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        """Closes. That the cell was not heard is no error here: the lease ends by itself."""
        try:
            await self.close()
        except CallTimeoutError:
            pass

    def add_listener(self, listener: Listener) -> None:
        """`listener(state)` is called in the event loop."""
        relayed = self._listeners[listener] = self._loop.callback(listener)
        self._runtime.add_listener(relayed)

    def remove_listener(self, listener: Listener) -> None:
        """Nothing if it is none."""
        relayed = self._listeners.pop(listener, None)
        if relayed is not None:
            self._runtime.remove_listener(relayed)

    def lock(self, path: str, *, wait: Optional[float] = None, shared: bool = False,
             lock_delay: float = 0.0, description: str = "", owner: Optional[int] = None,
             create: CreateMode = CreateMode.PERSISTENT, lost_at_jeopardy: bool = False,
             interrupt: bool = False, on_lost: Optional[Callable[[Loss], None]] = None,
             on_jeopardy: Optional[Callable[[], None]] = None,
             on_safe: Optional[Callable[[], None]] = None) -> Lock:
        """See holdfast.Session.lock(). The owner is by default the task that acquires."""
        loop = self._loop
        options = LockOptions(
            path=self._paths(path), shared=shared, wait=wait, lock_delay=lock_delay, owner=owner,
            description=description, create=CreateMode(create), lost_at_jeopardy=lost_at_jeopardy,
            interrupt=interrupt, on_lost=loop.callback(on_lost),
            on_jeopardy=loop.callback(on_jeopardy), on_safe=loop.callback(on_safe))
        _wire.check(Request("acquire", {
            "path": options.path, "owner": owner or 0, "description": description}))
        return Lock(self, options)

    def write_lock(self, path: str, **options: Any) -> Lock:
        """lock(shared=False)."""
        return self.lock(path, shared=False, **options)

    def read_lock(self, path: str, **options: Any) -> Lock:
        """lock(shared=True)."""
        return self.lock(path, shared=True, **options)

    async def create(self, path: str, contents: bytes = b"", *, ephemeral: bool = False,
                     until_free: bool = False, sequential: bool = False,
                     create_parents: bool = False, guard: Guard = None,
                     timeout: Optional[float] = None) -> Created:
        """See holdfast.Session.create()."""
        kind = requests.kind_of(ephemeral, until_free)
        created: Created = await self._ask(requests.create(
            self._paths(path), contents, kind, sequential, create_parents, guard), timeout)
        return created

    async def set(self, path: str, contents: bytes, *, if_generation: Optional[int] = None,
                  if_instance: Optional[int] = None, guard: Guard = None,
                  timeout: Optional[float] = None) -> Written:
        """See holdfast.Session.set()."""
        written: Written = await self._ask(requests.set_contents(
            self._paths(path), contents, if_generation, if_instance, guard), timeout)
        return written

    async def delete(self, path: str, *, if_generation: Optional[int] = None,
                     if_instance: Optional[int] = None, owner: Optional[int] = None,
                     guard: Guard = None, timeout: Optional[float] = None) -> int:
        """See holdfast.Session.delete()."""
        zxid: int = (await self._ask(requests.delete(
            self._paths(path), if_generation, if_instance,
            this_task_owner() if owner is None else owner, guard), timeout)).zxid
        return zxid

    async def multi(self, operations: Iterable[ops.Op], *, guard: Guard = None,
                    timeout: Optional[float] = None) -> MultiDone:
        """See holdfast.Session.multi()."""
        done: MultiDone = await self._ask(
            requests.multi(operations, self._paths, this_task_owner(), guard), timeout)
        return done

    async def watch(self, path: str, callback: Optional[Callable[[Event], None]] = None, *,
                    kinds: Collection[EventKind] = NODE_EVENTS, recursive: bool = False,
                    after: Optional[EventName] = None) -> Watch:
        """See holdfast.Session.watch(). `callback(event)` is called in the event loop."""
        options = watch_options(self._paths(path), kinds, recursive, after)
        state = WatchState(self._loop.callback(callback))
        answer = self._loop.answer()
        self._runtime.watch(options, state, answer.set)
        try:
            state.active_from = (await answer.value()).active_from
        except asyncio.CancelledError:
            if state.cancel():
                self._runtime.unwatch(state)
            raise
        return Watch(self, state)

    def election(self, path: str, **options: Any) -> Election:
        """See holdfast.Election."""
        from ._recipes import Election
        return Election(self, self._paths(path), **options)

    async def config(self, path: str, on_change: Optional[Callable[[ConfigValue], None]] = None
                     ) -> ConfigWatch:
        """See holdfast.ConfigWatch."""
        from ._recipes import ConfigWatch
        return await ConfigWatch.open(self, self._paths(path), on_change)

    def __repr__(self) -> str:
        return f"<holdfast.aio.Session {self.id:#x} {self.state.value}>"


class Watch:
    """See holdfast.Watch. An asynchronous iterator and context manager; one task takes events."""

    def __init__(self, session: Session, state: WatchState) -> None:
        self._session = session
        self._state = state
        self._ready = asyncio.Event()
        state.set_notify(lambda: session._loop.post(self._ready.set))

    @property
    def active_from(self) -> int:
        """Every event of the wanted kinds from this zxid on is delivered."""
        return self._state.active_from

    async def next(self, timeout: Optional[float] = None) -> Event:
        """See holdfast.Watch.next(). A cancelled one takes no event."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    self._ready.clear()
                    taken = self._state.poll()
                    if taken is not None:
                        event: Event = value_of(taken)
                        return event
                    await self._ready.wait()
        except TimeoutError as late:
            if isinstance(late, CallTimeoutError):
                raise
            raise CallTimeoutError(Failure(
                ErrorCode.TIMEOUT, "No event came in the time given.", retryable=True)) from None

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = await self.next()
            except AcquireCancelledError:
                return
            yield event

    def close(self) -> None:
        """Ends the watch; who waits in next() is told."""
        if self._state.cancel():
            self._session._runtime.unwatch(self._state)

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, kind: Optional[type[BaseException]],
                        raised: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.close()
