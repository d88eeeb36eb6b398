"""Waiting for something that other processes do."""

import time

POLL_S = 0.02


class Deadline:
    """A moment of the monotonic clock that must not pass."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._ends_at = time.monotonic() + seconds

    def left(self):
        """Seconds until it passes; 0 when it has."""
        return max(0.0, self._ends_at - time.monotonic())

    def passed(self):
        return self.left() == 0.0


def eventually(what, happened, seconds=20.0):
    """Asks `happened` again and again until it answers something true, which is returned.

    Fails with `what`, a sentence of what was waited for, when that takes more than `seconds`.
    """
    deadline = Deadline(seconds)
    while True:
        answer = happened()
        if answer:
            return answer
        if deadline.passed():
            raise AssertionError(f"not within {seconds:g} s: {what} (last answer: {answer!r})")
        time.sleep(POLL_S)
