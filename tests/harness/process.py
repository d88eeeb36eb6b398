"""One process of ours."""

import os
import pathlib
import signal
import subprocess

from tests.harness.deadline import Deadline


class Process:
    """A program that runs in the background, with all that it says in a file.

    It dies with the test, even if that is killed. To be made in the main thread: the kernel ties
    a child's life to the thread that started it.
    """

    def __init__(self, command, log, environment=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})},
                start_new_session=True)

    @property
    def pid(self):
        return self._child.pid

    def is_running(self):
        return self._child.poll() is None

    def send(self, signal_number):
        if self.is_running():
            os.kill(self.pid, signal_number)

    def kill(self):
        """SIGKILL, also of a stopped one; returns when it is gone."""
        self.send(signal.SIGKILL)
        self._child.wait()

    def wait(self, seconds):
        """Its exit status, negative for a signal; fails if it does not end in time."""
        deadline = Deadline(seconds)
        try:
            return self._child.wait(deadline.seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.log.name}: still runs after {deadline.seconds:g} s") from None

    def stop(self, seconds=20.0):
        """SIGTERM, and its exit status."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)
