"""Moments by key, of which the first is asked for."""

from __future__ import annotations

import heapq
from typing import Generic, Hashable, Optional, TypeVar

Key = TypeVar("Key", bound=Hashable)


class SortedTimes(Generic[Key]):
    """At most one moment for each key. Keys of one type that can be ordered."""

    def __init__(self) -> None:
        self._at: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def set(self, key: Key, at: Optional[int]) -> None:
        """Replaces the moment of the key; None for no moment."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            heapq.heappush(self._heap, (at, key))
        # What was replaced stays in the heap until it comes up, unless there is too much of it.
        if len(self._heap) > 64 + 2 * len(self._at):
            self._heap = [(when, which) for which, when in self._at.items()]
            heapq.heapify(self._heap)

    def first(self) -> Optional[int]:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> Optional[Key]:
        """A key whose moment has come; it has none any more."""
        first = self.first()
        if first is None or first > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._at[key]
        return key

    def clear(self) -> None:
        self._at.clear()
        self._heap.clear()
