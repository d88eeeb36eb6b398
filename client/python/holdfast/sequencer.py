"""Sequencers taken apart, for servers that act for holders of locks.

A sequencer is opaque to holders. A server that stores the highest generation beside its data (see
SequencerChecker, which does it for you) needs the parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .values import LockMode

_PATTERN = re.compile(
    r"1:(?P<mode>[xs]):(?P<generation>[0-9a-f]{16}):(?P<acquisition>[0-9a-f]{16}):"
    r"(?P<instance>[0-9a-f]{16}):(?P<prefix>[0-9a-f]{16}):(?P<path>/.*)", re.ASCII)
_COMPONENT_BYTES_MAX = 255
_PATH_BYTES_MAX = 1024


@dataclass(frozen=True)
class Sequencer:
    """One acquisition of one lock.

    `generation`: zxid of the command that moved the lock from free to held; compare it with those
    of the same `path` and `cell_prefix` only. `cell_prefix`: the first 8 bytes of the cell id.
    """

    mode: LockMode
    generation: int
    acquisition: int
    instance: int
    cell_prefix: int
    path: str

    @classmethod
    def parse(cls, text: str) -> Sequencer:
        """ValueError, with what is wrong, for what no cell can have given."""
        found = _PATTERN.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"not a sequencer: {text!r:.200}")
        parsed = cls(
            mode=LockMode.EXCLUSIVE if found["mode"] == "x" else LockMode.SHARED,
            generation=int(found["generation"], 16), acquisition=int(found["acquisition"], 16),
            instance=int(found["instance"], 16), cell_prefix=int(found["prefix"], 16),
            path=found["path"])
        wrong = parsed._contradiction()
        if wrong:
            raise ValueError(f"not a sequencer, {wrong}: {text!r:.200}")
        return parsed

    def _contradiction(self) -> str:
        if self.generation == 0 or self.instance == 0:
            return "generation and instance cannot be 0"
        if self.mode is LockMode.EXCLUSIVE and self.acquisition != self.generation:
            return "generation and acquisition contradict each other"
        if self.acquisition < self.generation:
            return "generation and acquisition contradict each other"
        return "" if _is_path(self.path) else "its path cannot be one"

    def __str__(self) -> str:
        mode = "x" if self.mode is LockMode.EXCLUSIVE else "s"
        return (f"1:{mode}:{self.generation:016x}:{self.acquisition:016x}:{self.instance:016x}:"
                f"{self.cell_prefix:016x}:{self.path}")


def cell_prefix(cell_id: bytes) -> int:
    """What a sequencer carries of a cell id (16 bytes)."""
    return int.from_bytes(cell_id[:8], "big")


def _is_path(path: str) -> bool:
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return False
    if path == "/":
        return True
    components = path[1:].split("/")
    return (size <= _PATH_BYTES_MAX and components[0] not in ("ls", ".holdfast")
            and all(_is_component(component) for component in components))


def _is_component(name: str) -> bool:
    is_printable = not any(ord(char) < 0x20 or 0x7f <= ord(char) < 0xa0 for char in name)
    return (name not in ("", ".", "..") and is_printable
            and len(name.encode()) <= _COMPONENT_BYTES_MAX)
