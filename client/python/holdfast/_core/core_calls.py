"""Calls on their way: sent, repeated, answered, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..errors import ErrorCode, Failure
from . import io
from .call_table import Acquiring, Call, Kind, Stage, Withdrawn
from .event_stream import HeldAnswer
from .link import Expected, What
from .core_link import Linking

PAUSE_MIN_MS = 50
PAUSE_MAX_MS = 1_000
# What the replica would only keep in a queue for us may as well wait here.
OPEN_MAX = 1_024
CHANGING = frozenset({
    "create", "set_contents", "remove", "multi", "break_lock", "kill_session"})


def is_repeatable(request: io.Request) -> bool:
    """Without a session a request that was carried out cannot be told from one that was lost."""
    return request.method != "break_lock" or request.fields.get("acquisition", 0) != 0


class Calling(Linking):
    if TYPE_CHECKING:
        # What other parts do.
        def _begin_withdrawal(self, call_id: int, why: Withdrawn) -> None: ...
        def _on_acquired(self, call_id: int, facts: io.Facts, acquired: io.Acquired) -> None: ...
        def _on_released(self, request: io.Request, zxid: int) -> None: ...
        def _on_verified(self, call: Call, answer: io.Answer) -> None: ...
        def _acquire_failure(self, call: Call, failure: Failure) -> Failure: ...
        def _give_back(self, path: str, owner: int, acquisition: int) -> None: ...
        def _doubt_removed(self, request: io.Request) -> None: ...
        def _verify_removed(self, request: io.Request) -> None: ...

    def call(self, now: int, request: io.Request, timeout_ms: Optional[int]) -> int:
        self._begin_input(now)
        call = Call(request,
                    is_mutating=self._options.with_session and request.method in CHANGING)
        if timeout_ms is not None:
            call.deadline = self._now + timeout_ms
        call_id = self._take_call(call)
        if self._calls.find(call_id) is not None:
            self._doubt_removed(request)
        self._end_input()
        return call_id

    # ---- inside ----

    def _take_call(self, call: Call) -> int:
        """Of a call of the program, which is refused where there can be none."""
        failure = self._refusal()
        if failure is None:
            return self._add_call(call)
        call_id = self._new_call()
        self._put(io.Answered(call_id, failure))
        return call_id

    def _add_call(self, call: Call) -> int:
        call_id = self._new_call()
        self._calls.add(call_id, call)
        self._set_alarm(call_id)
        return call_id

    def _send_calls(self) -> None:
        while self._link.is_ready() and self._link.open_requests() < OPEN_MAX:
            call_id = self._calls.next_to_send()
            if call_id is None:
                return
            self._calls.on_sent(call_id)
            call = self._get(call_id)
            sequence_id = self._link.expect(Expected(
                What.CALL, call.request.method, self._now, patient_until=self._now, call=call_id))
            self._send(sequence_id, call.request, call.number)

    def _get(self, call_id: int) -> Call:
        call = self._calls.find(call_id)
        assert call is not None
        return call

    def _on_call_answer(self, expected: Expected, answer: io.Answer) -> None:
        call_id = expected.call
        call = self._calls.find(call_id)
        if call is None:  # A read whose time is over.
            return
        self._walk.on_success()
        if call.kind is Kind.VERIFY:
            self._calls.erase(call_id)
            return self._on_verified(call, answer)
        if isinstance(answer.body, Failure):
            return self._on_call_failure(call_id, answer.facts, answer.body)
        if call.request.method == "release":
            self._on_released(call.request, answer.facts.zxid)
        if isinstance(answer.body, io.Acquired):
            return self._on_acquired(call_id, answer.facts, answer.body)
        if call.kind is Kind.BACKGROUND or call.is_abandoned:
            return self._drop(call_id)
        is_release = call.request.method == "release"
        self._hold_answer(call_id, answer.facts,
                          io.Released(answer.facts.zxid) if is_release else answer.body)

    def _on_call_failure(self, call_id: int, facts: io.Facts, failure: Failure) -> None:
        call = self._get(call_id)
        # The replica's patience is over, not ours: ask again, with the same number.
        if failure.code is ErrorCode.TIMEOUT and (failure.retryable or failure.outcome_pending):
            call.has_copies = call.has_copies or failure.outcome_pending
            return self._pause(call_id)
        # A replica has turned away this copy (NO_SPACE, LIMIT); an earlier one may have been
        # carried out, or may be yet. Only the history's answer is the answer.
        if call.is_mutating and call.has_copies and failure.retryable:
            return self._pause(call_id)
        if call.kind is Kind.BACKGROUND or call.is_abandoned:
            return self._drop(call_id)
        told = failure if call.acquiring is None else self._acquire_failure(call, failure)
        self._hold_answer(call_id, facts, told)

    def _drop(self, call_id: int) -> None:
        """Nobody is to hear of it any more."""
        request = self._get(call_id).request
        self._calls.erase(call_id)
        self._verify_removed(request)

    def _hold_answer(self, call_id: int, facts: io.Facts, outcome: Any) -> None:
        self._verify_removed(self._get(call_id).request)
        self._calls.unpin(call_id)
        self._calls.on_stage(call_id, Stage.HELD)
        if not self._options.with_session:
            return self._finish(call_id, outcome)
        self._events.hold(facts.events_through, facts.zxid, HeldAnswer(call_id, outcome))

    def _finish(self, call_id: int, outcome: object) -> None:
        self._calls.erase(call_id)
        self._put(io.Answered(call_id, outcome))

    def _pause(self, call_id: int) -> None:
        call = self._get(call_id)
        pause_ms = min(PAUSE_MIN_MS << min(call.retries, 5), PAUSE_MAX_MS)
        call.retries += 1
        self._calls.on_stage(call_id, Stage.PAUSING)
        call.retry_at = self._now + pause_ms
        self._set_alarm(call_id)

    def _open_wait(self, call: Call) -> Optional[Acquiring]:
        """Of an acquire whose wait has an end that has not come yet."""
        acquiring = call.acquiring
        if acquiring is None or acquiring.wait_end is None or call.stage is Stage.HELD:
            return None
        return acquiring if acquiring.withdrawn is Withdrawn.NO else None

    def _set_alarm(self, call_id: int) -> None:
        call = self._get(call_id)
        alarms = [None if call.is_abandoned else call.deadline]
        if call.stage is Stage.PAUSING:
            alarms.append(call.retry_at)
        waiting = self._open_wait(call)
        if waiting is not None:
            alarms.append(waiting.wait_end)
        self._calls.alarms.set(
            call_id, min((alarm for alarm in alarms if alarm is not None), default=None))

    def _on_alarm(self, call_id: int) -> None:
        call = self._get(call_id)
        if call.deadline is not None and self._now >= call.deadline and not call.is_abandoned:
            return self._time_out(call_id)
        if call.stage is Stage.PAUSING and self._now >= call.retry_at:
            self._calls.on_stage(call_id, Stage.UNSENT)
        waiting = self._open_wait(call)
        if waiting is not None and waiting.wait_end is not None and self._now >= waiting.wait_end:
            return self._begin_withdrawal(call_id, Withdrawn.WAIT_IS_OVER)
        self._set_alarm(call_id)

    def _timeout_failure(self, call: Call) -> Failure:
        code, message = ErrorCode.TIMEOUT, "The time given to the call is over."
        if not call.was_sent and not self._link.is_ready():
            code = ErrorCode.NO_QUORUM
            said = f"; the last said: {self._last_failure}" if self._last_failure else "."
            message = "No replica could be asked in the time given to the call" + said
        if call.acquiring is not None and call.acquiring.withdrawn is Withdrawn.BY_PROGRAM:
            code = ErrorCode.CANCELLED
            message = "The wait was ended by the program; the cell has not confirmed it yet."
        return Failure(code, message, retryable=True,
                       outcome_pending=call.was_sent and call.is_mutating,
                       path=call.request.fields.get("path", ""))

    def _time_out(self, call_id: int) -> None:
        call = self._get(call_id)
        failure = self._timeout_failure(call)
        self._put(io.Answered(call_id, failure))
        if call.acquiring is not None and call.stage is Stage.HELD and call.acquiring.guard:
            guard = self._guards.take(call.acquiring.guard)
            if guard is not None:
                self._put(io.GuardUnwanted(call.acquiring.guard))
                self._give_back(guard.path, guard.owner, guard.grant.acquisition)
            return self._calls.erase(call_id)
        if not failure.outcome_pending or call.stage is Stage.HELD:
            return self._drop(call_id)
        # The outcome is learnt all the same: until then the number stays open, and an acquire must
        # not leave a lock behind that nobody knows of.
        call.is_abandoned = True
        if call.acquiring is not None:
            return self._begin_withdrawal(call_id, Withdrawn.ABANDONED)
        self._set_alarm(call_id)

    def _fail_unrepeatable(self) -> None:
        """After the connection was lost: what may have been carried out and must not be twice."""
        if self._options.with_session:
            return
        for call_id, call in self._calls.all():
            if call.was_sent and not is_repeatable(call.request):
                self._finish(call_id, Failure(
                    ErrorCode.TIMEOUT,
                    "The connection was lost before the answer came; the request may have been "
                    "carried out.", outcome_pending=True))
