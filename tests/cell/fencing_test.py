"""Two clients fight over a lock while its holder is paused past its lease.

The holder is a process of its own (fenced_holder.py), because only a process can be stopped.
"""

import signal
import subprocess
import sys

from tests.harness import CellTest, Session, api
from tests.harness.programs import ROOT


class Holder:
    """The process, which does a step for each line that it is given."""

    def __init__(self, endpoints, lease_ms):
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", "-m",
             "tests.cell.fenced_holder", ",".join(endpoints), str(lease_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def hear(self):
        return self._child.stdout.readline().strip()

    def do(self, step):
        self._child.stdin.write(step + "\n")
        self._child.stdin.flush()
        return self.hear()

    def pause(self):
        self._child.send_signal(signal.SIGSTOP)

    def resume(self):
        self._child.send_signal(signal.SIGCONT)

    def close(self):
        self._child.kill()
        self._child.wait()
        self._child.stdin.close()
        self._child.stdout.close()


class Fencing(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.rival = Session(self.cell.endpoints, name="rival", first=1)
        self.addCleanup(self.rival.die)
        self.rival.create("/data", b"empty")
        self.holder = Holder(self.cell.endpoints, lease_ms=1500)
        self.addCleanup(self.holder.close)
        self.sequencer = self.holder.hear()
        self.assertEqual(self.rival.check(self.sequencer), api.SequencerState.VALID)

    def test_a_write_of_the_paused_holder_comes_too_late(self):
        self.assertEqual(self.holder.do("write"), "written")
        self.holder.pause()
        grant = self.rival.acquire("/lock", wait_s=30)
        self.rival.set("/data", b"the rival's", guard=grant.sequencer)
        self.holder.resume()
        self.assertEqual(self.holder.do("believe"), "no")
        self.assertIn(self.holder.do("write"), ("SESSION_EXPIRED", "STALE_SEQUENCER"))
        self.assertEqual(self.rival.get("/data").contents, b"the rival's")

    def test_a_server_that_checks_its_sequencer_refuses_it(self):
        self.holder.pause()
        grant = self.rival.acquire("/lock", wait_s=30)
        self.holder.resume()
        self.assertEqual(self.rival.check(self.sequencer), api.SequencerState.STALE)
        self.assertEqual(self.rival.check(grant.sequencer), api.SequencerState.VALID)
        old_generation = int(self.sequencer.split(":")[2], 16)
        self.assertGreater(grant.generation, old_generation)

    def test_a_third_partys_write_under_the_old_sequencer_is_refused(self):
        self.holder.pause()
        grant = self.rival.acquire("/lock", wait_s=30)
        with self.assertRaises(api.LockServiceError) as refused:
            self.rival.set("/data", b"late", guard=self.sequencer)
        self.assertEqual(api.error_name(refused.exception), "STALE_SEQUENCER")
        self.rival.set("/data", b"in time", guard=grant.sequencer)

    def test_the_holder_may_ask_again_and_waits_behind_the_rival(self):
        self.holder.pause()
        grant = self.rival.acquire("/lock", wait_s=30)
        self.holder.resume()
        self.assertEqual(self.holder.do("again"), "LOCK_HELD")
        self.rival.release("/lock")
        renewed = self.holder.do("again")
        self.assertEqual(self.rival.check(renewed), api.SequencerState.VALID)
        self.assertNotEqual(renewed, grant.sequencer)
