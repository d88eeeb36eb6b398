"""The connection: made, bound to the session, watched for silence, left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..errors import ErrorCode, Failure
from ..values import Loss, LossReason, SessionState
from . import io
from .lease_clock import Extension
from .link import Due, Expected, Link, Phase, What
from .state import CoreState, Opening

OVERDUE_LEAST_MS = 1_000
OVERDUE_MOST_MS = 3_500


class Linking(CoreState):
    if TYPE_CHECKING:
        # What other parts do.
        def _fail_unrepeatable(self) -> None: ...
        def _on_call_answer(self, expected: Expected, answer: io.Answer) -> None: ...
        def _on_keep_alive_answer(self, answer: io.Answer) -> None: ...
        def _on_watch_answer(self, expected: Expected, answer: io.Answer) -> None: ...

    # ---- inputs ----

    def on_connected(self, now: int, connection: int) -> None:
        """A connection that was asked for by Connect and not given up since stands."""
        self._begin_input(now)
        if connection == self._link.connection and self._link.phase is Phase.CONNECTING:
            self._link.on_connected(self._now)
            self._bind()
        self._end_input()

    def on_closed(self, now: int, connection: int, why: str) -> None:
        """It is closed, or could not be made; `why` is for people."""
        self._begin_input(now)
        is_ours = (connection == self._link.connection
                   and self._link.phase not in (Phase.IDLE, Phase.PLANNED))
        if is_ours:
            self._leave(why)
        self._end_input()

    def on_answer(self, now: int, connection: int, sequence_id: int, answer: io.Answer) -> None:
        self._begin_input(now)
        if connection == self._link.connection and self._link.is_open():
            self._link.on_heard(self._now)
            expected = self._link.take(sequence_id)
            if expected is None or expected.method != answer.method:
                self._leave("a reply to a request that was not made")
            else:
                self._dispatch(expected, answer)
        self._end_input()

    def on_resolved(self, now: int, endpoint: str, found: io.Found) -> None:
        """The answer to a Resolve."""
        self._begin_input(now)
        if isinstance(found, str):
            self._last_failure = f"{endpoint}: {found}"
        self._walk.on_found(endpoint, found)
        self._end_input()

    # ---- inside ----

    def _wants_link(self) -> bool:
        if self._closing is not None:
            return True
        if not self._options.with_session:
            return len(self._calls) > 0
        return self._opening is Opening.TRYING or (
            self._opening is Opening.DONE and not self._is_over())

    def _see_to_link(self) -> None:
        if not self._wants_link():
            is_needless = self._options.with_session or self._link.phase is Phase.PLANNED
            if is_needless and self._link.phase is not Phase.IDLE:
                if self._link.phase is not Phase.PLANNED:
                    self._put(io.Disconnect(self._link.connection))
                self._link = Link()
            return
        if self._link.phase is Phase.IDLE:
            attempt = self._walk.next(self._now)
            for endpoint in self._walk.take_questions():
                self._put(io.Resolve(endpoint))
            if attempt is None:
                return
            self._link.plan(*attempt)
        due = self._link.due(self._now)
        if due is Due.CONNECT:
            self._newest_connection += 1
            self._link.begin_connect(self._now, self._newest_connection)
            self._put(io.Connect(self._newest_connection, self._link.address))
        elif due is Due.PING:
            self._link.on_pinged(self._now)
            self._send(self._expect(What.PING, "cell_status"), io.Request("cell_status"), 0)
        elif due is Due.LEAVE:
            connecting = self._link.phase is Phase.CONNECTING
            self._leave("no connection within a second" if connecting else "no answer in time")
            self._see_to_link()

    def _bind(self) -> None:
        """The first request on a connection, which makes it one of the session."""
        if not self._options.with_session:
            return self._link.on_bound()
        if self._opening is Opening.TRYING:
            options = self._options
            return self._send(
                self._expect(What.BIND, "open_session"),
                io.Request("open_session", {
                    "lease_ms": options.lease_ms, "client_name": options.client_name,
                    "host": options.host, "secret": options.secret,
                    "instance_name": options.instance_name or None,
                    "previous": options.previous}), 0)
        if self._closing is not None and self._link.is_ready():
            return self._send(self._expect(What.CLOSE, "close_session"),
                              io.Request("close_session"), 0)
        self._send(self._expect(What.BIND, "resume_session"),
                   io.Request("resume_session", {"secret": self._options.secret}), 0)

    def _leave(self, why: str) -> None:
        self._last_failure = f"{self._link.address}: {why}"
        self._put(io.Disconnect(self._link.connection))
        self._link = Link()
        self._calls.on_connection_lost()
        self._watches.on_connection_lost()
        self._fail_unrepeatable()

    def _expect(self, what: What, method: str) -> int:
        leave_at = self._now + self._overdue_ms() if what is What.BIND else None
        return self._link.expect(
            Expected(what, method, self._now, patient_until=self._now, leave_at=leave_at))

    def _overdue_ms(self) -> int:
        """How late the answers may be on which the lease depends. A replica holds a request for 3 s
        while there is no leader; with a short lease that is too long to stay."""
        lease_ms = self.facts.lease_ms if self.facts.session_id else self._options.lease_ms
        return min(max(lease_ms // 4, OVERDUE_LEAST_MS), OVERDUE_MOST_MS)

    def _send(self, sequence_id: int, request: io.Request, number: int) -> None:
        head = io.Head(last_seen_zxid=self._last_seen, cell_name=self._options.cell_name,
                       cell_id=self._options.cell_id)
        if request.method == "cell_status":
            # A sign of life is wanted of any replica, also of one that is behind.
            head = head._replace(last_seen_zxid=0)
        elif self._options.with_session and self.facts.session_id:
            head = head._replace(session_id=self.facts.session_id, request_number=number,
                                 answered_below=self._calls.answered_below())
        self._put(io.Send(self._link.connection, sequence_id, request, head))

    def _dispatch(self, expected: Expected, answer: io.Answer) -> None:
        if expected.what is What.BIND:
            return self._on_bind_answer(expected, answer)
        self._note(expected, answer.facts)
        if isinstance(answer.body, Failure) and self._leaves_link(answer.body):
            return
        if expected.what is What.CALL:
            self._on_call_answer(expected, answer)
        elif expected.what is What.KEEP_ALIVE:
            self._on_keep_alive_answer(answer)
        elif expected.what is What.WATCH:
            self._on_watch_answer(expected, answer)
        elif expected.what is What.CLOSE:
            self._on_close_answer(answer)

    def _note(self, expected: Expected, facts: io.Facts) -> None:
        if expected.what is What.PING:  # What a ping shows, nobody has seen.
            return
        self._last_seen = max(self._last_seen, facts.zxid)
        if self._options.with_session and facts.lease_ms > 0 and not self._is_over():
            # The events of a keep-alive are in its answer: they are taken before the extension is
            # looked at.
            self._events.hold(facts.events_through, facts.zxid,
                              Extension(expected.sent_at, facts.lease_ms))

    def _leaves_link(self, failure: Failure) -> bool:
        """Errors that concern the replica or the session and not the request. True if the
        connection was left, or the session is over."""
        if failure.code in (ErrorCode.NO_QUORUM, ErrorCode.BEHIND):
            if failure.leader:
                self._walk.hint(failure.leader)
            self._leave(str(failure))
            return True
        if not self._options.with_session:
            return False
        if failure.code is ErrorCode.SESSION_NOT_BOUND:
            self._leave(str(failure))
            return True
        is_open = self._opening is Opening.DONE and not self._is_over()
        if failure.code is ErrorCode.SESSION_EXPIRED and is_open:
            self._end_session(SessionState.EXPIRED, Loss(LossReason.EXPIRED, failure.message),
                              failure)
            return True
        return False

    def _on_bind_answer(self, expected: Expected, answer: io.Answer) -> None:
        if isinstance(answer.body, Failure):
            return self._on_bind_failure(answer.body, answer)
        self._last_seen = max(self._last_seen, answer.facts.zxid)
        opened: Optional[io.SessionOpened] = (
            answer.body if isinstance(answer.body, io.SessionOpened) else None)
        if opened is None:
            self._link.on_bound()
            if self._closing is not None:
                return self._bind()
            return self._note(expected, answer.facts)
        self._lease.extend(self._now, Extension(expected.sent_at, opened.lease_ms))
        if self._lease.deadline <= self._now:
            return self._leave("opened the session, but too late to use it")
        self._link.on_bound()
        self._opening = Opening.DONE
        self.facts = io.SessionFacts(*opened)
        self._options.cell_id = opened.cell_id
        self._put(io.LeaseMoved(self._lease.deadline))
        self._put(io.Opened(self.facts))

    def _on_bind_failure(self, failure: Failure, answer: io.Answer) -> None:
        is_gone = failure.code is ErrorCode.WRONG_SECRET and self._opening is Opening.DONE
        if is_gone and not self._is_over():
            return self._end_session(
                SessionState.EXPIRED, Loss(LossReason.EXPIRED, failure.message), failure)
        if self._closing is not None and (is_gone or failure.code is ErrorCode.SESSION_EXPIRED):
            return self._on_close_answer(answer)
        if self._leaves_link(failure):
            return
        # A replica of another cell among the endpoints, or one that is full, ends no session.
        if self._opening is Opening.TRYING and not failure.retryable:
            return self._fail_open(failure)
        self._leave(str(failure))

    def _on_close_answer(self, answer: io.Answer) -> None:
        if self._closing is None:
            return
        failure = answer.body if isinstance(answer.body, Failure) else None
        gone = (ErrorCode.SESSION_EXPIRED, ErrorCode.WRONG_SECRET)
        if failure is not None and failure.code not in gone:
            return self._leave(str(failure))
        call, self._closing = self._closing.call, None
        self._put(io.Answered(call, io.Closed()))
