"""Leader election.

An election is an exclusive lock whose node's contents are what its holder says about itself. A
value counts while the lock is held and the value was written after it was acquired. (`holdfast
elect` does the same.)
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Generator, Iterator, Optional, TypeVar

from . import _requests as requests
from ._core.io import Request
from .errors import HoldfastError, NoNodeError
from .lock import DEFAULT, Lock, Wait
from .replies import Contents, LockInfoReply
from .session import Session
from .values import EventKind, LockParty, LockState

Answer = TypeVar("Answer")

KINDS = frozenset({
    EventKind.CONTENTS_CHANGED, EventKind.LOCK_ACQUIRED, EventKind.LOCK_RELEASED,
    EventKind.LOCK_LOST, EventKind.NODE_DELETED})


@dataclass(frozen=True)
class Leader:
    """Who leads, and what he has proclaimed: None until he has.

    `generation` grows with every leader, for ever.
    """

    party: LockParty
    generation: int
    value: Optional[bytes]


def reading(path: str) -> Generator[Request, Any, Optional[Leader]]:
    """Yields requests, is sent their replies (or thrown their errors), and returns the leader of
    one moment."""
    try:
        while True:
            lock: LockInfoReply = yield requests.lock_info(path, 1, False)
            node: Contents = yield requests.get(path, False)
            # The two replies are of different moments; of the same leader they do for one.
            if node.stat.lock_generation == lock.info.generation:
                break
    except NoNodeError:
        return None
    info = lock.info
    if info.state is not LockState.HELD or not info.holders:
        return None
    holder = info.holders[0]
    is_his = node.stat.modified_zxid > holder.zxid
    return Leader(holder, info.generation, node.contents if is_his else None)


def drive(steps: Generator[Request, Any, Answer], ask: Callable[[Request], Any]) -> Answer:
    """Carries out such a generator."""
    try:
        request = next(steps)
        while True:
            try:
                reply = ask(request)
            except HoldfastError as error:
                request = steps.throw(error)
            else:
                request = steps.send(reply)
    except StopIteration as done:
        answer: Answer = done.value
        return answer


class Election:
    """One candidate of an election; made by Session.election().

        election = session.election("/svc/leader")
        election.run(serve, value=b"10.0.0.3:80")   # or:
        with election:                              # campaigns, and resigns at the end
            election.proclaim(b"10.0.0.3:80")
            while election.is_leader: …

    `options` of Session.election() are those of Session.lock(), but for `shared`. The leader stays
    leader through lost connections and leader changes of the cell; `lock` says whether it does.
    """

    def __init__(self, session: Session, path: str, **options: Any) -> None:
        self._session = session
        self.path = path
        self.lock: Lock = session.lock(path, **options)

    def campaign(self, value: Optional[bytes] = None, wait: Wait = DEFAULT, *,
                 timeout: Optional[float] = None) -> None:
        """Stands in the queue until it leads, then proclaims `value`. Raises as Lock.acquire()."""
        self.lock.acquire(wait, timeout=timeout)
        if value is None:
            return
        try:
            self.proclaim(value)
        except BaseException:
            self.lock.release_quietly()
            raise

    def proclaim(self, value: bytes, *, timeout: Optional[float] = None) -> None:
        """What those see who observe. StaleSequencerError if it does not lead any more;
        NotHeldError if it never did."""
        self._session.set(self.path, value, guard=self.lock, timeout=timeout)

    def resign(self, timeout: Optional[float] = None) -> None:
        """The next candidate leads. LockLost if it did not lead any more."""
        self.lock.release(timeout)

    @property
    def is_leader(self) -> bool:
        """True while the cell lets nobody else lead. See Lock.held."""
        return self.lock.held

    def leader(self, *, timeout: Optional[float] = None) -> Optional[Leader]:
        """Who leads at this moment; None if nobody does."""
        return drive(reading(self.path), lambda request: self._session._ask(request, timeout))

    def observe(self) -> Iterator[Optional[Leader]]:
        """Who leads now, and then whenever that or his value changes; None for nobody. Changes in
        quick succession may be seen as one, the last. SessionExpiredError with the session."""
        with self._session.watch(self.path, kinds=KINDS) as watch:
            last = self.leader()
            yield last
            while True:
                watch.next()
                leader = self.leader()
                if leader != last:
                    last = leader
                    yield leader

    def run(self, lead: Callable[..., Answer], *arguments: Any,
            value: Optional[bytes] = None) -> Answer:
        """Campaigns, calls lead(*arguments) as the leader, and resigns. LockLost if it did not lead
        to the end; use `interrupt=True` to have it raised into `lead`."""
        with self.lock:
            if value is not None:
                self.proclaim(value)
            return lead(*arguments)

    def __enter__(self) -> Election:
        self.lock.__enter__()
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.lock.__exit__(kind, raised, trace)
