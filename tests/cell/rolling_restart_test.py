"""All replicas restarted one after the other with SIGTERM: no client is the worse for it."""

import time

from tests.cell.audit import audit_leases, audit_locks, audit_writes, tell_gaps
from tests.harness import CellTest, Contender, Session, Writer, api, eventually
from tests.harness.contender import make_counter
from tests.harness.deadline import SLOWNESS

GAP_MAX_S = 3.0 * SLOWNESS  # Far above what is seen, and far below any lease.


class RollingRestart(CellTest):
    def test_no_session_is_in_jeopardy(self):
        cell = self.start_cell()
        holder = Session(cell.endpoints, name="holder")
        self.addCleanup(holder.die)
        sequencer = holder.acquire("/held").sequencer
        make_counter(holder, "/counter")
        writers = [Writer(cell.endpoints, f"writer{i}", first=i) for i in range(3)]
        contenders = [
            Contender(cell.endpoints, "/lock", "/counter", f"contender{i}", first=i)
            for i in range(2)]
        for thread in writers + contenders:
            self.addCleanup(thread.abandon)
            thread.start()
        moments = []
        for replica in cell.voters:
            moments.append(self.restart(cell, replica, writers))
            self.assertEqual(holder.check(sequencer), api.SequencerState.VALID)
        for thread in contenders + writers:
            thread.stop()
        audit_leases(self, writers + contenders + [holder])
        audit_writes(self, cell, writers)
        audit_locks(self, holder, "/counter", contenders)
        self.assertEqual(holder.sequencer("/held"), sequencer)
        self.assertLess(tell_gaps(self, writers, moments), GAP_MAX_S)

    def restart(self, cell, replica, writers):
        """Returns the moment at which the replica was told to end."""
        cell.wait_until_serving()
        enough = sum(writer.count() for writer in writers) + 500
        eventually("500 more writes are acknowledged",
                   lambda: sum(writer.count() for writer in writers) >= enough)
        moment = time.monotonic()
        self.assertEqual(replica.terminate(), 0, f"exit status of {replica}")
        cell.wait_for_leader()
        replica.start()
        cell.wait_until_serving()
        return moment
