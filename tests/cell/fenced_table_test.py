"""The table of docs/examples.md refuses who does not hold the lock any more."""

import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from tests.python import package  # Before tests.harness, which uses the same generated code.

from tests.cell.stopped_writer import StoppedWriter
from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT


class FencedTable(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        folder = tempfile.TemporaryDirectory(prefix="holdfast-bank-")
        self.addCleanup(folder.cleanup)
        self.database = pathlib.Path(folder.name) / "bank.db"

    def command(self, *arguments):
        return [sys.executable, "-B", ROOT / "client/example/fenced_table.py", "--database",
                self.database, "--endpoints", ",".join(self.cell.endpoints), *arguments]

    environment = {"PYTHONPATH": package.FOLDER}

    def run_it(self, *arguments):
        """(exit code, output)."""
        ran = subprocess.run(
            self.command(*arguments), env={**os.environ, **self.environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SLOWNESS)
        return ran.returncode, ran.stdout

    def stopped(self, *arguments):
        writer = StoppedWriter(
            self.command("--lease", "1.5", "--stop", *arguments), self.environment)
        self.addCleanup(writer.close)
        return writer

    def accounts(self):
        return dict(line.split() for line in self.run_it("show")[1].splitlines())

    def test_a_writer_that_was_stopped_past_its_lease_is_refused_as_a_whole(self):
        self.assertEqual(self.run_it("deposit", "alice", "100"), (0, "written\n"))
        late = self.stopped("transfer", "alice", "bob", "30")
        self.assertEqual(self.run_it("transfer", "alice", "carol", "50"), (0, "written\n"))
        code, said = late.go_on()
        self.assertRegex(said, r"^refused: a later holder of /bank than \d+ has written\n$")
        self.assertEqual(code, 1)
        self.assertEqual(self.accounts(), {"alice": "50", "carol": "50"})

    def test_a_holder_that_is_in_time_writes_after_every_change_of_hands(self):
        for total in (1, 2, 3):
            self.assertEqual(self.run_it("deposit", "alice", "1"), (0, "written\n"))
            self.assertEqual(self.accounts(), {"alice": str(total)})
        with sqlite3.connect(self.database) as database:
            [(path, generation)] = database.execute("SELECT * FROM fences")
        self.assertEqual(path, "/bank")
        self.assertGreater(generation, 0)

    def test_what_fails_leaves_nothing_behind(self):
        self.assertEqual(self.run_it("deposit", "alice", "10"), (0, "written\n"))
        code, said = self.run_it("transfer", "alice", "bob", "11")
        self.assertEqual(code, 2)
        self.assertIn("CHECK constraint failed", said)
        self.assertEqual(self.accounts(), {"alice": "10"})

    def test_without_the_cell_nobody_gets_to_write(self):
        self.cell.kill()
        code, said = self.run_it("deposit", "alice", "1")
        self.assertEqual(code, 2)
        self.assertIn("NO_QUORUM", said)
        self.assertEqual(self.accounts(), {})
