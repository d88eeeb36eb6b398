"""The watches of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..values import Event, EventKind, EventName

INDEX_MAX = 2**31 - 1


@dataclass(frozen=True)
class WatchOptions:
    path: str
    kinds: frozenset[EventKind]
    recursive: bool = False
    after: Optional[EventName] = None  # Begin with the first event after this one.


@dataclass
class Watch:
    options: WatchOptions
    call: int  # Who is to hear that it stands; 0 once he has.
    active_from: int = 0  # 0 until it stands.


def is_ancestor(ancestor: str, path: str) -> bool:
    """Whether `ancestor` is above `path`, not equal to it."""
    if ancestor == "/":
        return path != "/"
    return path.startswith(ancestor + "/")


def wants(watch: Watch, event: Event) -> bool:
    if event.kind == EventKind.EVENTS_LOST:
        return True
    if event.kind not in watch.options.kinds or event.name.zxid < watch.active_from:
        return False
    if watch.options.after is not None and event.name <= watch.options.after:
        return False
    # The change of leader concerns the whole cell, whatever path is watched.
    if event.kind == EventKind.LEADER_CHANGED or event.path == watch.options.path:
        return True
    return watch.options.recursive and is_ancestor(watch.options.path, event.path)


class WatchTable:
    """A watch lives at a replica as long as the connection; on a new one each is made again, from
    behind the events that the session has got.
    """

    def __init__(self) -> None:
        self._watches: dict[int, Watch] = {}
        self._unmade: dict[int, None] = {}  # In order.
        self._newest = 0

    def add(self, options: WatchOptions, call: int) -> int:
        self._newest += 1
        self._watches[self._newest] = Watch(options, call)
        self._unmade[self._newest] = None
        return self._newest

    def find(self, watch: int) -> Optional[Watch]:
        return self._watches.get(watch)

    def all(self) -> list[tuple[int, Watch]]:
        return list(self._watches.items())

    def erase(self, watch: int) -> None:
        self._watches.pop(watch, None)
        self._unmade.pop(watch, None)

    def clear(self) -> None:
        self._watches.clear()
        self._unmade.clear()

    def take_unmade(self) -> Optional[int]:
        """A watch that is not made on the present connection; it counts as made from then on."""
        for watch in self._unmade:
            del self._unmade[watch]
            return watch
        return None

    def is_made(self, watch: int) -> bool:
        return watch not in self._unmade

    def on_connection_lost(self) -> None:
        self._unmade = dict.fromkeys(self._watches)

    def request(self, watch_id: int, received: EventName) -> dict[str, Any]:
        """The fields of the request that makes the watch, or makes it again after `received`."""
        watch = self._watches[watch_id]
        after = watch.options.after
        if watch.active_from != 0:
            # All events before active_from are before this name, whatever their indexes.
            before = EventName(watch.active_from - 1, INDEX_MAX)
            after = max(received, before, after or EventName())
        return {"watch_id": watch_id, "path": watch.options.path,
                "recursive": watch.options.recursive, "kinds": set(watch.options.kinds),
                "after": after}

    def of(self, event: Event) -> list[int]:
        """Which watches the event is for."""
        return [watch_id for watch_id, watch in self._watches.items() if wants(watch, event)]
