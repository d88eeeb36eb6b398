"""Thrift's own libraries of other languages, as Debian has them, keep a lock through the loss of
the leader.

Each client is a program of its own (stock_client.py, stock_client.pl) that holds the same
conversation with this test: it says HOLDS and its sequencer, waits for a line, and goes on.
"""

import subprocess
import sys
import tempfile

from tests.harness import CellTest, Session, api
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT


class StockClient(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.watcher = Session(self.cell.endpoints, name="watcher")
        self.addCleanup(self.watcher.die)
        self.watcher.create("/report", b"nothing yet")

    def keeps_a_lock_through_the_loss_of_the_leader(self, command):
        """The command gets two more arguments: the endpoints, and the folder of generated code."""
        leader = self.cell.leader()
        endpoints = [leader.endpoint] + [
            replica.endpoint for replica in self.cell.voters if replica is not leader]
        client = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command[:-1], ",".join(endpoints), command[-1]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.addCleanup(self.end, client)
        word, sequencer = client.stdout.readline().split(maxsplit=1)
        sequencer = sequencer.strip()
        self.assertEqual(word, "HOLDS")
        self.assertEqual(self.watcher.check(sequencer), api.SequencerState.VALID)

        leader.kill()
        said, _ = client.communicate("the leader is dead\n", timeout=40 * SLOWNESS)
        self.assertEqual(said.splitlines(), [f"STILL HOLDS {sequencer}", "WROTE", "RELEASED"])
        self.assertEqual(client.returncode, 0)
        self.assertEqual(self.watcher.get("/report").contents, b"written under the lock")
        self.assertEqual(self.watcher.check(sequencer), api.SequencerState.STALE)
        leader.start()
        self.cell.wait_until_serving()

    @staticmethod
    def end(client):
        client.kill()
        client.wait()
        client.stdin.close()
        client.stdout.close()

    def generated(self, language):
        """A folder with what Thrift's compiler makes for that language."""
        folder = tempfile.TemporaryDirectory(prefix="holdfast-api-")
        self.addCleanup(folder.cleanup)
        subprocess.run(["thrift", "--gen", language, "-out", folder.name,
                        ROOT / "thrift/lockservice.thrift"], check=True)
        return folder.name


class Python(StockClient):
    def run_with(self, protocol):
        program = [sys.executable, "-B", "tests/cell/stock_client.py", protocol]
        self.keeps_a_lock_through_the_loss_of_the_leader(program + [self.generated("py")])

    def test_with_the_binary_protocol(self):
        self.run_with("binary")

    def test_with_the_compact_protocol(self):
        self.run_with("compact")


class Perl(StockClient):
    def test_with_the_binary_protocol(self):
        program = ["perl", "tests/cell/stock_client.pl"]
        self.keeps_a_lock_through_the_loss_of_the_leader(program + [self.generated("perl")])
