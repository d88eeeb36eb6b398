"""Deals out faults by a seed, several at once, and counts them."""

import collections
import random
import time

from tests.chaos.faults import KINDS

STEP_S = 0.05
HOLD_S_MAX = 6.0
PACE_S_MAX = 2.0  # From one beginning to the next, on average.
CALM_EVERY_S = 60.0
EXTRA_S = 120.0


class Director:
    """run() causes faults for so many seconds, and then those of its kinds that did not happen yet.

    Every minute all ends for a while, and `world.calm()` looks whether the cell serves again.
    """

    def __init__(self, world, kinds, seconds, seed):
        self.counts = collections.Counter()
        self._world = world
        self._kinds = kinds
        self._seconds = seconds
        self._dice = random.Random(seed)
        self._deck = []
        self._active = {}  # Room → (kind, fault, moment of its end).
        self._pace_s = min(PACE_S_MAX, seconds / (1.5 * len(kinds)))

    def run(self):
        began = time.monotonic()
        next_at, calm_at = began, began + CALM_EVERY_S
        while True:
            moment = time.monotonic()
            if moment > began + self._seconds and (
                    not self.missing() or moment > began + self._seconds + EXTRA_S):
                break
            self._end_those_due(moment)
            if moment > calm_at:
                self.end_all()
                self._world.calm()
                calm_at = time.monotonic() + CALM_EVERY_S
            if moment > next_at and self._begin_one(moment):
                next_at = moment + self._pace_s * self._dice.uniform(0.2, 1.8)
            self._world.look()
            time.sleep(STEP_S)
        self.end_all()

    def missing(self):
        """The kinds that were wanted and have hit nothing so far."""
        return [kind for kind in self._kinds if not self.counts[kind]]

    def end_all(self):
        self._end_those_due(float("inf"))

    def _begin_one(self, moment):
        if not self._deck:
            self._deck = [kind for kind in self._kinds]
            self._dice.shuffle(self._deck)
            self._deck.sort(key=lambda kind: self.counts[kind] > 0)  # The missing ones first.
        for kind in self._deck:
            room = KINDS[kind].room
            if room not in self._active and "all" not in self._active:
                self._deck.remove(kind)
                if room == "all":
                    self.end_all()
                self._begin(kind, room, moment)
                return True
        return False

    def _begin(self, kind, room, moment):
        fault = KINDS[kind](self._world, self._dice)
        self._world.say(f"{kind}: {fault.begin()}")
        hold_s = min(HOLD_S_MAX, 3.0 * self._pace_s) * self._dice.uniform(0.3, 1.0)
        self._active[room] = (kind, fault, moment + hold_s)

    def _end_those_due(self, moment):
        for room, (kind, fault, ends_at) in list(self._active.items()):
            if ends_at <= moment:
                del self._active[room]
                fault.end()
                if fault.bites() > 0:
                    self.counts[kind] += 1
                self._world.say(f"{kind} ended")
