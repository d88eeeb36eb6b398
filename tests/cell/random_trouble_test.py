"""Kills, pauses and cuts at random, several at a time: nothing acknowledged is lost.

The seed is printed, and chooses the troubles but not their exact moments. By hand, longer and with
another seed: TROUBLE_SECONDS=300 TROUBLE_SEED=7 python3 -m unittest tests.cell.random_trouble_test
"""

import os
import random
import time

from tests.cell.audit import audit_locks, audit_writes
from tests.harness import CellTest, Contender, Session, Writer, eventually
from tests.harness.contender import make_counter

SECONDS = int(os.environ.get("TROUBLE_SECONDS", "20"))
SEED = int(os.environ.get("TROUBLE_SEED", "1"))
LEASE_MS = 120_000  # Longer than any time without a quorum: nothing is lost by expiry.


class Trouble:
    """What is wrong with the cell at the moment, and how it came about."""

    def __init__(self, cell, dice):
        self._cell = cell
        self._dice = dice
        self._paused = set()
        self._cut = set()
        self.counts = {}

    def cause(self):
        step = self._dice.choice(
            [self.kill, self.kill, self.pause, self.isolate, self.cut, self.start, self.mend])
        step()
        self.counts[step.__name__] = self.counts.get(step.__name__, 0) + 1

    def kill(self):
        """Of one replica, or rarely of all."""
        if self._dice.random() < 0.1:
            self._cell.kill()
        else:
            self._dice.choice(self._cell.replicas).kill()

    def pause(self):
        replica = self._dice.choice(self._cell.replicas)
        if replica.is_running():
            replica.pause()
            self._paused.add(replica)

    def cut(self):
        pair = self._dice.sample(self._cell.replicas, 2)
        self._cell.cut(*pair)
        self._cut.add(tuple(pair))

    def isolate(self):
        replica = self._dice.choice(self._cell.replicas)
        self._cell.isolate(replica)
        self._cut.update((replica, other) for other in self._cell.replicas if other is not replica)

    def start(self):
        """All that do not run or stand still go on."""
        for replica in self._paused:
            if replica.is_running():
                replica.resume()
        self._paused.clear()
        self._cell.start()

    def mend(self):
        for pair in self._cut:
            self._cell.mend(*pair)
        self._cut.clear()

    def end(self):
        self.mend()
        self.start()


class RandomTrouble(CellTest):
    seconds_max = 120 + 2 * SECONDS

    def test_nothing_acknowledged_is_lost(self):
        cell = self.start_cell(observers=1, with_links=True, flags=["--log-bytes-max", "1000000"])
        keeper = Session(cell.endpoints, name="keeper", lease_ms=LEASE_MS)
        self.addCleanup(keeper.die)
        make_counter(keeper, "/counter")
        writers = [
            Writer(cell.endpoints, f"writer{i}", first=i, lease_ms=LEASE_MS) for i in range(3)]
        contenders = [
            Contender(cell.endpoints, "/lock", "/counter", f"contender{i}", i, LEASE_MS)
            for i in range(3)]
        for thread in writers + contenders:
            self.addCleanup(thread.abandon)
            thread.start()
        self.make_trouble(cell, writers + contenders)
        cell.wait_until_serving()
        before = [writer.count() for writer in writers]
        eventually("every writer goes on", lambda: all(
            writer.count() > count for writer, count in zip(writers, before)))
        for thread in contenders + writers:
            thread.stop(60)
        audit_writes(self, cell, writers)
        audit_locks(self, keeper, "/counter", contenders)

    def make_trouble(self, cell, threads):
        dice = random.Random(SEED)
        trouble = Trouble(cell, dice)
        ends_at = time.monotonic() + SECONDS
        while time.monotonic() < ends_at and all(thread.is_alive() for thread in threads):
            trouble.cause()
            time.sleep(dice.choice([0.01, 0.1, 0.3, 1.0]))
        trouble.end()
        self.say(f"seed {SEED}: {trouble.counts}")
