"""What clients did and heard, to be judged by the checkers.

Moments are seconds of CLOCK_BOOTTIME, the same for all processes of the machine. Zxids are numbers.
"""

import dataclasses
import json
import threading
import time
import typing

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclasses.dataclass(slots=True)
class Op:
    """One call of one client, from its invocation to what it came to.

    A refusal has the name of the error. UNKNOWN: no answer came, or the session was gone before it;
    the call may have been carried out at any time after its invocation, or never, or later still.
    """

    client: str
    session: int
    kind: str  # get, stale_get, set, swap, create, remove; acquire, release, expire; multi; enqueue
    path: str
    invoked: float
    value: typing.Optional[str] = None  # To be written, or read; guarded: the path of the lock.
    expected: typing.Optional[int] = None  # swap: the generation demanded.
    mode: str = "x"  # Of a lock.
    fence: typing.Optional[int] = None  # The acquisition under whose sequencer it was guarded.
    returned: typing.Optional[float] = None
    outcome: str = UNKNOWN
    error: typing.Optional[str] = None
    as_of: int = 0  # The zxid of the reply.
    zxid: int = 0  # Of what it did, where the reply tells exactly: writes, grants.
    generation: int = 0  # Of the contents, written or read; of a lock.
    waiting_at: typing.Optional[float] = None  # acquire: when it was known to stand in the queue.


@dataclasses.dataclass(slots=True)
class Event:
    """An event of a watch, as it was received."""

    zxid: int
    index: int
    kind: str
    path: str
    received: float
    session: int = 0
    owner: int = 0
    mode: str = "x"
    acquisition: int = 0
    generation: int = 0  # Of the contents, or of the lock.


@dataclasses.dataclass(slots=True)
class Stream:
    """All that one watcher received, in the order of arrival, from `active_from` on."""

    watcher: str
    active_from: int
    events: list


@dataclasses.dataclass(slots=True)
class Tenure:
    """One time that a client of the C++ library had the lock.

    `believed_until`: the latest moment at which a question held() was begun that answered true.
    """

    client: str
    acquisition: int
    asked_at: float
    granted_at: float
    believed_until: float


@dataclasses.dataclass
class History:
    ops: list = dataclasses.field(default_factory=list)
    streams: list = dataclasses.field(default_factory=list)
    tenures: list = dataclasses.field(default_factory=list)
    complaints: list = dataclasses.field(default_factory=list)  # What a client itself saw amiss.
    _mutex: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def add(self, op):
        with self._mutex:
            self.ops.append(op)

    def complain(self, sentence):
        with self._mutex:
            self.complaints.append(sentence)

    def count(self, outcome):
        return sum(op.outcome == outcome for op in self.ops)

    def save(self, folder):
        """As files of one JSON object a line, to look at by hand."""
        parts = {"ops": self.ops, "tenures": self.tenures,
                 **{f"events.{stream.watcher}": stream.events for stream in self.streams}}
        for name, entries in parts.items():
            with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as file:
                for entry in entries:
                    file.write(json.dumps(dataclasses.asdict(entry)) + "\n")
