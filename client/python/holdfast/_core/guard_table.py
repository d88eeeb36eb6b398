"""The locks that a session holds as far as it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..values import Event, LockGrant


@dataclass
class Guard:
    path: str
    owner: int
    grant: LockGrant
    lost_at_jeopardy: bool = False
    is_doubtful: bool = False  # Events were lost: the cell is being asked.


class GuardTable:
    """A guard leaves the table when it is lost or released, and never comes back."""

    def __init__(self) -> None:
        self._guards: dict[int, Guard] = {}
        self._of_hold: dict[tuple[str, int], list[int]] = {}
        self._newest = 0

    def add(self, guard: Guard) -> int:
        self._newest += 1
        self._guards[self._newest] = guard
        self._of_hold.setdefault((guard.path, guard.owner), []).append(self._newest)
        return self._newest

    def ids(self) -> list[int]:
        return list(self._guards)

    def find(self, guard: int) -> Optional[Guard]:
        return self._guards.get(guard)

    def take(self, guard: int) -> Optional[Guard]:
        taken = self._guards.pop(guard, None)
        if taken is not None:
            of_hold = self._of_hold[taken.path, taken.owner]
            of_hold.remove(guard)
            if not of_hold:
                del self._of_hold[taken.path, taken.owner]
        return taken

    def of(self, path: str, owner: int, acquisition: int) -> list[int]:
        """The guards of that acquisition."""
        return [guard for guard in self._of_hold.get((path, owner), ())
                if self._guards[guard].grant.acquisition == acquisition]

    def of_hold(self, path: str, owner: int) -> list[int]:
        """Those of any acquisition."""
        return list(self._of_hold.get((path, owner), ()))

    def lost_by(self, event: Event) -> list[int]:
        """The guards that a LOCK_LOST of this session concerns."""
        return self.of(event.path, event.owner or 0, event.acquisition or 0)

    def lost_at_jeopardy(self) -> list[int]:
        return [guard for guard, facts in self._guards.items() if facts.lost_at_jeopardy]
