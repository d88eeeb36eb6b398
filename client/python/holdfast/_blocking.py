"""The blocking form of every call, on the one that calls back."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, Optional

from ._core import io
from ._guard_state import GuardState
from ._runtime import Runtime
from .errors import Failure, bad_argument, error_of


def wait_for(runtime: Runtime, start: Callable[[Callable[[Any], None]], None]) -> Any:
    """The outcome of what `start` starts; an error is raised."""
    refuse_on_dispatcher(runtime)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start(answers.put)
    return value_of(answers.get())


def refuse_on_dispatcher(runtime: Runtime) -> None:
    if runtime.runs_here():
        raise bad_argument("A blocking call in a callback of the library would wait for itself.")


def value_of(outcome: Any) -> Any:
    if isinstance(outcome, Failure):
        raise error_of(outcome)
    return outcome


class PendingAcquire:
    """An acquire on its way, which can be given up at any moment without leaving a lock behind.

    `done` is called on the dispatcher with a GuardState or a Failure; not after abandon().
    """

    def __init__(self, done: Callable[[Any], None]) -> None:
        self._mutex = threading.Lock()
        self._is_abandoned = False
        self._outcome: Any = None
        self._done = done
        # Ends the wait, if it has begun and is not over.
        self.withdraw: Callable[[], None] = lambda: None

    def start(self, runtime: Runtime, ask: io.AcquireAsk,
              on_waiting: Optional[Callable[[int], None]]) -> None:
        self.withdraw = runtime.acquire(ask, on_waiting, self._answer)

    def abandon(self) -> None:
        """Nobody waits any more: what was granted, or will be, is given back."""
        with self._mutex:
            self._is_abandoned = True
            outcome = self._outcome
        if outcome is None:
            self.withdraw()
        else:
            self._give_back(outcome)

    def _answer(self, outcome: Any) -> None:
        with self._mutex:
            self._outcome = outcome
            abandoned = self._is_abandoned
        if abandoned:
            self._give_back(outcome)
        else:
            self._done(outcome)

    @staticmethod
    def _give_back(outcome: Any) -> None:
        if isinstance(outcome, GuardState):
            outcome.release(None, lambda _: None)
