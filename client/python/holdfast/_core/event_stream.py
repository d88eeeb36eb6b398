"""The one order of what a session hears."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Deque, NamedTuple, Union

from ..values import Event, EventName
from .lease_clock import Extension

# While the program is being told the last events, the next keep-alive waits for it at most for this
# share of the lease, lest a slow callback cost the session. Then the events are acknowledged all
# the same, up to so many that were not told yet.
TELLING_SHARE_OF_LEASE = 4
UNTOLD_MAX = 100_000


class HeldAnswer(NamedTuple):
    """An answer to a call, with its value or Failure."""

    call: int
    outcome: object


class Batch(NamedTuple):
    events: list[Event]
    through: EventName


Item = Union[Extension, HeldAnswer]


@dataclass
class _Held:
    need: EventName
    zxid: int
    item: Item


class EventStream:
    """Each event once, in order, and before every reply and every extension of the lease that shows
    a later state. Only what was told to the program is acknowledged, because the acknowledgement of
    a LOCK_LOST lets the lock pass on.
    """

    def __init__(self) -> None:
        self.received = EventName()  # All events up to here have been got.
        self._told = EventName()
        self._untold = 0
        self._telling_until = 0
        self._held: Deque[_Held] = deque()

    def take_new(self, now: int, zxid: int, events_through: EventName, events: list[Event],
                 delivered_through: EventName, more: bool, lease_ms: int) -> Batch:
        """The answer to a keep-alive; the batch has the events that are new."""
        new = []
        last = self.received
        for event in events:
            if event.name > last:
                last = event.name
                new.append(event)
        self.received = max(last, delivered_through)
        self._untold += len(new)
        if self._untold == 0:
            self._told = self.received
        else:
            self._telling_until = now + lease_ms // TELLING_SHARE_OF_LEASE
        # The replica has nothing more for this session as of that position. An earlier reply may
        # have promised an event that no watch wants any more: it does not come, and nobody waits.
        if not more and events_through <= self.received:
            for held in self._held:
                if held.zxid <= zxid:
                    held.need = EventName()
        return Batch(new, self.received)

    def on_told(self, through: EventName) -> None:
        """The program has been told the events through there."""
        self._told = max(self._told, through)
        if self._told >= self.received:
            self._told = self.received
            self._untold = 0

    def acknowledgement(self, now: int) -> EventName:
        """What the next keep-alive acknowledges."""
        late = now >= self._telling_until and self._untold < UNTOLD_MAX
        return self.received if late else min(self._told, self.received)

    def next_keep_alive_at(self, now: int) -> int:
        return now if self._untold == 0 else max(now, self._telling_until)

    def hold(self, need: EventName, zxid: int, item: Item) -> None:
        """Keeps the item until the events through `need` have been got."""
        self._held.append(_Held(need, zxid, item))

    def take_ready(self) -> list[Item]:
        """Takes out what need not wait (any more), in order."""
        ready = []
        while self._held and self._held[0].need <= self.received:
            ready.append(self._held.popleft().item)
        return ready

    def clear(self) -> None:
        self._held.clear()
