"""A writer that stops itself."""

import os
import signal
import subprocess

from tests.harness.deadline import SLOWNESS


class StoppedWriter:
    """A command that says "stops" and stops itself before it writes."""

    def __init__(self, command, environment=None):
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdout=subprocess.PIPE,
            text=True, env={**os.environ, **(environment or {})})
        said = self._child.stdout.readline()
        assert said == "stops\n", said
        os.waitid(os.P_PID, self._child.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self):
        """(exit code, what it said since)."""
        self._child.send_signal(signal.SIGCONT)
        said, _ = self._child.communicate(timeout=60 * SLOWNESS)
        return self._child.returncode, said

    def close(self):
        self._child.kill()
        self._child.wait()
        self._child.stdout.close()
