"""Which replica to try next, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple, Optional, Sequence, Union

from .endpoint import EndpointKind, Place, parse_endpoint

PAUSE_MIN_MS = 50
PAUSE_MAX_MS = 2_000
PATIENCE_MS = 300


class Attempt(NamedTuple):
    address: str
    at: int


@dataclass
class _Source:
    """An endpoint as it was written."""

    is_asked_for: bool  # Not an address.
    is_open: bool = False  # Asked, and not answered yet.
    places: list[Place] = field(default_factory=list)  # As last known.


class EndpointWalk:
    """A round goes once over all addresses that the endpoints stand for: by ascending priority,
    among equals at random by weight, the one that was tried last behind the others of its priority,
    further addresses of one place behind the first of each.

    Names and services are looked up anew at the beginning of every round. While something is known
    (an address that was written, an earlier answer) a round waits for the answers only PATIENCE_MS;
    late ones are taken into the round that is under way. An endpoint that cannot be looked up
    stands for what it stood for before.

    After a connection that was of use the first attempt is made at once; further ones after a pause
    that doubles from 50 ms to 2 s, jittered down to its half, so that the clients of a cell that
    comes back do not come in step. A round without any address counts as an attempt.
    """

    def __init__(self, endpoints: Sequence[str], dice: random.Random) -> None:
        """ValueError if one is none, or there is none."""
        if not endpoints:
            raise ValueError("a walk needs an endpoint")
        self._dice = dice
        self._sources: dict[str, _Source] = {}
        for text in endpoints:
            is_address = parse_endpoint(text).kind is EndpointKind.ADDRESS
            self._sources[text] = _Source(
                not is_address, places=[Place(text, [text])] if is_address else [])
        self._attempts = 0  # Since the last success.
        self._last = ""  # Tried last.
        self._questions: list[str] = []
        self._begin_at = 0  # No round begins before.
        # When next() is to be called again after it answered None; None: after an answer.
        self.wake_at: Optional[int] = None
        self._in_round = False
        self._is_planned = False
        self._patient_until = 0
        self._tried: set[str] = set()  # In this round.
        self._ahead: list[str] = []  # In this round.
        self._hint = ""
        self._hint_used = False  # In this round.

    def next(self, now: int) -> Optional[Attempt]:
        """None while it has to wait for answers or for wake_at."""
        self.wake_at = None
        if not self._in_round:
            if now < self._begin_at:
                self.wake_at = self._begin_at
                return None
            self._begin_round(now)
        if not self._is_planned:
            if self._is_asking() and not self._knows_any():
                return None
            if self._is_asking() and now < self._patient_until:
                self.wake_at = self._patient_until
                return None
            self._is_planned = True
            self._plan()
        address = self._take_hint() or (self._ahead[0] if self._ahead else "")
        at = now + self._pause()
        self._attempts += 1
        if not address:  # None of the endpoints stands for anything.
            self._in_round = False
            self._begin_at = self.wake_at = now + self._pause()
            return None
        self._last = address
        self._tried.add(address)
        self._ahead = [other for other in self._ahead if other != address]
        self._in_round = bool(self._ahead)
        return Attempt(address, at)

    def take_questions(self) -> list[str]:
        """The endpoints to be looked up; each is answered once by on_found()."""
        questions, self._questions = self._questions, []
        return questions

    def on_found(self, endpoint: str, found: Union[list[Place], str]) -> None:
        """The places, or why there are none."""
        source = self._sources[endpoint]
        source.is_open = False
        if isinstance(found, list) and found:
            source.places = found
        if self._in_round and self._is_planned:
            self._plan()

    def hint(self, leader: str) -> None:
        """A replica named where the leader is: the next attempt goes there, once in a round. A name
        that is none of those known is passed over."""
        self._hint = ""
        try:
            kind = parse_endpoint(leader).kind
        except ValueError:
            return
        if kind is EndpointKind.ADDRESS:
            self._hint = leader
            return
        for source in self._sources.values():
            for place in source.places:
                if place.name == leader:
                    self._hint = place.addresses[0]

    def on_success(self) -> None:
        """The present connection was of use: the next attempt begins a new round."""
        self._attempts = 0
        self._in_round = False
        self._begin_at = 0

    def _knows_any(self) -> bool:
        return any(source.places for source in self._sources.values())

    def _is_asking(self) -> bool:
        return any(source.is_open for source in self._sources.values())

    def _pause(self) -> int:
        """How long to wait before the next attempt."""
        if self._attempts == 0:
            return 0
        half = min(PAUSE_MIN_MS << min(self._attempts - 1, 10), PAUSE_MAX_MS) // 2
        return half + self._dice.randint(0, half)

    def _begin_round(self, now: int) -> None:
        self._in_round = True
        self._is_planned = False
        self._hint_used = False
        self._tried = set()
        self._patient_until = now + PATIENCE_MS
        for text, source in self._sources.items():
            if source.is_asked_for and not source.is_open:
                source.is_open = True
                self._questions.append(text)

    def _plan(self) -> None:
        """All that is known and was not tried in this round."""
        groups: dict[int, list[Place]] = {}
        for source in self._sources.values():
            for place in source.places:
                groups.setdefault(place.priority, []).append(place)
        ordered = [address for priority in sorted(groups)
                   for address in self._in_order(groups[priority])]
        self._ahead = [address for address in dict.fromkeys(ordered) if address not in self._tried]

    def _in_order(self, group: list[Place]) -> list[str]:
        """The addresses of places of one priority: a first one of each, then a second one, and so
        on. Those of one place are shuffled, since a name with several may stand for several
        replicas."""
        of_places = [self._dice.sample(place.addresses, len(place.addresses))
                     for place in self._by_weight(group)]
        turns = max(map(len, of_places))
        found = [addresses[turn] for turn in range(turns) for addresses in of_places
                 if turn < len(addresses)]
        return sorted(found, key=lambda address: address == self._last)

    def _by_weight(self, group: list[Place]) -> list[Place]:
        """As RFC 2782 has it: those without weight first, so that they come to the front rarely but
        do; then one after the other drawn by its share of the weight that is left."""
        left = sorted(self._dice.sample(group, len(group)), key=lambda place: place.weight > 0)
        found = []
        while left:
            drawn = self._dice.randint(0, sum(place.weight for place in left))
            chosen, passed = 0, left[0].weight
            while passed < drawn:
                chosen += 1
                passed += left[chosen].weight
            found.append(left.pop(chosen))
        return found

    def _take_hint(self) -> str:
        hint, self._hint = self._hint, ""
        if not hint or self._hint_used:
            return ""
        self._hint_used = True
        return hint
