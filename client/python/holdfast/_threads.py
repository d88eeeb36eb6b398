"""The dispatcher: the one thread on which callbacks of the program run, in order."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any, Callable, Optional

logger = logging.getLogger("holdfast")


def call_safely(callback: Callable[..., Any], *arguments: Any) -> None:
    """What a callback of the program raises must not end the thread that tells the others."""
    try:
        callback(*arguments)
    except Exception:
        logger.exception("a callback of the program raised")


class Dispatcher:
    """After stop() what is posted runs in the thread that posts it: nobody waits in vain."""

    def __init__(self, name: str) -> None:
        self._mutex = threading.Lock()
        self._is_stopped = False
        self._queue: queue.SimpleQueue[Optional[Callable[[], Any]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, callback: Callable[[], Any]) -> None:
        with self._mutex:
            if not self._is_stopped:
                self._queue.put(callback)
                return
        call_safely(callback)

    def runs_here(self) -> bool:
        return threading.current_thread() is self._thread

    def stop(self) -> None:
        """The thread ends after what was posted before."""
        with self._mutex:
            self._is_stopped = True
            self._queue.put(None)

    def forget(self) -> None:
        """In a forked child, which does not have the thread."""
        self._mutex = threading.Lock()
        self._is_stopped = True

    def join(self, timeout_s: float) -> None:
        if not self.runs_here():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while (callback := self._queue.get()) is not None:
            call_safely(callback)
