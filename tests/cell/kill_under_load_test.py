"""Twenty SIGKILLs under load lose nothing that was acknowledged, no lock and no session."""

import time

from tests.cell.audit import audit_leases, audit_locks, audit_writes, tell_gaps
from tests.harness import CellTest, Contender, Session, Writer, api, eventually
from tests.harness.contender import make_counter
from tests.harness.deadline import SLOWNESS

KILLS = max(5, int(20 / SLOWNESS))
WRITES_BETWEEN_KILLS = int(1000 / SLOWNESS)
LOCK = "/contended/lock"
COUNTER = "/contended/counter"


class KillUnderLoad(CellTest):
    """What the tests have in common; they differ in whom they kill."""

    seconds_max = 240

    def kill_again_and_again(self, choose):
        """`choose(cell, leader)` says whom."""
        cell = self.start_cell()
        holders = self.take_locks(cell)
        writers = [Writer(cell.endpoints, f"writer{i}", first=i) for i in range(3)]
        contenders = [
            Contender(cell.endpoints, LOCK, COUNTER, f"contender{i}", first=i) for i in range(3)]
        for thread in writers + contenders:
            self.addCleanup(thread.abandon)
            thread.start()
        moments = []
        for _ in range(KILLS):
            self.wait_for_writes(cell, writers)
            victim = choose(cell, cell.wait_for_leader())
            moments.append(time.monotonic())
            victim.kill()
            victim.start()
            self.check_locks(holders)
        cell.wait_until_serving()
        for thread in contenders + writers:
            thread.stop()
        tell_gaps(self, writers, moments)
        audit_leases(self, writers + contenders + list(holders))
        audit_writes(self, cell, writers)
        audit_locks(self, next(iter(holders)), COUNTER, contenders)
        self.check_holders(holders)

    def take_locks(self, cell):
        """Sessions that live through all of it, each with what it holds: path → sequencer."""
        holders = {}
        for place in range(3):
            session = Session(cell.endpoints, name=f"holder{place}", first=place)
            self.addCleanup(session.die)
            alone = f"/held/{place}"
            together = "/held/together"
            shared = session.acquire(together, mode=api.LockMode.SHARED)
            holders[session] = {
                alone: session.acquire(alone).sequencer, together: shared.sequencer}
        make_counter(next(iter(holders)), COUNTER)
        return holders

    def wait_for_writes(self, cell, writers):
        """Until all replicas serve and enough has been written since."""
        cell.wait_until_serving()
        enough = sum(writer.count() for writer in writers) + WRITES_BETWEEN_KILLS
        eventually(
            f"{WRITES_BETWEEN_KILLS} more writes are acknowledged",
            lambda: sum(writer.count() for writer in writers) >= enough, 60)

    def check_locks(self, holders):
        for session, held in holders.items():
            for path, sequencer in held.items():
                self.assertEqual(session.check(sequencer), api.SequencerState.VALID, path)

    def check_holders(self, holders):
        for session, held in holders.items():
            for path, sequencer in held.items():
                self.assertEqual(session.sequencer(path), sequencer)


class LeaderKilled(KillUnderLoad):
    def test_nothing_acknowledged_is_lost(self):
        self.kill_again_and_again(lambda cell, leader: leader)


class FollowerKilled(KillUnderLoad):
    def test_nothing_acknowledged_is_lost(self):
        turn = iter(range(KILLS))
        self.kill_again_and_again(
            lambda cell, leader: [one for one in cell.voters if one is not leader][next(turn) % 2])
