"""A follower comes back when the log that it would need is gone: it gets the state as a whole."""

from tests.cell.audit import audit_writes
from tests.harness import CellTest, Session, Writer, api, eventually


class LongAbsence(CellTest):
    seconds_max = 150

    def test_a_follower_away_for_long_gets_a_snapshot(self):
        cell = self.start_cell(flags=["--log-bytes-max", str(64 << 10)])
        holder = Session(cell.endpoints, name="holder")
        self.addCleanup(holder.die)
        away = cell.followers()[0]
        last_seen = away.status().replica.last_logged_zxid
        away.kill()
        sequencer = holder.acquire("/held").sequencer
        writer = Writer(cell.endpoints, "writer", window=64)
        self.addCleanup(writer.abandon)
        writer.start()
        leader = cell.wait_for_leader()
        eventually("the leader's log begins after what the follower has",
                   lambda: leader.status().replica.log_start_zxid > last_seen, 90)
        offset = away.log_size()
        away.start()
        cell.wait_until_serving()
        writer.stop()
        audit_writes(self, cell, [writer])
        self.assertIn("event=image-installed", away.log_text(offset))
        with Session([away.endpoint], name="late") as late:
            self.assertEqual(late.check(sequencer), api.SequencerState.VALID)

    def test_it_can_lead_after_a_snapshot(self):
        cell = self.start_cell(flags=["--log-bytes-max", str(64 << 10)])
        away = cell.followers()[0]
        last_seen = away.status().replica.last_logged_zxid
        away.kill()
        writer = Writer(cell.endpoints, "writer", window=64)
        self.addCleanup(writer.abandon)
        writer.start()
        leader = cell.wait_for_leader()
        eventually("the leader's log begins after what the follower has",
                   lambda: leader.status().replica.log_start_zxid > last_seen, 90)
        away.start()
        cell.wait_until_serving()
        writer.stop()
        leader.kill()
        cell.wait_until_serving()
        leader.start()
        cell.wait_until_serving()
        audit_writes(self, cell, [writer])
