"""The highest generation seen of each lock, and which confirmations of the cell still count."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import NamedTuple, Optional

from ..sequencer import Sequencer

Lock = tuple[int, str]  # The cell's prefix and the path.


class HighWater(NamedTuple):
    """The highest generation that was seen of one lock."""

    cell_prefix: int
    path: str
    generation: int


class Finding(enum.Enum):
    OVERTAKEN = "overtaken"  # A higher generation was seen: the sequencer is stale.
    KNOWN = "known"  # Its generation is the highest seen.
    HIGHER = "higher"  # Higher than all seen: raise_to() before it is accepted.
    FULL = "full"  # It is of a further lock, and there is no room for one.


class HighWaterMarks:
    def __init__(self, locks_max: int) -> None:
        self._locks_max = locks_max
        self._marks: dict[Lock, int] = {}

    def __len__(self) -> int:
        return len(self._marks)

    def find(self, sequencer: Sequencer) -> Finding:
        mark = self._marks.get((sequencer.cell_prefix, sequencer.path))
        if mark is None:
            return Finding.HIGHER if len(self._marks) < self._locks_max else Finding.FULL
        if sequencer.generation < mark:
            return Finding.OVERTAKEN
        return Finding.KNOWN if sequencer.generation == mark else Finding.HIGHER

    def raise_to(self, mark: HighWater) -> None:
        """Never lowers a mark."""
        lock = mark.cell_prefix, mark.path
        self._marks[lock] = max(self._marks.get(lock, 0), mark.generation)

    def mark(self, prefix: int, path: str) -> int:
        """0 if the lock was not seen."""
        return self._marks.get((prefix, path), 0)

    def all(self) -> list[HighWater]:
        return [HighWater(prefix, path, generation)
                for (prefix, path), generation in self._marks.items()]


class Confirmations:
    """That the cell has called a sequencer valid, and when it was asked. The oldest are forgotten
    when there are too many: that costs a further question and nothing else.
    """

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._asked_at: OrderedDict[str, int] = OrderedDict()

    def asked_at(self, sequencer: str) -> Optional[int]:
        return self._asked_at.get(sequencer)

    def confirm(self, sequencer: str, asked_at: int) -> None:
        self._asked_at[sequencer] = max(asked_at, self._asked_at.get(sequencer, asked_at))
        self._asked_at.move_to_end(sequencer)
        while len(self._asked_at) > self._count_max:
            self._asked_at.popitem(last=False)

    def forget(self, sequencer: str) -> None:
        self._asked_at.pop(sequencer, None)


CONFIRMED_MAX = 1_000  # Sequencers of one lock.
AsOf = tuple[int, int]  # Changes of the lock, and how often the session was in jeopardy.


class Followed:
    """One lock that is followed by a watch: a sequencer that the cell has called valid counts until
    something happens to the lock, or until the session was in jeopardy, when news may be late.

    on_change() and on_ended() are called by another thread than the others. What is confirmed too
    late is of an older state, and counts for nothing.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.has_ended = False
        self._valid: dict[str, AsOf] = {}

    def on_change(self) -> None:
        self.changes += 1

    def on_ended(self) -> None:
        """Nothing is heard of the lock any more: nothing counts from now on."""
        self.has_ended = True

    def is_valid(self, sequencer: str, as_of: AsOf) -> bool:
        """`as_of`: of now."""
        return not self.has_ended and self._valid.get(sequencer) == as_of

    def confirm(self, sequencer: str, as_of: AsOf) -> None:
        """`as_of`: of before the cell was asked. All of one lock that are valid at one state are
        kept, those of older states are not, and not more than so many."""
        is_new_state = any(old != as_of for old in list(self._valid.values())[:1])
        if is_new_state or len(self._valid) >= CONFIRMED_MAX:
            self._valid = {}
        self._valid[sequencer] = as_of
