"""Locks: acquired, withdrawn, released, lost, doubted."""

from __future__ import annotations

from typing import Optional

from ..errors import ErrorCode, Failure
from ..values import Event, LockGrant, Loss, LossReason, SessionState
from . import io
from .call_table import Acquiring, Call, Kind, Stage, Withdrawn
from .core_calls import Calling
from .guard_table import Guard

# The first answer of an acquire that has to wait comes at once: from then on the cell need not keep
# its result, so that a long wait does not stand in the way of other requests.
FIRST_HOLD_MS = 1
HOLD_MS = 10_000
# The leader ends a wait in time; only when it changed meanwhile, or is out of reach, do we.
WAIT_SLACK_MS = 500
ANSWER_SLACK_MS = 1_500


class Locking(Calling):
    # ---- inputs ----

    def acquire(self, now: int, ask: io.AcquireAsk) -> int:
        self._begin_input(now)
        acquiring = Acquiring(lost_at_jeopardy=ask.lost_at_jeopardy)
        call = Call(
            io.Request("acquire", {
                "path": ask.path, "mode": ask.mode,
                "wait_ms": -1 if ask.wait_ms is None else ask.wait_ms,
                "lock_delay_ms": ask.lock_delay_ms, "owner": ask.owner,
                "description": ask.description, "create": ask.create,
                "max_hold_ms": FIRST_HOLD_MS}),
            kind=Kind.ACQUIRE, is_mutating=True, acquiring=acquiring)
        if ask.wait_ms is not None and ask.wait_ms > 0:
            acquiring.wait_end = self._now + ask.wait_ms + WAIT_SLACK_MS
            call.deadline = self._now + ask.wait_ms + ANSWER_SLACK_MS
        if ask.timeout_ms is not None:
            call.deadline = self._now + ask.timeout_ms
        call_id = self._take_call(call)
        self._end_input()
        return call_id

    def withdraw(self, now: int, acquire: int) -> None:
        """Ends the wait: CANCELLED, unless the lock was just granted. Nothing if it is over."""
        self._begin_input(now)
        call = self._calls.find(acquire)
        if (call is not None and call.acquiring is not None and call.stage is not Stage.HELD
                and call.acquiring.withdrawn is Withdrawn.NO):
            self._begin_withdrawal(acquire, Withdrawn.BY_PROGRAM)
        self._end_input()

    def release(self, now: int, guard: int, timeout_ms: Optional[int]) -> int:
        """Gives the guard back, and with the last guard of its acquisition the lock."""
        self._begin_input(now)
        held = self._guards.take(guard)
        if held is None:
            call_id = self._new_call()
            self._put(io.Answered(call_id, Failure(ErrorCode.NOT_HELD, "The lock is not held.")))
        elif self._guards.of(held.path, held.owner, held.grant.acquisition):
            call_id = self._new_call()
            self._put(io.Answered(call_id, io.Released(0)))
        else:
            call = Call(io.Request("release", {"path": held.path, "owner": held.owner}),
                        kind=Kind.RELEASE, is_mutating=True)
            if timeout_ms is not None:
                call.deadline = self._now + timeout_ms
            call_id = self._add_call(call)
        self._end_input()
        return call_id

    # ---- inside ----

    def _begin_withdrawal(self, call_id: int, why: Withdrawn) -> None:
        """The acquire stays open: its own answer says whether the withdrawal came too late."""
        call = self._get(call_id)
        acquiring = call.acquiring
        assert acquiring is not None
        was_withdrawn = acquiring.withdrawn is not Withdrawn.NO
        acquiring.withdrawn = why
        if not call.was_sent:
            return self._finish(
                call_id, self._acquire_failure(call, Failure(ErrorCode.CANCELLED, "")))
        # Somebody waits for this answer: he must have it soon, also if the cell is out of reach.
        if not call.is_abandoned:
            soon = self._now + ANSWER_SLACK_MS - WAIT_SLACK_MS
            call.deadline = soon if call.deadline is None else min(call.deadline, soon)
        self._set_alarm(call_id)
        if was_withdrawn:
            return
        self._calls.on_withdrawn(call_id)
        fields = call.request.fields
        self._add_background(
            io.Request("cancel", {"path": fields["path"], "owner": fields["owner"]}))

    def _add_background(self, request: io.Request) -> None:
        self._add_call(Call(request, kind=Kind.BACKGROUND, is_mutating=True))

    def _give_back(self, path: str, owner: int, acquisition: int) -> None:
        """What nobody wants any more; unless another guard stands for the same acquisition."""
        if not self._guards.of(path, owner, acquisition):
            self._add_background(io.Request("release", {"path": path, "owner": owner}))

    def _open_acquires(self, path: str, owner: int) -> list[Acquiring]:
        return [call.acquiring for _, call in self._calls.all()
                if call.acquiring is not None and call.request.fields["path"] == path
                and call.request.fields["owner"] == owner]

    def _on_released(self, request: io.Request, zxid: int) -> None:
        """A grant that an open acquire of this owner may still be told is over."""
        for acquiring in self._open_acquires(request.fields["path"], request.fields["owner"]):
            acquiring.released = max(acquiring.released, zxid)

    def _on_acquired(self, call_id: int, facts: io.Facts, acquired: io.Acquired) -> None:
        if acquired.grant is not None:
            return self._on_granted(call_id, facts, acquired.grant)
        call = self._get(call_id)
        self._calls.unpin(call_id)
        call.request.fields["max_hold_ms"] = HOLD_MS
        call.retries = 0
        if not call.is_abandoned:
            self._put(io.Queued(call_id, acquired.waiters_ahead))
        self._calls.on_stage(call_id, Stage.UNSENT)

    def _on_granted(self, call_id: int, facts: io.Facts, grant: LockGrant) -> None:
        call = self._get(call_id)
        acquiring = call.acquiring
        assert acquiring is not None
        path, owner = call.request.fields["path"], call.request.fields["owner"]
        if call.is_abandoned:
            self._give_back(path, owner, grant.acquisition)
            return self._calls.erase(call_id)
        # The acquisition may be one that a release on its way gives back, or has given back: the
        # owner asks for one of its own when that is done.
        is_over = (self._calls.is_releasing(path, owner)
                   or grant.acquisition <= acquiring.released)
        if is_over:
            return self._ask_anew(call_id)
        guard = self._guards.add(Guard(path, owner, grant, acquiring.lost_at_jeopardy))
        acquiring.guard = guard
        self._put(io.GuardMade(guard, path, owner, grant))
        self._hold_answer(call_id, facts, io.Granted(guard))
        if acquiring.lost_acquisition == grant.acquisition and acquiring.loss is not None:
            self._lose(guard, acquiring.loss)
        elif acquiring.lost_at_jeopardy and self._lease.state is SessionState.JEOPARDY:
            self._lose_at_jeopardy()
        elif acquiring.is_doubtful:
            self._verify(guard)

    def _ask_anew(self, call_id: int) -> None:
        call = self._get(call_id)
        acquiring = call.acquiring
        assert acquiring is not None
        if acquiring.withdrawn is not Withdrawn.NO:
            return self._finish(
                call_id, self._acquire_failure(call, Failure(ErrorCode.CANCELLED, "")))
        acquiring.released = 0
        call.request.fields["max_hold_ms"] = FIRST_HOLD_MS
        self._calls.renew(call_id)
        self._set_alarm(call_id)

    def _acquire_failure(self, call: Call, failure: Failure) -> Failure:
        """What the program is told of an acquire that came to nothing."""
        acquiring = call.acquiring
        assert acquiring is not None
        path = call.request.fields["path"]
        # A copy that comes after the end of the wait is not told who ended it, only that it is
        # over.
        is_ended = failure.code in (ErrorCode.CANCELLED, ErrorCode.TIMEOUT)
        if is_ended and acquiring.withdrawn is Withdrawn.BY_PROGRAM:
            return Failure(ErrorCode.CANCELLED,
                           f"The wait for the lock {path} was ended by the program.", path=path)
        if failure.code is ErrorCode.CANCELLED and acquiring.withdrawn is not Withdrawn.NO:
            return Failure(ErrorCode.TIMEOUT,
                           f"The lock {path} was not had within the time to wait.", path=path)
        return failure

    def _lose(self, guard: int, loss: Loss) -> None:
        if self._guards.take(guard) is not None:
            self._put(io.GuardLost(guard, loss))

    def _lose_at_jeopardy(self) -> None:
        """The cell does not know that they gave up: it is told as soon as it can be heard again."""
        for guard_id in self._guards.lost_at_jeopardy():
            guard = self._guards.find(guard_id)
            assert guard is not None
            self._lose(guard_id, Loss(
                LossReason.JEOPARDY,
                "The lease was not confirmed in time, and the lock was to be given up."))
            self._give_back(guard.path, guard.owner, guard.grant.acquisition)

    def _on_lock_lost(self, event: Event) -> None:
        if event.session_id != self.facts.session_id:
            return
        loss = Loss(LossReason.TAKEN, event.reason or "The cell says that the lock was lost.")
        for guard in self._guards.lost_by(event):
            self._lose(guard, loss)
        for acquiring in self._open_acquires(event.path, event.owner or 0):
            acquiring.lost_acquisition = event.acquisition or 0
            acquiring.loss = loss

    def _doubt_everything(self) -> None:
        """Events are gone, and among them may have been the loss of any lock."""
        for guard in self._guards.ids():
            self._verify(guard)
        for _, call in self._calls.all():
            if call.acquiring is not None:
                call.acquiring.is_doubtful = True

    def _removed(self, request: io.Request) -> list[int]:
        """The guards whose locks go if the request is carried out: with their nodes."""
        removals = [request.fields] if request.method == "remove" else [
            fields for kind, fields in request.fields.get("ops", ()) if kind == "remove"]
        return [guard for fields in removals
                for guard in self._guards.of_hold(fields.get("path", ""), fields.get("owner", 0))]

    def _doubt_removed(self, request: io.Request) -> None:
        """From when the request may be carried out until its outcome is known."""
        for guard in self._removed(request):
            self._doubt(guard)

    def _verify_removed(self, request: io.Request) -> None:
        for guard in self._removed(request):
            self._verify(guard)

    def _doubt(self, guard_id: int) -> None:
        guard = self._guards.find(guard_id)
        assert guard is not None
        if not guard.is_doubtful:
            guard.is_doubtful = True
            self._put(io.GuardDoubtful(guard_id))

    def _verify(self, guard_id: int) -> None:
        guard = self._guards.find(guard_id)
        assert guard is not None
        self._doubt(guard_id)
        self._add_call(Call(
            io.Request("get_sequencer", {"path": guard.path, "owner": guard.owner}),
            kind=Kind.VERIFY, guard=guard_id))

    def _on_verified(self, call: Call, answer: io.Answer) -> None:
        guard = self._guards.find(call.guard)
        if guard is None:
            return
        if isinstance(answer.body, Failure):
            if answer.body.code not in (ErrorCode.NOT_HELD, ErrorCode.NO_NODE):
                self._leave(str(answer.body))
                return self._verify(call.guard)
            return self._lose(call.guard, Loss(
                LossReason.TAKEN, "The cell says that the lock is not held any more."))
        if answer.body.acquisition != guard.grant.acquisition:
            return self._lose(call.guard, Loss(
                LossReason.TAKEN, "The cell says that the lock was lost and taken again."))
        # One that is on its way may yet remove it; its answer is followed by another question.
        if not any(call.guard in self._removed(other.request) for _, other in self._calls.all()):
            guard.is_doubtful = False
            self._put(io.GuardCertain(call.guard))
