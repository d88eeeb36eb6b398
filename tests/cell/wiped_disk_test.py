"""A replica whose disk was lost: it is not trusted until the others have brought it up to date."""

from tests.cell.audit import audit_writes
from tests.harness import CellTest, Session, Writer, api, eventually


class WipedDisk(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.writer = Writer(self.cell.endpoints, "writer")
        self.addCleanup(self.writer.abandon)
        self.writer.start()
        eventually("500 writes are acknowledged", lambda: self.writer.count() >= 500)
        self.lost = self.cell.followers()[0]
        self.lost.kill()
        self.lost.wipe()

    def test_it_does_not_start_without_a_directory(self):
        self.lost.start()
        self.assertNotEqual(self.lost.wait_for_exit(), 0)
        self.assertIn("holdfastd init", self.lost.log_text())
        self.assertFalse(self.lost.data.exists(), "the daemon never makes a replica's directory")

    def test_a_fresh_one_that_meets_a_provisioned_peer_refuses_and_names_the_way(self):
        self.lost.init()
        self.lost.start()
        self.assertNotEqual(self.lost.wait_for_exit(), 0)
        self.assertIn("--rejoin", self.lost.log_text())

    def test_with_rejoin_it_comes_back_and_counts_again(self):
        sequencer = self.writer_lock()
        self.lost.init()
        self.lost.start("--rejoin")
        self.cell.wait_until_serving()
        other = [replica for replica in self.cell.followers() if replica is not self.lost][0]
        other.kill()
        before = self.writer.count()
        eventually("it is half of the quorum", lambda: self.writer.count() >= before + 200)
        other.start()
        self.cell.wait_until_serving()
        self.writer.stop()
        audit_writes(self, self.cell, [self.writer])
        with Session([self.lost.endpoint], name="late") as late:
            self.assertEqual(late.check(sequencer), api.SequencerState.VALID)

    def test_once_back_it_starts_without_the_flag(self):
        self.lost.init()
        self.lost.start("--rejoin")
        self.cell.wait_until_serving()
        self.assertEqual(self.lost.terminate(), 0)
        self.lost.start()
        self.cell.wait_until_serving()
        self.writer.stop()
        audit_writes(self, self.cell, [self.writer])

    def writer_lock(self):
        holder = Session(self.cell.endpoints, name="holder")
        self.addCleanup(holder.die)
        return holder.acquire("/held").sequencer


class FirstStart(CellTest):
    def test_a_new_cell_waits_for_all_its_voters(self):
        cell = self.make_cell()
        cell.voters[0].start()
        cell.voters[1].start()
        for replica in cell.voters[:2]:
            eventually(f"{replica} answers", replica.status)
        self.assertIsNone(cell.leader())
        with cell.voters[0].connect() as connection:
            with self.assertRaises(api.LockServiceError) as refused:
                connection.exists(api.ExistsRequest(header=api.RequestHeader(), path="/"))
        self.assertEqual(api.error_name(refused.exception), "NO_QUORUM")
        self.assertIsNone(cell.leader())
        cell.voters[2].start()
        cell.wait_until_serving()

    def test_a_replica_of_another_cell_is_refused(self):
        cell = self.start_cell(voters=1)
        stranger = self.make_cell(voters=1, name="other")
        stranger.start()
        stranger.wait_until_serving()
        with stranger.voters[0].connect() as connection:
            header = api.RequestHeader(cell_id=bytes.fromhex(cell.cell_id))
            with self.assertRaises(api.LockServiceError) as refused:
                connection.exists(api.ExistsRequest(header=header, path="/"))
        self.assertEqual(api.error_name(refused.exception), "WRONG_CELL")
