"""Waiting for something that other processes do."""

import os
import time

POLL_S = 0.02
# How much more time everything gets; the build says so where a sanitizer makes programs slow.
SLOWNESS = float(os.environ.get("HOLDFAST_SLOWNESS", "1"))


class Deadline:
    """A moment of the monotonic clock that must not pass, later where programs are slow."""

    def __init__(self, seconds):
        self.seconds = seconds * SLOWNESS
        self._ends_at = time.monotonic() + self.seconds

    def left(self):
        """Seconds until it passes; 0 when it has."""
        return max(0.0, self._ends_at - time.monotonic())

    def passed(self):
        return self.left() == 0.0


def eventually(what, happened, seconds=20.0):
    """Asks `happened` again and again until it answers something true, which is returned.

    Fails with `what`, a sentence of what was waited for, when a Deadline of `seconds` passes.
    """
    deadline = Deadline(seconds)
    while True:
        answer = happened()
        if answer:
            return answer
        if deadline.passed():
            raise AssertionError(
                f"not within {deadline.seconds:g} s: {what} (last answer: {answer!r})")
        time.sleep(POLL_S)
