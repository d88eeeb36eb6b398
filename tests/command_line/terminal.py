"""A terminal that a test types into."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from tests.harness.deadline import Deadline, eventually

CTRL_C, CTRL_D, CTRL_Z, TAB, UP = "\x03", "\x04", "\x1a", "\t", "\x1b[A"


class Terminal:
    """Runs a command as the leader of the terminal's session."""

    def __init__(self, command, environment, columns=80):
        self.screen = ""  # All that it ever showed.
        self._seen = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._child = subprocess.Popen(
            command, env=dict(environment, TERM="dumb"), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def type(self, text):
        os.write(self._master, text.encode())

    def expect(self, pattern, seconds=30.0):
        """The match of what it shows, after what was expected before."""
        deadline = Deadline(seconds)
        while True:
            match = re.compile(pattern).search(self.screen, self._seen)
            if match:
                self._seen = match.end()
                return match
            if not self._read(deadline):
                raise AssertionError(f"not within {deadline.seconds:g} s: {pattern!r}; the "
                                     f"terminal shows {self.screen[self._seen:]!r} after "
                                     f"{self.screen[:self._seen][-200:]!r}")

    def expect_prompt(self, prompt, seconds=30.0):
        """The prompt, and that a line is edited: keys before that would be the terminal's own."""
        match = self.expect(prompt, seconds)
        eventually("a line is edited",
                   lambda: not termios.tcgetattr(self._master)[3] & termios.ICANON, seconds)
        return match

    def read_to_end(self, seconds=30.0):
        """All that it shows until the command has ended."""
        deadline = Deadline(seconds)
        while self._read(deadline):
            pass
        self._child.wait(max(1.0, deadline.left()))
        return self.screen

    def settle(self, seconds):
        """Lets it run for a while."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self._read(Deadline(0.05))

    def _read(self, deadline):
        ready, _, _ = select.select([self._master], [], [], deadline.left())
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Nobody has the other side any more.
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)

    def close(self):
        self._child.kill()
        self._child.wait()
        os.close(self._master)
