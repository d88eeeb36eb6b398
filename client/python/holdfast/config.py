"""A watched configuration value."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Optional

from . import _requests as requests
from ._blocking import wait_for
from ._core import io
from ._runtime import Runtime
from ._watch_state import WatchState
from .errors import CallTimeoutError, ErrorCode, Failure, error_of
from .replies import Contents
from .session import Session, watch_options
from .values import Event, EventKind, SessionState, Stat

KINDS = frozenset({
    EventKind.CONTENTS_CHANGED, EventKind.NODE_CREATED, EventKind.NODE_DELETED})


@dataclass(frozen=True)
class ConfigValue:
    """What stood in the node as of `zxid`; `contents` and `stat` are None if there was none."""

    zxid: int
    contents: Optional[bytes]
    stat: Optional[Stat]

    def is_same_state(self, other: Optional[ConfigValue]) -> bool:
        """The same writing of the same node, whatever zxid it was read at."""
        return other is not None and self._key() == other._key()

    def _key(self) -> tuple[int, int]:
        stat = self.stat
        return (0, 0) if stat is None else (stat.instance, stat.modified_zxid)


class Follower:
    """Reads a node again whenever a watch tells of a change; one reading at a time. On the
    dispatcher, but for what is read by any thread.

    `on_value` is called for every other state of the node, `on_end` when the session is over.
    """

    def __init__(self, runtime: Runtime, path: str, on_value: Callable[[ConfigValue], None],
                 on_end: Callable[[Failure], None]) -> None:
        self._runtime = runtime
        self._request = requests.get(path, False)
        self._on_value = on_value
        self._on_end = on_end
        self._is_reading = False
        self._is_dirty = False
        self._is_stopped = False
        self.value: Optional[ConfigValue] = None
        self.state = WatchState(self.on_event, on_ended=on_end)
        self.options = watch_options(path, KINDS, False, None)

    def start(self, done: Callable[[Any], None]) -> None:
        """`done` gets io.WatchStarted, or a Failure; values follow."""

        def started(outcome: Any) -> None:
            if isinstance(outcome, io.WatchStarted):
                self.read()
            done(outcome)

        self._runtime.watch(self.options, self.state, started)

    def stop(self) -> None:
        self._is_stopped = True
        if self.state.cancel():
            self._runtime.unwatch(self.state)

    def on_event(self, _: Event) -> None:
        self.read()

    def read(self) -> None:
        if self._is_reading:
            self._is_dirty = True
            return
        self._is_reading, self._is_dirty = True, False
        self._runtime.submit(self._request, None, self._on_read)

    def _on_read(self, outcome: Any) -> None:
        self._is_reading = False
        if self._is_stopped:
            return
        if isinstance(outcome, Contents):
            self._take(ConfigValue(outcome.zxid, outcome.contents, outcome.stat))
        elif outcome.code is ErrorCode.NO_NODE:
            self._take(ConfigValue(outcome.zxid, None, None))
        else:
            self._on_end(outcome)
            return
        if self._is_dirty:
            self.read()

    def _take(self, value: ConfigValue) -> None:
        is_same = value.is_same_state(self.value)
        self.value = value
        if not is_same:
            self._on_value(value)


class ConfigWatch:
    """The contents of a node, always as last known; made by Session.config().

        with session.config("/svc/settings", on_change=apply) as settings:
            settings.value.contents, settings.value.zxid

    Made when the first value is known. Several writings in quick succession may be seen as one, the
    last. The value stays what it was in jeopardy and after the end of the session; `is_current`
    tells. Goes on through lost connections and leader changes. A context manager: ends the watch.
    """

    def __init__(self, session: Session, path: str,
                 on_change: Optional[Callable[[ConfigValue], None]] = None) -> None:
        """`on_change(value)` is called on the dispatcher for every other state of the node, the
        first included."""
        self._session = session
        self._on_change = on_change
        self._changed = threading.Condition()
        self._end: Optional[Failure] = None
        self.path = path
        self._follower = Follower(session._runtime, path, self._on_value, self._on_end)
        try:
            wait_for(session._runtime, self._follower.start)
            self.wait_for(lambda _: True)
        except BaseException:
            self.close()
            raise

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

    def wait_for(self, wanted: Callable[[ConfigValue], bool],
                 timeout: Optional[float] = None) -> ConfigValue:
        """The value, as soon as it is such that `wanted(value)`. CallTimeoutError after `timeout`
        seconds; SessionExpiredError when the session is over."""

        def is_over() -> bool:
            value = self._follower.value
            return self._end is not None or (value is not None and wanted(value))

        with self._changed:
            if not self._changed.wait_for(is_over, timeout):
                raise CallTimeoutError(Failure(
                    ErrorCode.TIMEOUT, f"{self.path} did not become such in the time given.",
                    retryable=True, path=self.path))
            if self._end is not None:
                raise error_of(self._end)
            return self.value

    def close(self) -> None:
        """Ends the watch; the value stays."""
        self._follower.stop()

    def _on_value(self, value: ConfigValue) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._on_change is not None:
            self._on_change(value)

    def _on_end(self, failure: Failure) -> None:
        with self._changed:
            self._end = failure
            self._changed.notify_all()

    def __enter__(self) -> ConfigWatch:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


