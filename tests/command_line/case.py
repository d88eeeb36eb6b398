"""The base of the tests that run `holdfast` against a real cell."""

import json
import os
import subprocess

from tests.harness import CellTest, programs
from tests.harness.deadline import SLOWNESS, Deadline

OK, REFUSED, UNKNOWN, USAGE, UNREACHABLE, NOT_ACQUIRED, LOST = 0, 1, 2, 64, 69, 75, 76
RUN_SECONDS = 60 * SLOWNESS


class CommandLineTest(CellTest):
    """`self.cell` is a cell of three, and `holdfast` is told where it is."""

    def setUp(self):
        self.cell = self.start_cell()
        self.environment = dict(
            os.environ, HOLDFAST_ENDPOINTS=",".join(self.cell.endpoints),
            HOME=str(self.cell.folder),
            PATH=os.path.dirname(programs.program("holdfast")) + ":" + os.environ["PATH"])

    def run_it(self, *arguments, stdin=""):
        return subprocess.run([programs.program("holdfast"), *arguments], env=self.environment,
                              text=True, input=stdin, capture_output=True, timeout=RUN_SECONDS,
                              check=False)

    def succeed(self, *arguments, stdin=""):
        done = self.run_it(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, OK, done)
        return done.stdout

    def as_json(self, *arguments):
        return json.loads(self.succeed("--output", "json", *arguments))

    def begin(self, *arguments, stdin=subprocess.DEVNULL):
        """`holdfast` in the background; it is gone when the test ends."""
        process = subprocess.Popen([programs.program("holdfast"), *arguments], env=self.environment,
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=stdin)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def code_of(self, process, seconds=30.0):
        return process.wait(timeout=Deadline(seconds).seconds)

    def next_event(self, process):
        """The next line of JSON that it prints."""
        line = process.stdout.readline()
        self.assertTrue(line, "it has ended")
        return json.loads(line)

    def held(self, name="x", *options):
        """`lock hold`, once it holds; and the sequencer."""
        holder = self.begin("lock", "hold", name, "--json", *options)
        line = self.next_event(holder)
        self.assertEqual(line["event"], "acquired")
        return holder, line["sequencer"]
