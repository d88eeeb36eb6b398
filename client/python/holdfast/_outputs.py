"""What the core says to the program: locks, states, events, answers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from ._clock import now_ms
from ._core import io
from ._core.core import Core
from ._guard_state import GuardState
from ._threads import Dispatcher, call_safely
from ._watch_state import WatchState
from .errors import Failure
from .values import Event, EventName, SessionState

Done = Callable[[Any], None]
Input = Callable[[], None]


class Pending(NamedTuple):
    """Who waits for a call. `done` is called on the dispatcher (`here`: on the session's thread)
    with the outcome: of an acquire a GuardState, of the others as io.Answered has it; or a Failure.
    """

    done: Done
    here: bool = False
    on_waiting: Optional[Callable[[int], None]] = None
    watch: int = 0


class Outputs:
    """On the session's thread; the program is told on the dispatcher, in the order of things."""

    def __init__(self, options: io.CoreOptions) -> None:
        self._core = Core(options)
        # Read by any thread.
        self.lease_deadline = 0
        self.state = SessionState.LIVE
        self.facts = io.SessionFacts()
        self.jeopardies = 0  # How often it was in jeopardy.
        self._dispatcher = Dispatcher("holdfast-callbacks")
        self._listeners: list[Callable[[SessionState], None]] = []
        self._on_opened: Optional[Done] = None
        self._pending: dict[int, Pending] = {}
        self._guards: dict[int, GuardState] = {}
        self._granting: dict[int, GuardState] = {}
        self._watches: dict[int, WatchState] = {}

    if TYPE_CHECKING:
        # What the runtime does.
        def post_input(self, run: Input, refuse: Optional[Done] = None) -> None: ...
        def release(self, guard: int, timeout_ms: Optional[int], done: Done) -> None: ...

    def post_callback(self, callback: Callable[[], Any]) -> None:
        self._dispatcher.post(callback)

    @staticmethod
    def call_safely(callback: Callable[..., Any], *arguments: Any) -> None:
        call_safely(callback, *arguments)

    # ---- one for each kind of output -------------------------------------------------------------

    def _opened(self, output: io.Opened) -> None:
        self.facts = output.facts
        self._tell_listeners(SessionState.LIVE)
        self._answer_opened(output.facts)

    def _open_failed(self, output: io.OpenFailed) -> None:
        self._answer_opened(output.failure)

    def _answer_opened(self, outcome: Any) -> None:
        done, self._on_opened = self._on_opened, None
        if done is not None:
            self.post_callback(functools.partial(done, outcome))

    def _lease_moved(self, output: io.LeaseMoved) -> None:
        self.lease_deadline = output.deadline

    def _state_changed(self, output: io.StateChanged) -> None:
        state = output.state
        self.jeopardies += state is SessionState.JEOPARDY
        self.state = SessionState.LIVE if state is SessionState.SAFE else state
        if state in (SessionState.EXPIRED, SessionState.CLOSED):
            self.lease_deadline = 0
            self._granting.clear()
        self._tell_listeners(state)
        for guard in self._guards.values():
            if state is SessionState.JEOPARDY:
                self.post_callback(guard.tell_jeopardy)
            elif state is SessionState.SAFE:
                self.post_callback(guard.tell_safe)

    def _tell_listeners(self, state: SessionState) -> None:
        for listener in self._listeners:
            self.post_callback(functools.partial(listener, state))

    def _guard_made(self, output: io.GuardMade) -> None:
        guard = GuardState(self, output)
        self._guards[output.guard] = guard
        self._granting[output.guard] = guard

    def _guard_doubtful(self, output: io.GuardDoubtful) -> None:
        guard = self._guards.get(output.guard)
        if guard is not None:
            guard.on_doubtful()
            if self.state is SessionState.LIVE:  # In jeopardy it was told so already.
                self.post_callback(guard.tell_jeopardy)

    def _guard_certain(self, output: io.GuardCertain) -> None:
        guard = self._guards.get(output.guard)
        if guard is not None:
            guard.on_certain()
            if self.state is SessionState.LIVE:
                self.post_callback(guard.tell_safe)

    def _guard_lost(self, output: io.GuardLost) -> None:
        guard = self._guards.pop(output.guard, None)
        if guard is not None and guard.on_lost(output.loss):
            self.post_callback(guard.tell_lost)

    def _guard_unwanted(self, output: io.GuardUnwanted) -> None:
        self._guards.pop(output.guard, None)
        self._granting.pop(output.guard, None)

    def _queued(self, output: io.Queued) -> None:
        pending = self._pending.get(output.call)
        if pending is not None and pending.on_waiting is not None:
            on_waiting = pending.on_waiting
            self.post_callback(lambda: on_waiting(output.waiters_ahead))

    def _events_came(self, output: io.EventsCame) -> None:
        for event, watches in output.events:
            for watch_id in watches:
                watch = self._watches.get(watch_id)
                if watch is not None:
                    self._tell_watch(watch, event)
        # Behind all of them, and behind the losses that they announced.
        self.post_callback(lambda: self.post_input(lambda: self._told(output.through)))

    def _tell_watch(self, watch: WatchState, event: Event) -> None:
        if watch.at_once is not None:
            watch.at_once(event)
        self.post_callback(lambda: watch.tell(event))

    def _told(self, through: EventName) -> None:
        self._core.on_told(now_ms(), through)

    def _watch_ended(self, output: io.WatchEnded) -> None:
        watch = self._watches.pop(output.watch, None)
        if watch is not None:
            if watch.at_once is not None:
                watch.at_once(None)
            self.post_callback(functools.partial(watch.tell_ended, output.failure))

    def _answered(self, output: io.Answered) -> None:
        pending = self._pending.pop(output.call)
        outcome = output.outcome
        if pending.watch and isinstance(outcome, Failure):
            self._watches.pop(pending.watch, None)
        if isinstance(outcome, io.Granted):
            outcome = self._granting.pop(outcome.guard)
        if pending.here:
            pending.done(outcome)
        else:
            self.post_callback(lambda: pending.done(outcome))
