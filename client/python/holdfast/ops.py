"""The operations of a multi: all of them are carried out, or none.

    session.multi([CheckAbsent("/a"), Create("/b", b"…"), Set("/c", b"…")], guard=lock)

Each sees what those before it did. A path is created at most once in one multi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

from .values import NodeKind


@dataclass(frozen=True)
class Create:
    """Creates a node. See Session.create()."""

    path: str
    contents: bytes = b""
    kind: NodeKind = NodeKind.PERSISTENT
    sequential: bool = False
    create_parents: bool = False


@dataclass(frozen=True)
class Set:
    """Replaces the contents of a node. See Session.set()."""

    path: str
    contents: bytes
    if_generation: Optional[int] = None
    if_instance: Optional[int] = None


@dataclass(frozen=True)
class Delete:
    """Removes a node without children. See Session.delete()."""

    path: str
    if_generation: Optional[int] = None
    if_instance: Optional[int] = None
    owner: Optional[int] = None


@dataclass(frozen=True)
class CheckNode:
    """Holds if the node exists and is as demanded; else NoNodeError, BadGenerationError or
    StaleInstanceError."""

    path: str
    if_generation: Optional[int] = None
    if_instance: Optional[int] = None


@dataclass(frozen=True)
class CheckAbsent:
    """Holds if there is no node; else NodeExistsError."""

    path: str


@dataclass(frozen=True)
class CheckSequencer:
    """Holds if the sequencer is valid; else StaleSequencerError."""

    sequencer: str


Op = Union[Create, Set, Delete, CheckNode, CheckAbsent, CheckSequencer]
