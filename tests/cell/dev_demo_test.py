"""`./dev demo` tells its story to the end."""

import os
import subprocess

from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT, bin_dir


class DevDemo(CellTest):
    def test_it_ends_by_itself_and_shows_what_it_promises(self):
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "TERM", ROOT / "dev", "demo"], capture_output=True,
            text=True, timeout=60 * SLOWNESS, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOLDFAST_BIN_DIR": str(bin_dir())})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for promise in ("SIGKILL", "the same sequencer", "STALE_SEQUENCER"):
            self.assertIn(promise, done.stdout)
