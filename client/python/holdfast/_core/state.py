"""What the parts of the core share, and the way of an input through them."""

from __future__ import annotations

import enum
import random
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import ErrorCode, Failure
from ..values import Loss, LossReason, SessionState
from . import io
from .call_table import Kind, CallTable
from .endpoint_walk import EndpointWalk
from .event_stream import EventStream
from .guard_table import GuardTable
from .lease_clock import Change, Extension, LeaseClock
from .link import SILENCE_MAX_MS, Link, Phase, What
from .watch_table import WatchTable

NO_CONTACT = "The cell was not heard of within the grace period."


class Opening(enum.Enum):
    NO = "no"
    TRYING = "trying"
    DONE = "done"
    FAILED = "failed"


class Closing(NamedTuple):
    call: int
    deadline: int


class CoreState:
    """The state of the core. core.Core puts the parts together."""

    def __init__(self, options: io.CoreOptions) -> None:
        self._options = options
        self._walk = EndpointWalk(options.endpoints, random.Random(options.seed))
        self._now = 0
        self._link = Link()
        self._newest_connection = 0
        self._last_failure = ""  # Of the connection, for people.
        self._opening = Opening.NO
        self._open_deadline: Optional[int] = None
        self.facts = io.SessionFacts()
        self._last_seen = 0
        self._lease = LeaseClock(options.grace_ms)
        self._closing: Optional[Closing] = None
        self._calls = CallTable()
        self._newest_call = 0
        self._events = EventStream()
        self._guards = GuardTable()
        self._watches = WatchTable()
        self._outputs: list[io.Output] = []

    if TYPE_CHECKING:
        # What other parts do.
        def _see_to_link(self) -> None: ...
        def _wants_link(self) -> bool: ...
        def _send_watches(self) -> None: ...
        def _send_keep_alive(self) -> None: ...
        def _send_calls(self) -> None: ...
        def _leave(self, why: str) -> None: ...
        def _on_alarm(self, call_id: int) -> None: ...
        def _finish(self, call_id: int, outcome: object) -> None: ...
        def _lose(self, guard: int, loss: Loss) -> None: ...
        def _lose_at_jeopardy(self) -> None: ...
        def _end_watches(self, failure: Failure) -> None: ...

    # ---- questions ----

    @property
    def state(self) -> SessionState:
        return self._lease.state

    def open_calls(self) -> int:
        return len(self._calls)

    def take(self) -> list[io.Output]:
        """The outputs since the last time, to be carried out in order."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def wake_at(self) -> Optional[int]:
        """When tick() is wanted at the latest; None if it is not."""
        wakes = [self._link.wake_at(), self._calls.alarms.first()]
        if self._link.phase is Phase.IDLE and self._wants_link():
            wakes.append(self._walk.wake_at)
        if self._opening is Opening.TRYING:
            wakes.append(self._open_deadline)
        if self._opening is Opening.DONE:
            wakes.append(self._lease.wake_at())
        if self._closing is not None:
            wakes.append(self._closing.deadline)
        asks = self._link.is_ready() and self._opening is Opening.DONE and not self._is_over()
        if asks and not self._link.expects(What.KEEP_ALIVE):
            wakes.append(self._events.next_keep_alive_at(self._now))
        return min((wake for wake in wakes if wake is not None), default=None)

    # ---- the way of an input ----

    def _is_over(self) -> bool:
        return self._opening is Opening.FAILED or self._lease.state in (
            SessionState.EXPIRED, SessionState.CLOSED)

    def _put(self, output: io.Output) -> None:
        self._outputs.append(output)

    def _begin_input(self, now: int) -> None:
        """Time comes first in every input: what it ends must not be saved by a message that came
        too late."""
        wake = self._link.wake_at()
        # This process itself was stopped or starved: what the replica said may lie unread.
        if wake is not None and now > wake + SILENCE_MAX_MS // 2:
            self._link.on_pause(now)
        self._now = max(self._now, now)
        if (self._opening is Opening.TRYING and self._open_deadline is not None
                and self._now >= self._open_deadline):
            said = f"; the last said: {self._last_failure}" if self._last_failure else "."
            self._fail_open(Failure(
                ErrorCode.NO_QUORUM, "No replica opened the session in time" + said,
                retryable=True))
        if self._opening is Opening.DONE:
            while (change := self._lease.advance(self._now)) is not None:
                self._on_change(change)
        if self._closing is not None and self._now >= self._closing.deadline:
            call, self._closing = self._closing.call, None
            self._put(io.Answered(call, Failure(
                ErrorCode.TIMEOUT, "The cell was not heard to close the session.",
                outcome_pending=True)))
        while (due := self._calls.alarms.take(self._now)) is not None:
            self._on_alarm(due)

    def _end_input(self) -> None:
        self._pass_ready()
        self._see_to_link()
        if self._link.is_ready() and not self._is_over():
            self._send_watches()
            self._send_keep_alive()
            self._send_calls()

    def _on_change(self, change: Change) -> None:
        if change is Change.JEOPARDY:
            self._put(io.StateChanged(SessionState.JEOPARDY))
            self._lose_at_jeopardy()
        elif change is Change.SAFE:
            self._put(io.StateChanged(SessionState.SAFE))
        else:
            self._end_session(SessionState.EXPIRED, Loss(LossReason.EXPIRED, NO_CONTACT),
                              Failure(ErrorCode.SESSION_EXPIRED, NO_CONTACT))

    def _pass_ready(self) -> None:
        """Answers and extensions of the lease whose events have been got. What one of them ends (a
        grant that nobody wants) may hold nothing further, so one round is enough."""
        for item in self._events.take_ready():
            if isinstance(item, Extension):
                before = self._lease.deadline
                change = self._lease.extend(self._now, item)
                if self._lease.deadline != before:
                    self._put(io.LeaseMoved(self._lease.deadline))
                if change is not None:
                    self._on_change(change)
            elif self._calls.find(item.call) is not None:
                self._finish(item.call, item.outcome)

    def _end_session(self, state: SessionState, loss: Loss, failure: Failure) -> None:
        if state is SessionState.EXPIRED:
            self._lease.expire()
        else:
            self._lease.close()
        self._put(io.StateChanged(state))
        for guard in self._guards.ids():
            self._lose(guard, loss)
        self._events.clear()
        for call_id, call in self._calls.all():
            is_told = call.kind in (Kind.VERIFY, Kind.BACKGROUND) or call.is_abandoned
            if not is_told:
                self._put(io.Answered(call_id, Failure(
                    failure.code, failure.message,
                    outcome_pending=call.is_mutating and call.was_sent)))
        self._calls.clear()
        self._end_watches(failure)

    def _fail_open(self, failure: Failure) -> None:
        self._opening = Opening.FAILED
        self._put(io.OpenFailed(failure))

    def _new_call(self) -> int:
        self._newest_call += 1
        return self._newest_call

    def _refusal(self) -> Optional[Failure]:
        """Why a new call is not taken."""
        if self._is_over():
            closed = self._lease.state is SessionState.CLOSED
            return Failure(ErrorCode.SESSION_EXPIRED,
                           "The session was closed." if closed else "The session has expired.")
        count = len(self._calls)
        if count >= self._options.open_calls_max:
            return Failure(
                ErrorCode.LIMIT,
                f"There are {count} calls open; the limit open_calls_max is "
                f"{self._options.open_calls_max}.",
                retryable=True, limit_name="open_calls_max", limit=self._options.open_calls_max,
                actual=count + 1)
        return None
