"""Which replica to try next, and when."""

from __future__ import annotations

import random
from typing import NamedTuple, Sequence

PAUSE_MIN_MS = 50
PAUSE_MAX_MS = 2_000


class Attempt(NamedTuple):
    endpoint: str
    at: int


class EndpointWalk:
    """The endpoints in a circle, beginning anywhere.

    After a connection that was of use the first attempt is made at once; further ones after a pause
    that doubles from 50 ms to 2 s, jittered down to its half, so that the clients of a cell that
    comes back do not come in step.
    """

    def __init__(self, endpoints: Sequence[str], dice: random.Random) -> None:
        if not endpoints:
            raise ValueError("a walk needs an endpoint")
        self._endpoints = list(endpoints)
        self._dice = dice
        self._place = dice.randrange(len(self._endpoints))
        self._attempts = 0  # Since the last success.
        self._hint = ""
        self._hint_used = False  # In this round.

    def next(self, now: int) -> Attempt:
        at = now
        if self._attempts > 0:
            half = min(PAUSE_MIN_MS << min(self._attempts - 1, 10), PAUSE_MAX_MS) // 2
            at += half + self._dice.randint(0, half)
        if self._attempts % len(self._endpoints) == 0:
            self._hint_used = False
        self._attempts += 1
        hint, self._hint = self._hint, ""
        if hint and not self._hint_used:
            self._hint_used = True
            return Attempt(hint, at)
        self._place = (self._place + 1) % len(self._endpoints)
        return Attempt(self._endpoints[self._place], at)

    def hint(self, leader: str) -> None:
        """A replica named where the leader is: the next attempt goes there, once in a round."""
        self._hint = leader

    def on_success(self) -> None:
        """The present connection was of use: the next attempt begins a new round."""
        self._attempts = 0
