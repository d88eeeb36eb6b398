"""All replicas killed at once under load and started again: everything acknowledged is there."""

from tests.cell.audit import audit_writes
from tests.harness import CellTest, Session, Writer, api, eventually

ROUNDS = 3


class WholeCellKilled(CellTest):
    seconds_max = 150

    def test_data_locks_and_sessions_are_there_again(self):
        cell = self.start_cell()
        holder = Session(cell.endpoints, name="holder", lease_ms=20_000)
        self.addCleanup(holder.die)
        sequencer = holder.acquire("/held").sequencer
        holder.create("/presence", b"here", kind=api.NodeKind.EPHEMERAL)
        writers = [
            Writer(cell.endpoints, f"writer{i}", first=i, lease_ms=20_000) for i in range(3)]
        for writer in writers:
            self.addCleanup(writer.abandon)
            writer.start()
        for _ in range(ROUNDS):
            enough = sum(writer.count() for writer in writers) + 500
            eventually("500 more writes are acknowledged",
                       lambda: sum(writer.count() for writer in writers) >= enough)
            cell.kill()
            cell.start()
            cell.wait_until_serving()
            self.assertEqual(holder.check(sequencer), api.SequencerState.VALID)
            presence = holder.get("/presence")
            self.assertEqual(presence.stat.ephemeral_session_id, holder.id)
        for writer in writers:
            writer.stop()
        audit_writes(self, cell, writers)
        self.assertEqual(holder.sequencer("/held"), sequencer)
        self.assertGreater(holder.lease.least_left(), 0)
