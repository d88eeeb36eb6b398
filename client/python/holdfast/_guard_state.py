"""What a Lock and the runtime of its session share about one acquisition."""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING, Any, Callable, Optional

from ._clock import now_ms
from ._core import io
from .errors import ErrorCode, Failure
from .values import Loss

if TYPE_CHECKING:
    from ._outputs import Outputs


class Phase(enum.Enum):
    HELD = "held"
    DOUBTFUL = "doubtful"
    LOST = "lost"
    RELEASED = "released"


class GuardState:
    """Asked by any thread; told by the runtime, in the order of things."""

    def __init__(self, runtime: Outputs, made: io.GuardMade) -> None:
        self.made = made
        self._runtime = runtime
        self._phase = Phase.HELD
        self._mutex = threading.Lock()  # Never held while a callback runs.
        self._on_lost: list[Callable[[Loss], None]] = []
        self._is_loss_told = False
        self.loss: Optional[Loss] = None
        # Called at once, on the session's thread, when it is lost: must be short.
        self.interrupt: Optional[Callable[[], None]] = None
        # Called on the dispatcher, each time. Set before anybody is told.
        self.on_jeopardy: Optional[Callable[[], None]] = None
        self.on_safe: Optional[Callable[[], None]] = None

    @property
    def phase(self) -> Phase:
        return self._phase

    def remaining_ms(self) -> int:
        if self._phase is not Phase.HELD:
            return 0
        return max(0, self._runtime.lease_deadline - now_ms())

    def add_on_lost(self, callback: Callable[[Loss], None]) -> None:
        """Called once on the dispatcher; at once if it is lost already."""
        with self._mutex:
            told = self._is_loss_told
            if not told:
                self._on_lost.append(callback)
        if told and self.loss is not None:
            loss = self.loss
            self._runtime.post_callback(lambda: callback(loss))

    def release(self, timeout_ms: Optional[int], done: Callable[[Any], None]) -> None:
        """`done` gets Released or a Failure; not held any more from the call on."""
        if not self.to_released():
            message = f"The lock {self.made.path} was not held any more when it was released."
            self._runtime.post_callback(lambda: done(
                Failure(ErrorCode.NOT_HELD, message, path=self.made.path)))
            return
        self._runtime.release(self.made.guard, timeout_ms, done)

    def to_released(self) -> bool:
        with self._mutex:
            if self._phase not in (Phase.HELD, Phase.DOUBTFUL):
                return False
            self._phase = Phase.RELEASED
            return True

    # ---- from the runtime; they change what is said at once --------------------------------------

    def on_lost(self, loss: Loss) -> bool:
        """False if it was released before."""
        with self._mutex:
            if self._phase not in (Phase.HELD, Phase.DOUBTFUL):
                return False
            self.loss = loss
            self._phase = Phase.LOST
        if self.interrupt is not None:
            self.interrupt()
        return True

    def on_doubtful(self) -> None:
        with self._mutex:
            if self._phase is Phase.HELD:
                self._phase = Phase.DOUBTFUL

    def on_certain(self) -> None:
        with self._mutex:
            if self._phase is Phase.DOUBTFUL:
                self._phase = Phase.HELD

    # ---- from the runtime, on the dispatcher -----------------------------------------------------

    def tell_jeopardy(self) -> None:
        if self.on_jeopardy is not None:
            self.on_jeopardy()

    def tell_safe(self) -> None:
        if self.on_safe is not None:
            self.on_safe()

    def tell_lost(self) -> None:
        with self._mutex:
            self._is_loss_told = True
            callbacks, self._on_lost = self._on_lost, []
        assert self.loss is not None
        for callback in callbacks:
            self._runtime.call_safely(callback, self.loss)
