"""The one connection of a session: what is open on it, and whether it has gone silent."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import Optional

from .sorted_times import SortedTimes

# With a request outstanding that should be answered by now, a connection that says nothing is asked
# for a sign of life this often, and left after this long.
PING_MS = 250
SILENCE_MAX_MS = 1_000
CONNECT_MAX_MS = 1_000
SEQUENCE_ID_MAX = 2**31 - 1


class Phase(enum.Enum):
    IDLE = "idle"  # Nothing is wanted.
    PLANNED = "planned"  # Connect when the moment has come.
    CONNECTING = "connecting"  # Given up after CONNECT_MAX_MS.
    BINDING = "binding"  # The session is being opened or resumed on it.
    READY = "ready"


class What(enum.Enum):
    CALL = "call"
    BIND = "bind"
    KEEP_ALIVE = "keep_alive"
    WATCH = "watch"
    UNWATCH = "unwatch"
    CLOSE = "close"
    PING = "ping"


class Due(enum.Enum):
    NOTHING = "nothing"
    CONNECT = "connect"
    PING = "ping"
    LEAVE = "leave"


@dataclass(frozen=True)
class Expected:
    """An open request.

    Silence until `patient_until` is as it should be. Without its answer by `leave_at` the
    connection is left although pings are answered: a replica that cannot bind a session or confirm
    a lease is of no use to it, another may be.
    """

    what: What
    method: str
    sent_at: int
    patient_until: int
    call: int = 0
    watch: int = 0
    leave_at: Optional[int] = None


class Link:
    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self.address = ""
        self.connection = 0
        self._at = 0  # PLANNED: when; CONNECTING: since when.
        self._last_heard = 0
        self._last_ping = 0
        self._listens_until = 0  # After a pause nothing counts as overdue before.
        self._last_sequence_id = 0
        self._expected: dict[int, Expected] = {}
        self._open_of: Counter[What] = Counter()
        self._patience: SortedTimes[int] = SortedTimes()
        self._overdue: SortedTimes[int] = SortedTimes()

    def is_ready(self) -> bool:
        return self.phase is Phase.READY

    def is_open(self) -> bool:
        return self.phase in (Phase.BINDING, Phase.READY)

    def open_requests(self) -> int:
        return len(self._expected)

    def expects(self, what: What) -> bool:
        return self._open_of[what] > 0

    def plan(self, address: str, at: int) -> None:
        self.phase = Phase.PLANNED
        self.address = address
        self._at = at

    def begin_connect(self, now: int, connection: int) -> None:
        self.phase = Phase.CONNECTING
        self.connection = connection
        self._at = now

    def on_connected(self, now: int) -> None:
        self.phase = Phase.BINDING
        self._last_heard = now
        self._last_ping = now

    def on_bound(self) -> None:
        self.phase = Phase.READY

    def expect(self, expected: Expected) -> int:
        """Answers the request's sequence id."""
        # Replies are long answered when the numbers begin again.
        last = self._last_sequence_id
        self._last_sequence_id = 1 if last == SEQUENCE_ID_MAX else last + 1
        self._expected[self._last_sequence_id] = expected
        self._open_of[expected.what] += 1
        self._patience.set(self._last_sequence_id, expected.patient_until)
        self._overdue.set(self._last_sequence_id, expected.leave_at)
        return self._last_sequence_id

    def take(self, sequence_id: int) -> Optional[Expected]:
        """The request that a reply answers, which is open no more; None if there is no such."""
        self._patience.set(sequence_id, None)
        self._overdue.set(sequence_id, None)
        taken = self._expected.pop(sequence_id, None)
        if taken is not None:
            self._open_of[taken.what] -= 1
        return taken

    def on_heard(self, now: int) -> None:
        self._last_heard = now

    def on_pinged(self, now: int) -> None:
        self._last_ping = now

    def on_pause(self, now: int) -> None:
        """Time has passed in which nobody listened: silence is counted from now."""
        if self.phase is Phase.CONNECTING:
            self._at = now
        self._last_heard = now
        self._listens_until = now + SILENCE_MAX_MS

    def _silent_since(self) -> Optional[int]:
        patient_until = self._patience.first()
        if not self.is_open() or patient_until is None:
            return None
        return max(self._last_heard, patient_until)

    def due(self, now: int) -> Due:
        if self.phase is Phase.PLANNED:
            return Due.CONNECT if now >= self._at else Due.NOTHING
        if self.phase is Phase.CONNECTING:
            return Due.LEAVE if now >= self._at + CONNECT_MAX_MS else Due.NOTHING
        since = self._silent_since()
        if since is None:
            return Due.NOTHING
        overdue = self._overdue.first()
        if overdue is not None and now >= max(overdue, self._listens_until):
            return Due.LEAVE
        if now >= since + SILENCE_MAX_MS:
            return Due.LEAVE
        return Due.PING if now >= max(since, self._last_ping) + PING_MS else Due.NOTHING

    def wake_at(self) -> Optional[int]:
        if self.phase is Phase.PLANNED:
            return self._at
        if self.phase is Phase.CONNECTING:
            return self._at + CONNECT_MAX_MS
        since = self._silent_since()
        if since is None:
            return None
        silence = min(max(since, self._last_ping) + PING_MS, since + SILENCE_MAX_MS)
        overdue = self._overdue.first()
        return silence if overdue is None else min(silence, max(overdue, self._listens_until))
