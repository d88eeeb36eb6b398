"""A leader that stands still (SIGSTOP) is replaced, and nobody believes it when it goes on."""

import threading
import time

from tests.harness import CellTest, Session, api, eventually

LEASE_MS = 2000


class StalledLeader(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.old = self.cell.wait_for_leader()
        self.others = [replica for replica in self.cell.voters if replica is not self.old]

    def test_a_new_leader_is_there_soon_and_the_old_one_follows(self):
        with Session([one.endpoint for one in self.others], name="client") as client:
            client.create("/x", b"before")
            self.old.pause()
            paused_at = time.monotonic()
            client.set("/x", b"after")
            took = time.monotonic() - paused_at
            self.say(f"a write was answered {took:.2f} s after the leader stopped")
            self.assertLess(took, 5.0)
            self.old.resume()
            eventually("the stalled leader follows", lambda: self.follows(self.old))
            with Session([self.old.endpoint], name="late") as late:
                self.assertEqual(late.get("/x").contents, b"after")

    def test_its_client_does_not_believe_past_the_cells_decision(self):
        holder = Session([self.old.endpoint], name="holder", lease_ms=LEASE_MS)
        self.addCleanup(holder.die)
        waiter = Session([one.endpoint for one in self.others], name="waiter")
        self.addCleanup(waiter.die)
        sequencer = holder.acquire("/lock").sequencer
        self.old.pause()
        waiter.acquire("/lock", wait_s=30)
        self.assertFalse(holder.lease.runs(), "two believe that they hold the lock")
        self.old.resume()
        self.never_believes(holder, seconds=2 * LEASE_MS / 1000)
        eventually("the holder hears that its session is gone", lambda: holder.lease.ended)
        self.assertEqual(waiter.check(sequencer), api.SequencerState.STALE)

    def test_a_read_that_it_had_taken_is_not_answered_from_the_past(self):
        client = Session([one.endpoint for one in self.others], name="client")
        self.addCleanup(client.die)
        client.create("/x", b"before")
        connection = self.old.connect(timeout_s=30)
        self.addCleanup(connection.close)
        answers = []
        self.old.pause()
        reader = threading.Thread(target=lambda: answers.append(self.read(connection)))
        reader.start()
        client.set("/x", b"after")
        self.old.resume()
        reader.join(25)
        self.assertIn(answers, ([b"after"], ["NO_QUORUM"], ["TIMEOUT"]))

    def read(self, connection):
        try:
            return connection.get(
                api.GetRequest(header=api.RequestHeader(), path="/x")).contents
        except api.LockServiceError as refusal:
            return api.error_name(refusal)

    def follows(self, replica):
        status = replica.status()
        return (status is not None and status.replica.serving
                and status.replica.role == api.ReplicaRole.FOLLOWER)

    def never_believes(self, session, seconds):
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self.assertFalse(session.lease.runs(), "it believes again after the cell's decision")
            time.sleep(0.01)
