"""The open calls in the order in which they were made, and the numbers of those that change
something."""

from __future__ import annotations

import enum
from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Any, Optional

from ..values import Loss
from .io import Request
from .sorted_times import SortedTimes

# The results of 1,024 numbers may be kept for a session at once; we stay far below.
WINDOW = 512
NO_PLACE = 2**63


class Kind(enum.Enum):
    """Who is to hear of a call."""

    DATA = "data"  # The program.
    ACQUIRE = "acquire"  # The program; see Acquiring.
    RELEASE = "release"  # The program.
    VERIFY = "verify"  # The core: is this guard's acquisition still standing?
    BACKGROUND = "background"  # Nobody: withdrawals, and releases of what nobody wants any more.


class Stage(enum.Enum):
    UNSENT = "unsent"  # To be sent on the present connection, or the next.
    SENT = "sent"  # Open on the present connection.
    PAUSING = "pausing"  # To be sent again at retry_at.
    HELD = "held"  # Answered; the answer waits for events.


class Withdrawn(enum.Enum):
    NO = "no"
    WAIT_IS_OVER = "wait is over"
    BY_PROGRAM = "by the program"
    ABANDONED = "abandoned"


@dataclass
class Acquiring:
    """More of an acquire."""

    wait_end: Optional[int] = None  # By the client's own clock.
    lost_at_jeopardy: bool = False
    withdrawn: Withdrawn = Withdrawn.NO
    is_doubtful: bool = False  # Events were lost since it was made.
    lost_acquisition: int = 0  # A LOCK_LOST that overtook the answer.
    released: int = 0  # This owner has released the lock since; earlier grants are over.
    loss: Optional[Loss] = None
    guard: int = 0  # Stage HELD, if it was granted.


@dataclass
class Call:
    """A call that is not over."""

    request: Request
    kind: Kind = Kind.DATA
    stage: Stage = Stage.UNSENT
    is_mutating: bool = False
    number: int = 0  # Of a mutating one that was sent.
    was_sent: bool = False  # On any connection.
    place: int = NO_PLACE  # In the order in which calls were sent for the first time.
    has_copies: bool = False  # It was sent before, and what became of that is not known.
    is_abandoned: bool = False  # The program was told TIMEOUT; the outcome is still to be learnt.
    deadline: Optional[int] = None
    retry_at: int = 0
    retries: int = 0
    guard: int = 0  # VERIFY.
    acquiring: Optional[Acquiring] = None


Hold = tuple[Any, Any]


def hold_of(request: Request) -> Optional[Hold]:
    """Of those requests that begin or end it: the path and the owner."""
    if request.method in ("acquire", "cancel", "release"):
        return request.fields["path"], request.fields["owner"]
    return None


class CallTable:
    """An acquire is not sent while an ending of the same owner's hold is open: a release, a
    cancellation, or an acquire that was withdrawn. It could be given what is about to be given
    back, and its guard would go on to say held.
    """

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}  # By id, which is the order.
        self._endings: dict[Hold, dict[int, None]] = {}
        self._unsent: list[tuple[int, int]] = []  # (place, id), sorted.
        self._last_place = 0
        self._last_number = 0
        self._pinned: dict[int, None] = {}  # Ascending: numbers are given in order.
        self.alarms: SortedTimes[int] = SortedTimes()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call_id: int, call: Call) -> None:
        self._calls[call_id] = call
        insort(self._unsent, (call.place, call_id))
        hold = hold_of(call.request)
        if hold is not None and call.acquiring is None:
            self._endings.setdefault(hold, {})[call_id] = None

    def find(self, call_id: int) -> Optional[Call]:
        return self._calls.get(call_id)

    def all(self) -> list[tuple[int, Call]]:
        return list(self._calls.items())

    def erase(self, call_id: int) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        self.unpin(call_id)
        self.alarms.set(call_id, None)
        self._forget_unsent(call, call_id)
        hold = hold_of(call.request)
        if hold in self._endings:
            self._endings[hold].pop(call_id, None)
            if not self._endings[hold]:
                del self._endings[hold]
        del self._calls[call_id]

    def clear(self) -> None:
        self._calls.clear()
        self._endings.clear()
        self._unsent.clear()
        self._pinned.clear()
        self.alarms.clear()

    def next_to_send(self) -> Optional[int]:
        """The first call that is to be sent: those that were sent before come first, in their old
        order, then the others in the order in which they were made. None when there is none, or
        when it must not be sent before others are answered.
        """
        for _, call_id in self._unsent:
            call = self._calls[call_id]
            if self._must_wait(call):
                continue
            needs_number = call.is_mutating and call.number == 0
            if needs_number and self._last_number + 1 - self.answered_below() >= WINDOW:
                return None
            return call_id
        return None

    def on_sent(self, call_id: int) -> None:
        """Gives a mutating call its number with its first sending."""
        call = self._calls[call_id]
        if call.is_mutating and call.number == 0:
            self._last_number += 1
            call.number = self._last_number
            self._pinned[call.number] = None
        self._forget_unsent(call, call_id)
        if call.place == NO_PLACE:
            self._last_place += 1
            call.place = self._last_place
        call.was_sent = True
        call.stage = Stage.SENT

    def on_stage(self, call_id: int, stage: Stage) -> None:
        call = self._calls[call_id]
        self._forget_unsent(call, call_id)
        call.stage = stage
        if stage is Stage.UNSENT:
            insort(self._unsent, (call.place, call_id))

    def renew(self, call_id: int) -> None:
        """The acquire is to be asked for anew, as if it had never been sent."""
        self.unpin(call_id)
        call = self._calls[call_id]
        self._forget_unsent(call, call_id)
        call.number = 0
        call.was_sent = False
        call.has_copies = False
        call.place = NO_PLACE
        self.on_stage(call_id, Stage.UNSENT)

    def on_withdrawn(self, call_id: int) -> None:
        """The acquire is an ending from now on."""
        hold = hold_of(self._calls[call_id].request)
        assert hold is not None
        self._endings.setdefault(hold, {})[call_id] = None

    def is_releasing(self, path: str, owner: int) -> bool:
        return any(self._calls[call_id].request.method == "release"
                   for call_id in self._endings.get((path, owner), ()))

    def unpin(self, call_id: int) -> None:
        """The cell does not have to keep the result of this call's number (any more)."""
        call = self._calls.get(call_id)
        if call is not None:
            self._pinned.pop(call.number, None)

    def answered_below(self) -> int:
        """Every number below this one is answered."""
        return next(iter(self._pinned), self._last_number + 1)

    def on_connection_lost(self) -> None:
        """What was open on it is to be sent again."""
        for call_id, call in self._calls.items():
            if call.stage in (Stage.SENT, Stage.PAUSING):
                call.has_copies = True
                self.on_stage(call_id, Stage.UNSENT)

    def _must_wait(self, call: Call) -> bool:
        return (call.acquiring is not None and not call.was_sent
                and hold_of(call.request) in self._endings)

    def _forget_unsent(self, call: Call, call_id: int) -> None:
        at = bisect_left(self._unsent, (call.place, call_id))
        if at < len(self._unsent) and self._unsent[at] == (call.place, call_id):
            del self._unsent[at]
