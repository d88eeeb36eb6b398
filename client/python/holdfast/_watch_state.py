"""What a Watch and the runtime of its session share."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Callable, Deque, Optional

from .errors import ErrorCode, Failure
from .values import Event, EventKind

QUEUE_MAX = 10_000
CANCELLED = Failure(ErrorCode.CANCELLED, "The watch was ended by the program.")


class WatchState:
    """Events go to the callback, or into a queue that take() empties.

    At most 10,000 wait in the queue; beyond that they are dropped and one EVENTS_LOST stands for
    them.
    """

    def __init__(self, on_event: Optional[Callable[[Event], None]],
                 at_once: Optional[Callable[[Optional[Event]], None]] = None,
                 on_ended: Optional[Callable[[Failure], None]] = None) -> None:
        self._on_event = on_event
        self._on_ended = on_ended
        # Called on the session's thread when the event arrives, before it is told, and with None
        # when the watch has ended otherwise than by cancel(): must be short.
        self.at_once = at_once
        self._changed = threading.Condition()
        self._queue: Deque[Event] = deque()
        self._ended: Optional[Failure] = None
        self._is_cancelled = False
        self._notify: Optional[Callable[[], None]] = None
        self.active_from = 0
        self.watch_id = 0

    # ---- of the program --------------------------------------------------------------------------

    def poll(self) -> Any:
        """The next Event, the Failure that ended the watch, or None if neither is there yet."""
        with self._changed:
            return self._poll()

    def take(self, timeout_s: Optional[float]) -> Any:
        """Waits for the next Event or the Failure; None when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._poll_ready(), timeout_s)
            return self._poll()

    def set_notify(self, notify: Optional[Callable[[], None]]) -> None:
        """Called, from any thread, when poll() has something; at once if it has already."""
        with self._changed:
            self._notify = notify
            ready = self._poll_ready()
        if ready and notify is not None:
            notify()

    def cancel(self) -> bool:
        """False if it was cancelled before. No callback begins after it."""
        with self._changed:
            if self._is_cancelled:
                return False
            self._is_cancelled = True
            self._queue.clear()
        self._wake()
        return True

    # ---- on the dispatcher -----------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        if self._is_cancelled:
            return
        if self._on_event is not None:
            self._on_event(event)
            return
        with self._changed:
            if len(self._queue) >= QUEUE_MAX:  # Nobody takes them.
                self._queue.clear()
                event = Event(event.name, EventKind.EVENTS_LOST, "/")
            self._queue.append(event)
        self._wake()

    def tell_ended(self, failure: Failure) -> None:
        with self._changed:
            self._ended = failure
        self._wake()
        if self._on_ended is not None and not self._is_cancelled:
            self._on_ended(failure)

    # ---- inside ----------------------------------------------------------------------------------

    def _poll_ready(self) -> bool:
        return self._is_cancelled or bool(self._queue) or self._ended is not None

    def _poll(self) -> Any:
        if self._is_cancelled:
            return CANCELLED
        if self._queue:
            return self._queue.popleft()
        return self._ended

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
            notify = self._notify
        if notify is not None:
            notify()
