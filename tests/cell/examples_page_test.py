"""What docs/examples.md shows in the shell does what it says."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from tests.python import package  # Before tests.harness, which uses the same generated code.

from tests.docs import pages
from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS, eventually
from tests.harness.process import Process
from tests.harness.programs import ROOT, bin_dir

PAGE = "docs/examples.md"


class Page(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        folder = tempfile.TemporaryDirectory(prefix="holdfast-examples-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "client").symlink_to(ROOT / "client")
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "python3").symlink_to(sys.executable)
        self.environment = {
            **os.environ, "HOLDFAST_ENDPOINTS": ",".join(self.cell.endpoints),
            "HOLDFAST_STORAGE": self.cell.spare_endpoint(), "PYTHONPATH": package.FOLDER,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{self.folder}/bin:{bin_dir()}:{os.environ['PATH']}"}

    def test_the_commands(self):
        [start] = pages.blocks(PAGE, "sh")
        log = self.folder / "server.log"
        server = Process(["bash", "-c", f"cd {self.folder}; exec {start}"], log, self.environment)
        self.addCleanup(server.kill)
        eventually("the server serves", lambda: "serves" in log.read_text())
        self.addCleanup(self.end_writer)
        shown = [pair for block in pages.blocks(PAGE, "console") for pair in pages.commands(block)]
        self.assertGreater(len(shown), 15)
        for command, output in shown:
            with self.subTest(command):
                ran = subprocess.run(
                    ["bash", "-c", command], cwd=self.folder, env=self.environment, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SLOWNESS)
                self.assertRegex(
                    ran.stdout, "^" + re.escape(output).replace("…", "[^\n]*") + r"\Z")

    def end_writer(self):
        """The last one that stopped itself, if a command before failed."""
        pid = self.folder / "pid"
        number = int(pid.read_text()) if pid.exists() else 0
        folder = pathlib.Path(f"/proc/{number}/cwd")
        if number and folder.exists() and folder.resolve() == self.folder.resolve():
            os.kill(number, signal.SIGKILL)
