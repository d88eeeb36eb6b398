"""The clock by which leases are believed: monotonic, and it goes on while the machine sleeps."""

from __future__ import annotations

import time
from typing import Optional

from .errors import bad_argument

# Python's monotonic clock stands still during suspension on Linux, and a lock would be believed for
# too long.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
SECONDS_MAX = 10**9


def now_ms() -> int:
    return time.clock_gettime_ns(_CLOCK) // 1_000_000


def to_ms(seconds: Optional[float], what: str = "The time") -> Optional[int]:
    """Whole milliseconds, rounded up, so that little is not nothing; None stays None."""
    if seconds is None:
        return None
    if not 0 <= seconds <= SECONDS_MAX:
        raise bad_argument(f"{what} must be between 0 and {SECONDS_MAX} seconds: {seconds!r}")
    return -int(-seconds * 1000 // 1)
