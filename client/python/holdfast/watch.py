"""Watches."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Iterator, Optional

from ._blocking import refuse_on_dispatcher
from ._watch_state import WatchState
from .errors import (
    AcquireCancelledError, CallTimeoutError, ErrorCode, Failure, error_of)
from .values import Event

if TYPE_CHECKING:
    from .session import Session


class Watch:
    """The events of a path, in order, each once; made by Session.watch().

    It goes on over lost connections, leader changes and restarts without a gap; if a gap cannot be
    avoided, one EVENTS_LOST stands in its place: read again what is watched. Without a callback,
    events are taken by iterating or by next(); at most 10,000 wait to be taken, beyond that they
    are dropped and one EVENTS_LOST stands for them. A context manager: ends the watch.
    """

    def __init__(self, session: Session, state: WatchState) -> None:
        self._session = session
        self._state = state

    @property
    def active_from(self) -> int:
        """Every event of the wanted kinds from this zxid on is delivered."""
        return self._state.active_from

    def next(self, timeout: Optional[float] = None) -> Event:
        """The next event. CallTimeoutError when none came within `timeout` seconds;
        AcquireCancelledError after close(); SessionExpiredError when the session is over and all
        events before have been taken."""
        refuse_on_dispatcher(self._session._runtime)
        taken = self._state.take(timeout)
        if taken is None:
            raise CallTimeoutError(Failure(
                ErrorCode.TIMEOUT, "No event came in the time given.", retryable=True))
        if isinstance(taken, Failure):
            raise error_of(taken)
        event: Event = taken
        return event

    def __iter__(self) -> Iterator[Event]:
        """All events until close(), or until the session is over, which is raised."""
        while True:
            try:
                event = self.next()
            except AcquireCancelledError:
                return
            yield event

    def close(self) -> None:
        """Ends the watch; who waits in next() is told. No callback begins after it."""
        if self._state.cancel():
            self._session._runtime.unwatch(self._state)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


