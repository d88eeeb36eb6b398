"""`./dev run` from start to Ctrl-C, twice on the same data."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile

from tests.harness import CellTest, Session, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.process import Process
from tests.harness.programs import ROOT, bin_dir


def free_base_port(replicas=3):
    """A number for --base-port whose ports nobody has, below those of outgoing connections."""
    dice = random.SystemRandom()
    while True:
        base = dice.randint(10_000, 32_000)
        if all(is_free(base + place + step) for place in range(replicas) for step in (0, 100)):
            return base


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class DevRun(CellTest):
    seconds_max = 150

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-run-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.output = self.folder / "output"
        self.command = None

    def start(self, *options):
        self.command = Process(
            [ROOT / "dev", "run", "--data", self.folder / "cell", *options], self.output,
            {"HOLDFAST_BIN_DIR": str(bin_dir())})
        self.addCleanup(self.command.kill)

    def said(self):
        return self.output.read_text()

    def ctrl_c(self):
        os.killpg(self.command.pid, signal.SIGINT)
        self.assertEqual(self.command.wait(30), 0, self.said())

    def wait_until_it_serves(self):
        eventually("it says what to try",
                   lambda: "Ctrl-C stops the cell" in self.said() or self.ended(), 60)
        self.assertTrue(self.command.is_running(), self.said())

    def ended(self):
        return not self.command.is_running()

    def test_it_serves_stops_cleanly_and_has_its_data_again(self):
        base = free_base_port()
        endpoints = [f"127.0.0.1:{base + place}" for place in range(3)]
        self.start("--base-port", str(base))
        self.wait_until_it_serves()
        self.assertIn(",".join(endpoints), self.said())
        with Session(endpoints, name="first") as session:
            session.create("/greeting", b"hello")
        self.ctrl_c()
        self.assertIn("Stopped", self.said())
        for endpoint in endpoints:
            self.assertTrue(is_free(int(endpoint.rsplit(":", 1)[1])), endpoint)

        self.output.unlink()
        self.start()
        self.wait_until_it_serves()
        with Session(endpoints, name="second") as session:
            self.assertEqual(session.get("/greeting").contents, b"hello")
        self.ctrl_c()

    def test_a_single_replica_serves_too(self):
        base = free_base_port(replicas=1)
        self.start("--single", "--base-port", str(base))
        self.wait_until_it_serves()
        with Session([f"127.0.0.1:{base}"], name="only") as session:
            session.create("/greeting", b"hello")
        self.ctrl_c()

    def test_a_second_one_on_the_same_data_is_refused(self):
        self.start("--single", "--base-port", str(free_base_port(replicas=1)))
        self.wait_until_it_serves()
        second = subprocess.run(
            [ROOT / "dev", "run", "--single", "--data", self.folder / "cell"], text=True,
            capture_output=True, timeout=30 * SLOWNESS, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOLDFAST_BIN_DIR": str(bin_dir())})
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("already running", second.stderr)
        self.ctrl_c()
