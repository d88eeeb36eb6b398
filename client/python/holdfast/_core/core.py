"""The core of a session (it opens one, keeps it alive and carries on with it at other replicas), or
of calls without one."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ErrorCode, Failure
from ..values import Event, EventKind, EventName, Loss, LossReason, SessionState
from . import io
from .core_locks import Locking
from .link import Expected, What
from .state import Closing, Opening
from .watch_table import WatchOptions

# A keep-alive is held back for at most this share of the lease, so that at least half of it is left
# at any moment while the cell is well.
WAIT_SHARE_OF_LEASE = 4
# The replica's answer may come a little after the wait that was asked for.
PATIENCE_MS = 250
CLOSED = "The session was closed."


class Core(Locking):
    """Every input carries the time. After each input take() the outputs and carry them out in
    order, and see to it that tick() comes no later than wake_at(). Every call is answered by
    exactly one Answered; calls are named by ascending numbers.
    """

    # ---- inputs ----

    def start(self, now: int) -> None:
        """Opens the session: Opened or OpenFailed follows. Without a session: does nothing."""
        self._now = now
        if self._options.with_session:
            self._opening = Opening.TRYING
            if self._options.open_timeout_ms is not None:
                self._open_deadline = now + self._options.open_timeout_ms
        self._end_input()

    def tick(self, now: int) -> None:
        self._begin_input(now)
        self._end_input()

    def close(self, now: int, timeout_ms: int) -> int:
        self._begin_input(now)
        call_id = self._new_call()
        if self._is_over() or self._opening is not Opening.DONE:
            self._put(io.Answered(call_id, io.Closed()))
        else:
            self._end_session(SessionState.CLOSED, Loss(LossReason.CLOSED, CLOSED),
                              Failure(ErrorCode.SESSION_EXPIRED, CLOSED))
            self._closing = Closing(call_id, self._now + timeout_ms)
            if self._link.is_ready():
                self._bind()
        self._end_input()
        return call_id

    def watch(self, now: int, options: WatchOptions) -> tuple[int, int]:
        """The call and the watch (0 if it is refused)."""
        self._begin_input(now)
        call_id, watch_id = self._new_call(), 0
        failure = self._refusal()
        if failure is not None:
            self._put(io.Answered(call_id, failure))
        else:
            watch_id = self._watches.add(options, call_id)
        self._end_input()
        return call_id, watch_id

    def unwatch(self, now: int, watch_id: int) -> None:
        self._begin_input(now)
        if self._watches.find(watch_id) is not None:
            is_at_replica = self._watches.is_made(watch_id) and self._link.is_ready()
            self._watches.erase(watch_id)
            if is_at_replica:
                self._send(self._expect(What.UNWATCH, "unwatch"),
                           io.Request("unwatch", {"watch_id": watch_id}), 0)
        self._end_input()

    def on_told(self, now: int, through: EventName) -> None:
        """The program has been told the events through there, and of the losses before them."""
        self._begin_input(now)
        self._events.on_told(through)
        self._end_input()

    # ---- keep-alives, events, watches ----

    def _send_keep_alive(self) -> None:
        is_due = (self._opening is Opening.DONE and self._link.is_ready()
                  and not self._link.expects(What.KEEP_ALIVE)
                  and self._now >= self._events.next_keep_alive_at(self._now))
        if not is_due:
            return
        wait_ms = self.facts.lease_ms // WAIT_SHARE_OF_LEASE
        patient_until = self._now + wait_ms + PATIENCE_MS
        sequence_id = self._link.expect(Expected(
            What.KEEP_ALIVE, "keep_alive", self._now, patient_until=patient_until,
            leave_at=patient_until + self._overdue_ms()))
        self._send(sequence_id, io.Request("keep_alive", {
            "acknowledged": self._events.acknowledgement(self._now), "max_wait_ms": wait_ms}), 0)

    def _on_keep_alive_answer(self, answer: io.Answer) -> None:
        if isinstance(answer.body, Failure):
            # TIMEOUT, LIMIT: another replica may do better, and the walk sees to the pauses.
            return self._leave(str(answer.body))
        self._walk.on_success()
        reply: io.KeptAlive = answer.body
        batch = self._events.take_new(
            self._now, answer.facts.zxid, answer.facts.events_through, reply.events,
            reply.delivered_through, reply.more, self.facts.lease_ms)
        if batch.events:
            self._tell(batch.events, batch.through)

    def _tell(self, events: list[Event], through: EventName) -> None:
        told = []
        for event in events:
            if event.kind == EventKind.LOCK_LOST:
                self._on_lock_lost(event)
            if event.kind == EventKind.EVENTS_LOST:
                self._doubt_everything()
            watches = self._watches.of(event)
            if watches:
                told.append((event, watches))
        self._put(io.EventsCame(told, through))

    def _send_watches(self) -> None:
        while (watch_id := self._watches.take_unmade()) is not None:
            fields = self._watches.request(watch_id, self._events.received)
            sequence_id = self._link.expect(Expected(
                What.WATCH, "watch", self._now, patient_until=self._now, watch=watch_id))
            self._send(sequence_id, io.Request("watch", fields), 0)

    def _on_watch_answer(self, expected: Expected, answer: io.Answer) -> None:
        watch = self._watches.find(expected.watch)
        if watch is None:
            return
        call, watch.call = watch.call, 0
        if isinstance(answer.body, Failure):
            failure = answer.body
            if failure.code is ErrorCode.TIMEOUT and failure.retryable:
                watch.call = call
                return self._leave(str(failure))
            self._watches.erase(expected.watch)
            if call == 0:
                return self._put(io.WatchEnded(expected.watch, failure))
            return self._put(io.Answered(call, failure))
        # Made again, it begins where it did at first.
        active_from = answer.body.active_from
        if watch.active_from == 0:
            watch.active_from = active_from
        if call != 0:
            self._put(io.Answered(call, io.WatchStarted(expected.watch, active_from)))

    def _end_watches(self, failure: Failure) -> None:
        for watch_id, watch in self._watches.all():
            if watch.call == 0:
                self._put(io.WatchEnded(watch_id, failure))
            else:
                self._put(io.Answered(watch.call, replace(failure)))
        self._watches.clear()
