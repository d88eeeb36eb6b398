"""What a client may believe of its lease."""

from __future__ import annotations

import enum
from typing import NamedTuple, Optional

from ..values import SessionState


class Extension(NamedTuple):
    """A reply says that the lease runs for so long from when its request was sent."""

    sent_at: int
    lease_ms: int


class Change(enum.Enum):
    JEOPARDY = "jeopardy"
    SAFE = "safe"
    EXPIRED = "expired"


class LeaseClock:
    """The lease ends here before it can end in the cell.

    It is counted from the sending of the request whose reply extends it, less a margin for clocks
    that do not run at the same rate: a 64th of the lease, far more than clocks differ.
    """

    MARGIN_DIVISOR = 64

    def __init__(self, grace_ms: int) -> None:
        self._grace_ms = grace_ms
        self.state = SessionState.LIVE
        self.deadline = 0  # Until then it is live; meaningless before the first extension.

    def advance(self, now: int) -> Optional[Change]:
        """Time has come to `now`. To be called again until it answers None."""
        if self.state is SessionState.LIVE and now >= self.deadline:
            self.state = SessionState.JEOPARDY
            return Change.JEOPARDY
        if self.state is SessionState.JEOPARDY and now >= self.deadline + self._grace_ms:
            self.state = SessionState.EXPIRED
            return Change.EXPIRED
        return None

    def extend(self, now: int, extension: Extension) -> Optional[Change]:
        """SAFE if that ends the jeopardy. Never shortens the lease."""
        if self.state in (SessionState.EXPIRED, SessionState.CLOSED):
            return None
        margin = extension.lease_ms // self.MARGIN_DIVISOR + 1
        deadline = extension.sent_at + extension.lease_ms - margin
        # An answer that comes too late confirms nothing, and must not prolong the grace period.
        if deadline <= now:
            return None
        self.deadline = max(self.deadline, deadline)
        if self.state is not SessionState.JEOPARDY:
            return None
        self.state = SessionState.LIVE
        return Change.SAFE

    def expire(self) -> None:
        self.state = SessionState.EXPIRED

    def close(self) -> None:
        self.state = SessionState.CLOSED

    def wake_at(self) -> Optional[int]:
        """When advance() has something to say; None when the session is over."""
        if self.state is SessionState.LIVE:
            return self.deadline
        if self.state is SessionState.JEOPARDY:
            return self.deadline + self._grace_ms
        return None
