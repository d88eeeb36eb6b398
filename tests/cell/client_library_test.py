"""The C++ client library, by way of `holdfast lock hold`, through what happens to its replica."""

import json
import os
import subprocess
import threading
import time

from tests.harness import CellTest, Session, api, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import program

LEASE_MS = 3000
LOST = 76  # The exit code.


class LockHold:
    """`holdfast lock hold` on /lock; `events` has what it said: (name, facts, moment)."""

    def __init__(self, endpoints):
        self.events = []
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("holdfast"), "lock", "hold", "/lock",
             "--lease", f"{LEASE_MS}ms", "--json"],
            env={**os.environ, "HOLDFAST_ENDPOINTS": ",".join(endpoints)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            facts = json.loads(line)
            self.events.append((facts.pop("event"), facts, time.monotonic()))

    def said(self, name):
        """The facts and the moment of the first event of that name, or None."""
        for event, facts, moment in self.events:
            if event == name:
                return facts, moment
        return None

    def names(self):
        return [name for name, _, _ in self.events]

    def terminate(self):
        self._child.terminate()
        return self.wait()

    def wait(self):
        return self._child.wait(30 * SLOWNESS)

    def close(self):
        self._child.kill()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()


class ClientLibrary(CellTest):
    def hold(self, replicas):
        """A holder that knows these replicas only, and its sequencer."""
        holder = LockHold([replica.endpoint for replica in replicas])
        self.addCleanup(holder.close)
        facts, _ = eventually("it holds the lock", lambda: holder.said("acquired"))
        return holder, facts["sequencer"]

    def waiter_at(self, replicas):
        waiter = Session([replica.endpoint for replica in replicas], name="waiter")
        self.addCleanup(waiter.die)
        return waiter

    def stops_believing_before(self, holder, waiter):
        """The lock passes on to the waiter, and by then the holder has said that it may be gone."""
        waiter.acquire("/lock", wait_s=30)
        granted_at = time.monotonic()
        self.assertIsNotNone(holder.said("jeopardy"), "two believe that they hold the lock")
        self.assertLess(holder.said("jeopardy")[1], granted_at)

    def hears_of_the_loss(self, holder, waiter, sequencer):
        self.assertEqual(holder.wait(), LOST)
        self.assertEqual(holder.names(), ["acquired", "jeopardy", "lost"])
        self.assertEqual(waiter.check(sequencer), api.SequencerState.STALE)

    def test_at_a_stalled_leader_it_does_not_believe_past_the_cells_decision(self):
        cell = self.start_cell()
        old = cell.wait_for_leader()
        holder, sequencer = self.hold([old])
        waiter = self.waiter_at([replica for replica in cell.voters if replica is not old])
        old.pause()
        self.stops_believing_before(holder, waiter)
        old.resume()
        self.hears_of_the_loss(holder, waiter, sequencer)

    def test_at_a_cut_off_follower_it_does_not_believe_past_the_cells_decision(self):
        cell = self.start_cell(with_links=True)
        follower = cell.followers()[0]
        holder, sequencer = self.hold([follower])
        waiter = self.waiter_at([replica for replica in cell.voters if replica is not follower])
        cell.isolate(follower)
        self.stops_believing_before(holder, waiter)
        self.assertIsNone(holder.said("lost"), "a replica that is cut off cannot know that")
        cell.rejoin_network(follower)
        self.hears_of_the_loss(holder, waiter, sequencer)

    def test_short_trouble_is_jeopardy_and_then_safe_with_the_same_sequencer(self):
        cell = self.start_cell()
        holder, sequencer = self.hold(cell.replicas)
        for replica in cell.replicas:
            replica.pause()
        eventually("it is in jeopardy", lambda: holder.said("jeopardy"))
        for replica in cell.replicas:
            replica.resume()
        eventually("it is safe again", lambda: holder.said("safe"))
        watcher = self.waiter_at(cell.replicas)
        self.assertEqual(watcher.check(sequencer), api.SequencerState.VALID)
        self.assertEqual(holder.terminate(), 0)
        self.assertEqual(holder.names(), ["acquired", "jeopardy", "safe", "released"])

    def test_the_loss_of_the_leader_is_no_jeopardy(self):
        cell = self.start_cell()
        holder, sequencer = self.hold(cell.replicas)
        watcher = self.waiter_at(cell.replicas)
        for _ in range(5):
            leader = cell.wait_until_serving()
            leader.kill()
            self.assertEqual(watcher.check(sequencer), api.SequencerState.VALID)
            leader.start()
        self.assertEqual(holder.terminate(), 0)
        self.assertEqual(holder.names(), ["acquired", "released"])
