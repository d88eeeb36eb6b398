"""A replica that is cut off from its peers, while its clients still reach it, keeps nobody alive.
"""

from tests.harness import CellTest, Session, api, eventually

LEASE_MS = 2000


class CutOff(CellTest):
    def client_of_a_cut_off_replica_loses_its_lock(self, cell, replica):
        others = [one for one in cell.voters if one is not replica]
        holder = Session([replica.endpoint], name="holder", lease_ms=LEASE_MS)
        self.addCleanup(holder.die)
        waiter = Session([one.endpoint for one in others], name="waiter")
        self.addCleanup(waiter.die)
        sequencer = holder.acquire("/lock").sequencer
        cell.isolate(replica)
        waiter.acquire("/lock", wait_s=30)
        self.assertFalse(holder.lease.runs(), "two believe that they hold the lock")
        self.assertFalse(holder.lease.ended, "a replica that is cut off cannot know that")
        cell.rejoin_network(replica)
        eventually("the holder hears that its session is gone", lambda: holder.lease.ended)
        self.assertEqual(waiter.check(sequencer), api.SequencerState.STALE)
        cell.wait_until_serving()

    def test_the_client_of_a_follower_does_not_believe_past_the_cells_decision(self):
        cell = self.start_cell(with_links=True)
        self.client_of_a_cut_off_replica_loses_its_lock(cell, cell.followers()[0])

    def test_the_client_of_a_leader_does_not_believe_past_the_cells_decision(self):
        cell = self.start_cell(with_links=True)
        self.client_of_a_cut_off_replica_loses_its_lock(cell, cell.wait_for_leader())

    def test_it_answers_stale_reads_only(self):
        cell = self.start_cell(with_links=True)
        follower = cell.followers()[0]
        with Session([cell.leader().endpoint], name="client") as client:
            client.create("/x", b"before")
            with Session([follower.endpoint], name="reader") as reader:
                self.assertEqual(reader.get("/x").contents, b"before")
            cell.isolate(follower)
            client.set("/x", b"after")
        with follower.connect() as connection:
            header = api.RequestHeader(timeout_ms=1000)
            stale = connection.get(api.GetRequest(header=header, path="/x", stale_ok=True))
            self.assertEqual(stale.contents, b"before")
            with self.assertRaises(api.LockServiceError) as refused:
                connection.get(api.GetRequest(header=header, path="/x"))
            self.assertIn(api.error_name(refused.exception), ("NO_QUORUM", "TIMEOUT"))
        cell.rejoin_network(follower)
        cell.wait_until_serving()
        with Session([follower.endpoint], name="reader") as reader:
            self.assertEqual(reader.get("/x").contents, b"after")
