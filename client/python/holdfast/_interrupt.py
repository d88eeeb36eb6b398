"""Raises LockLost into the thread that is inside a ``with`` block."""

from __future__ import annotations

import ctypes
import threading

from .errors import LockLost


class Interrupter:
    """At most one exception is set, and none after disarm().

    The interpreter raises it at the next call or loop of the thread's Python code: a call into C (a
    read from a socket, a sleep, a wait for a lock of threading) is not interrupted, only what comes
    after it.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._thread_id = 0
        self._is_armed = False
        self._has_fired = False

    def arm(self) -> None:
        """For the calling thread."""
        with self._mutex:
            self._thread_id = threading.get_ident()
            self._is_armed = True

    def fire(self) -> None:
        """From any thread."""
        with self._mutex:
            if not self._is_armed or self._has_fired:
                return
            self._has_fired = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread_id), ctypes.py_object(LockLost))

    def disarm(self) -> bool:
        """By the armed thread: nothing is raised any more. True if it was, or was to be."""
        while True:
            try:
                with self._mutex:
                    self._is_armed = False
                    if self._has_fired:  # Takes back what the thread has not seen yet.
                        ctypes.pythonapi.PyThreadState_SetAsyncExc(
                            ctypes.c_ulong(self._thread_id), None)
                    return self._has_fired
            except LockLost:
                pass  # It came just here; there is no second.
