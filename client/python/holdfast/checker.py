"""For servers that act for holders of locks."""

from __future__ import annotations

import enum
import threading
from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType
from typing import Iterable, Optional, Protocol, Union

from ._clock import now_ms, to_ms
from ._core.high_water import Confirmations, Finding, Followed, HighWater, HighWaterMarks
from ._mark_file import MarkFile
from ._options import Endpoints
from .cell import CellClient
from ._watch_state import WatchState
from .errors import Failure, HoldfastError, bad_argument
from .sequencer import Sequencer, cell_prefix
from .session import Session, watch_options
from .values import Event, EventKind, SequencerState, SessionState
from .watch import Watch

TIMEOUT_S = 10.0
LOCK_ENDS = frozenset({
    EventKind.LOCK_ACQUIRED, EventKind.LOCK_RELEASED, EventKind.LOCK_LOST, EventKind.NODE_DELETED})


class Check(enum.Enum):
    """How far a check goes; each begins with the local one, which may already refuse.

    LOCAL: compares with the highest generation seen of that lock; asks nobody. It protects
    exclusive locks as soon as the next holder has come once, and tells shared holders not apart.
    CELL: asks the cell each time, linearizably: knows also that a lock was released and nobody has
    come since. INTERVAL: asks at most every `interval` seconds about one sequencer; what was valid
    counts for so long from when the cell was asked. FOLLOW: asks once, and again when something
    happened to the lock, of which a watch of `session` tells; needs the session to be live. An end
    is noticed when its event arrives: at once in a cell that is well, at the latest when the
    session's lease ends.
    """

    LOCAL = "local"
    CELL = "cell"
    INTERVAL = "interval"
    FOLLOW = "follow"


class Standing(enum.Enum):
    """VALID: accept. STALE: refuse, for good. UNKNOWN: there is no verdict; who needs safety
    refuses."""

    VALID = "valid"
    STALE = "stale"
    UNKNOWN = "unknown"


class Reason(enum.Enum):
    """Why. Of VALID: the cell said so (now, or as long ago as the check allows), or nothing seen
    here speaks against it. Of STALE: a later generation was seen here, or the cell says that the
    acquisition has ended. Of UNKNOWN: the rest."""

    CONFIRMED = "the cell says that the acquisition stands"
    NOT_OVERTAKEN = "no later holder was seen here"
    OVERTAKEN = "a later holder was seen here"
    ENDED = "the cell says that the acquisition has ended"
    MALFORMED = "it is not a sequencer"
    OTHER_CELL = "it is of another cell"
    NO_ANSWER = "the cell could not be asked"
    FULL = "too many locks are remembered already"
    NOT_SAVED = "the generation could not be saved"


@dataclass(frozen=True)
class Verdict:
    """True where a bool is wanted exactly if the sequencer is valid. `error`: of NO_ANSWER what the
    cell, of NOT_SAVED what the file said."""

    standing: Standing
    reason: Reason
    error: Optional[Exception] = None

    def __bool__(self) -> bool:
        return self.standing is Standing.VALID


class MarkStore(Protocol):
    """Keeps the marks over restarts. save() is called by one thread at a time, before the sequencer
    that raises the mark is accepted; it raises OSError (or HoldfastError) if the mark is not safe.
    """

    def load(self) -> Iterable[HighWater]:
        """All that was saved; called once, first."""

    def save(self, mark: HighWater) -> None:
        """Returns when the mark is safe."""

    def close(self) -> None:
        """Nothing is saved any more."""


class SequencerChecker:
    """Refuses whoever comes with a sequencer that has been overtaken. Needs no session.

        checker = SequencerChecker("cell-1:7401,cell-2:7401", cell_id=cell_id, store="marks")
        if not checker.check(request.sequencer):
            return refuse()

    `endpoints`: of the cell that is asked; may be left out with a `session`, or if the cell is
    never asked. `cell_id`: 16 bytes; sequencers of other cells are UNKNOWN (absent: of the
    session's cell, or of any, each for itself). `mode`: of check() without one; by default CELL, if
    there is somebody to ask. `interval`: seconds, of INTERVAL. `session`: whose watches FOLLOW, and
    through which the cell is asked. `locks_max`: so many locks are remembered at most, then a
    further one is UNKNOWN. `followed_max`: so many are watched at most; beyond that the one not
    asked about for longest is let go. `store`: the path of a file, or a MarkStore: without one a
    restart forgets what was seen.

    All members may be used from any thread at any time. check() raises nothing but BadArgumentError
    for its own arguments. After a failover of the cell nothing is different: marks stay, a question
    waits for the new leader within its timeout, and FOLLOW goes on without a gap.
    """

    def __init__(self, endpoints: Endpoints = None, *, cell_id: Optional[bytes] = None,
                 mode: Optional[Check] = None, interval: float = 1.0,
                 session: Optional[Session] = None, locks_max: int = 1_000_000,
                 followed_max: int = 1_000, store: Union[str, MarkStore, None] = None) -> None:
        if session is not None and cell_id is None:
            cell_id = session.cell_id
        if cell_id is not None and len(cell_id) != 16:
            raise bad_argument("A cell id has 16 bytes.")
        self._prefix = None if cell_id is None else cell_prefix(cell_id)
        self._session = session
        self._own_client = None
        if session is None and endpoints is not None:
            self._own_client = CellClient(endpoints, cell_id=cell_id)
        can_ask = session is not None or self._own_client is not None
        self._mode = mode or (Check.CELL if can_ask else Check.LOCAL)
        self._interval_ms = to_ms(interval, "The interval") or 0
        self._followed_max = followed_max
        self._is_closed = False
        self._mutex = threading.Lock()  # For the marks, and one save() at a time.
        self._marks = HighWaterMarks(locks_max)
        self._confirmations = Confirmations(min(locks_max, 100_000))
        self._followed: OrderedDict[str, _Follow] = OrderedDict()
        self._follow_mutex = threading.Lock()
        self._store: Optional[MarkStore] = MarkFile(store) if isinstance(store, str) else store
        for mark in self._store.load() if self._store is not None else ():
            self._marks.raise_to(mark)

    # ---- the program's ---------------------------------------------------------------------------

    def check(self, sequencer: str, mode: Optional[Check] = None, *,
              timeout: float = TIMEOUT_S) -> Verdict:
        """The verdict. A question to the cell takes at most `timeout` seconds, and is then UNKNOWN.
        """
        mode = mode or self._mode
        self._refuse_impossible(mode)
        try:
            parsed = Sequencer.parse(sequencer)
        except ValueError:
            return Verdict(Standing.UNKNOWN, Reason.MALFORMED)
        if self._prefix is not None and parsed.cell_prefix != self._prefix:
            return Verdict(Standing.UNKNOWN, Reason.OTHER_CELL)
        with self._mutex:
            if self._marks.find(parsed) is Finding.OVERTAKEN:
                return Verdict(Standing.STALE, Reason.OVERTAKEN)
        if mode is Check.LOCAL:
            return self._accept(parsed, Reason.NOT_OVERTAKEN)
        if mode is Check.FOLLOW:
            return self._check_followed(sequencer, parsed, timeout)
        if mode is Check.INTERVAL and self._is_fresh(sequencer):
            return self._accept(parsed, Reason.CONFIRMED)
        return self._ask(sequencer, parsed, timeout)

    def high_water(self, path: str, cell_id: Optional[bytes] = None) -> int:
        """The highest generation seen of a lock (of that cell, by default the checker's); 0 if it
        was never seen."""
        prefix = self._prefix if cell_id is None else cell_prefix(cell_id)
        if prefix is None:
            raise bad_argument("A checker of any cell must be told which.")
        with self._mutex:
            return self._marks.mark(prefix, path)

    def close(self) -> None:
        """Ends its watches and its connection, and closes its file. The session stays open."""
        with self._follow_mutex:
            follows, self._followed = self._followed, OrderedDict()
            self._is_closed = True
        for follow in follows.values():
            follow.drop()
        if self._own_client is not None:
            self._own_client.close()
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> SequencerChecker:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    # ---- inside ----------------------------------------------------------------------------------

    def _refuse_impossible(self, mode: Check) -> None:
        if mode is Check.FOLLOW and self._session is None:
            raise bad_argument("To follow a lock, the checker needs a session.")
        if mode is not Check.LOCAL and self._session is None and self._own_client is None:
            raise bad_argument("The checker was given no endpoint of the cell to ask.")

    def _accept(self, sequencer: Sequencer, reason: Reason) -> Verdict:
        """Looks again under the lock: another thread may have raised the mark meanwhile, and what
        is accepted must not be below it."""
        mark = HighWater(sequencer.cell_prefix, sequencer.path, sequencer.generation)
        with self._mutex:
            finding = self._marks.find(sequencer)
            if finding is Finding.OVERTAKEN:
                return Verdict(Standing.STALE, Reason.OVERTAKEN)
            if finding is Finding.FULL:
                return Verdict(Standing.UNKNOWN, Reason.FULL)
            if finding is Finding.HIGHER:
                try:
                    if self._store is not None:
                        self._store.save(mark)
                except (OSError, HoldfastError) as failure:
                    return Verdict(Standing.UNKNOWN, Reason.NOT_SAVED, failure)
                self._marks.raise_to(mark)
        return Verdict(Standing.VALID, reason)

    def _is_fresh(self, sequencer: str) -> bool:
        with self._mutex:
            asked_at = self._confirmations.asked_at(sequencer)
        return asked_at is not None and now_ms() < asked_at + self._interval_ms

    def _ask(self, text: str, sequencer: Sequencer, timeout: float) -> Verdict:
        asked_at = now_ms()
        client = self._session or self._own_client
        assert client is not None
        try:
            state = client.check_sequencer(text, timeout=timeout)
        except HoldfastError as failure:
            return Verdict(Standing.UNKNOWN, Reason.NO_ANSWER, failure)
        if state is SequencerState.VALID:
            verdict = self._accept(sequencer, Reason.CONFIRMED)
            with self._mutex:
                if verdict:
                    self._confirmations.confirm(text, asked_at)
            return verdict
        with self._mutex:
            self._confirmations.forget(text)
        if state is SequencerState.STALE:
            return Verdict(Standing.STALE, Reason.ENDED)
        reason = (Reason.MALFORMED if state is SequencerState.MALFORMED else Reason.OTHER_CELL)
        return Verdict(Standing.UNKNOWN, reason)

    # ---- following -------------------------------------------------------------------------------

    def _check_followed(self, text: str, sequencer: Sequencer, timeout: float) -> Verdict:
        session = self._session
        assert session is not None
        follow = self._follow(session, sequencer.path)
        # The state is taken down before anything is asked: what changes while the cell answers is
        # not confirmed.
        stands = follow.stands
        as_of = follow.lock.changes, session._runtime.jeopardies
        if (stands and follow.lock.is_valid(text, as_of)
                and session.state is SessionState.LIVE):
            return self._accept(sequencer, Reason.CONFIRMED)
        verdict = self._ask(text, sequencer, timeout)
        if verdict and stands:
            follow.lock.confirm(text, as_of)
        return verdict

    def _follow(self, session: Session, path: str) -> _Follow:
        """Until its watch stands the cell is asked each time: nobody waits for the watch."""
        dropped = []
        with self._follow_mutex:
            known = self._followed.get(path)
            if known is not None and not known.lock.has_ended:
                self._followed.move_to_end(path)
                return known
            if known is not None:
                dropped.append(self._followed.pop(path))
            follow = _Follow(session)
            if self._is_closed:
                return follow
            self._followed[path] = follow
            if len(self._followed) > self._followed_max:
                dropped.append(self._followed.popitem(last=False)[1])
        for old in dropped:
            old.drop()
        session._runtime.watch(watch_options(path, LOCK_ENDS, False, None), follow.state,
                               follow.on_made)
        return follow


class _Follow:
    """A lock that is watched, or is going to be."""

    def __init__(self, session: Session) -> None:
        self.lock = Followed()
        self.stands = False
        # On the session's own thread and not on the dispatcher: no callback of the program delays
        # it.
        self.state = WatchState(lambda _: None, at_once=self._on_news)
        self._watch = Watch(session, self.state)
        self._mutex = threading.Lock()
        self._is_made = False
        self._is_dropped = False

    def on_made(self, outcome: object) -> None:
        with self._mutex:
            self._is_made = True
            is_dropped = self._is_dropped
        if isinstance(outcome, Failure):
            self.lock.on_ended()  # The next check makes another.
        elif is_dropped:
            self._watch.close()
        else:
            self.stands = True

    def drop(self) -> None:
        self.lock.on_ended()
        with self._mutex:
            self._is_dropped = True
            is_made = self._is_made
        if is_made:
            self._watch.close()

    def _on_news(self, event: Optional[Event]) -> None:
        if event is None:
            self.lock.on_ended()
        else:
            self.lock.on_change()


__all__ = ["Check", "HighWater", "MarkStore", "Reason", "SequencerChecker", "Standing", "Verdict"]
