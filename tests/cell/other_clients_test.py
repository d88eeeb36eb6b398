"""The programs of docs/clients.md in other languages, against a real cell.

Each says HOLDS and its sequencer, waits for a line, and goes on if it may still believe in its
lock.
"""

import signal
import subprocess
import time

from tests.harness import CellTest, Session, api
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import program

LOCK = "/reports/nightly"
LEASE_S = 6  # As the programs ask for.


class OtherClient:
    """The tests; a class below adds the language."""

    language = None
    written = None

    def setUp(self):
        self.cell = self.start_cell()
        self.watcher = Session(self.cell.endpoints, name="watcher")
        self.addCleanup(self.watcher.die)

    def start_client(self):
        """The client once it holds the lock, and its sequencer. It begins at the leader."""
        leader = self.cell.wait_for_leader()
        endpoints = [leader.endpoint] + [
            replica.endpoint for replica in self.cell.voters if replica is not leader]
        client = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program(f"holdfast_report_{self.language}"),
             ",".join(endpoints)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, client)
        said = client.stdout.readline().split()
        self.assertEqual(said[:1], ["HOLDS"], said)
        self.assertEqual(self.watcher.check(said[1]), api.SequencerState.VALID)
        return client, said[1]

    @staticmethod
    def end(client):
        client.kill()
        client.wait()
        for pipe in (client.stdin, client.stdout, client.stderr):
            pipe.close()

    def gives_up(self, client):
        """It must see that the lock may be another's, and do no more."""
        said, complaint = client.communicate("\n", timeout=40 * SLOWNESS)
        self.assertEqual(said, "")
        self.assertIn("the lock may be another's by now", complaint)
        self.assertNotEqual(client.returncode, 0)

    def test_a_lock_is_kept_past_the_lease_and_through_the_loss_of_the_leader(self):
        client, sequencer = self.start_client()
        time.sleep(1.5 * LEASE_S)
        self.assertEqual(self.watcher.check(sequencer), api.SequencerState.VALID)

        self.cell.leader().kill()
        said, complaint = client.communicate("\n", timeout=40 * SLOWNESS)
        self.assertEqual(
            said.splitlines(), [f"STILL HOLDS {sequencer}", "RELEASED"], complaint)
        self.assertEqual(client.returncode, 0, complaint)
        self.assertEqual(self.watcher.get(LOCK).contents, self.written)
        self.assertEqual(self.watcher.check(sequencer), api.SequencerState.STALE)
        sessions = self.watcher.read("list_sessions", api.ListSessionsRequest).sessions
        self.assertEqual([session.client_name for session in sessions], ["watcher"])

    def test_who_slept_past_the_lease_does_not_believe_in_the_lock(self):
        client, sequencer = self.start_client()
        client.send_signal(signal.SIGSTOP)
        self.watcher.acquire(LOCK, wait_s=4 * LEASE_S)
        self.watcher.set(LOCK, b"written by the next")
        client.send_signal(signal.SIGCONT)
        self.gives_up(client)
        self.assertEqual(self.watcher.get(LOCK).contents, b"written by the next")
        self.assertEqual(self.watcher.check(sequencer), api.SequencerState.STALE)

    def test_a_broken_lock_passes_on_when_the_client_has_heard_of_it(self):
        client, _ = self.start_client()
        broken = self.watcher.change(
            "break_lock", api.BreakLockRequest, path=LOCK, reason="a test",
            operator_name="somebody")
        self.assertEqual([party.client_name for party in broken.broken], ["report"])
        began = time.monotonic()
        self.watcher.acquire(LOCK, wait_s=4 * LEASE_S)
        took_s = time.monotonic() - began
        self.say(f"the broken lock passed on after {took_s:.2f} s")
        self.assertLess(took_s, broken.delay_ms / 1000, "had nobody acknowledged, so long")
        self.gives_up(client)


class Go(OtherClient, CellTest):
    language = "go"
    written = b"written in Go"


class Java(OtherClient, CellTest):
    language = "java"
    written = b"written in Java"


class NodeJs(OtherClient, CellTest):
    language = "nodejs"
    written = b"written in Node.js"
