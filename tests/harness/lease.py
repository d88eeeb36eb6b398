"""What a client may believe about its session."""

import time


class Lease:
    """The lease of a session as its client has to count it: from when it sent the request whose
    reply extended it.
    """

    def __init__(self):
        self.ended = False  # The cell said that the session is gone.
        self._until = None
        self._least_left_s = None

    def extend(self, sent_at, lease_ms):
        if lease_ms <= 0 or self.ended:
            return
        self._note()
        until = sent_at + lease_ms / 1000
        self._until = until if self._until is None else max(self._until, until)

    def end(self):
        """The cell said that the session is gone."""
        self.ended = True

    def retire(self):
        """The client has stopped; least_left() stays what it is."""
        self._note()
        self._until = None

    def runs(self):
        """The client may rely on what it holds."""
        return not self.ended and self._until is not None and time.monotonic() < self._until

    def until(self):
        """The moment of the monotonic clock at which it ends, or ended."""
        return self._until

    def least_left(self):
        """Seconds that were left at the worst moment until now; negative if it ran out."""
        self._note()
        return self._least_left_s

    def _note(self):
        if self._until is None:
            return
        left = self._until - time.monotonic()
        if self._least_left_s is None or left < self._least_left_s:
            self._least_left_s = left
