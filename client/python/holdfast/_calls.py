"""The calls that a Session and a CellClient have in common, in their blocking form.

Every call takes `timeout` in seconds: it answers within it, at the latest with CallTimeoutError
(NoQuorumError if no replica could be asked). Without one it waits as long as the session lives (of
a CellClient: 30 s). Through lost connections and leader changes the library repeats it.

Reads are linearizable at every replica: they show everything that was answered to anybody before
they were asked. With `stale_ok` the replica answers from its memory at once, and may be behind.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Sequence

from . import _requests as requests
from ._core.io import Request
from .replies import CellStatus, Child, Contents, LockBroken
from .values import LockInfo, SequencerState, SessionInfo, Stat


class CellCalls:
    """What needs no session."""

    _paths: requests.Paths

    def _ask(self, request: Request, timeout: Optional[float]) -> Any:
        raise NotImplementedError

    # ---- data ------------------------------------------------------------------------------------

    def get(self, path: str, *, stale_ok: bool = False,
            timeout: Optional[float] = None) -> Contents:
        """The contents and the stat of a node. NoNodeError."""
        contents: Contents = self._ask(requests.get(self._paths(path), stale_ok), timeout)
        return contents

    def exists(self, path: str, *, stale_ok: bool = False,
               timeout: Optional[float] = None) -> Optional[Stat]:
        """The stat of a node, None if there is none."""
        stat: Optional[Stat] = self._ask(
            requests.exists(self._paths(path), stale_ok), timeout).stat
        return stat

    def list(self, path: str, *, stale_ok: bool = False,
             timeout: Optional[float] = None) -> List[str]:
        """The names of the children of a node, ordered by their bytes. NoNodeError.

        More than a page (10,000, or 1 MiB) is read in several calls, each with `timeout`; what
        changes meanwhile may be seen or not.
        """
        return [child.name for child in self._children(path, False, stale_ok, timeout)]

    def list_with_stats(self, path: str, *, stale_ok: bool = False,
                        timeout: Optional[float] = None) -> List[Child]:
        """As list(), with the stat of each child."""
        return [*self._children(path, True, stale_ok, timeout)]

    def _children(self, path: str, with_stats: bool, stale_ok: bool,
                  timeout: Optional[float]) -> Iterator[Child]:
        after, more = "", True
        while more:
            page = self._ask(requests.list_page(self._paths(path), after, with_stats, stale_ok),
                             timeout)
            yield from page.children
            more = page.more
            after = page.children[-1].name if page.children else ""

    def sync(self, *, timeout: Optional[float] = None) -> int:
        """Brings the replica up to date: a stale read after it, at the same replica, shows all that
        was answered before. Answers the zxid."""
        zxid: int = self._ask(Request("sync"), timeout).zxid
        return zxid

    # ---- locks and sessions, for those who look at them and for operators ------------------------

    def lock_info(self, path: str, *, waiters_limit: int = 0, stale_ok: bool = False,
                  timeout: Optional[float] = None) -> LockInfo:
        """Who holds a lock and who waits (at most `waiters_limit`; 0 for 100). NoNodeError, unless
        a lock-delay is left at the path."""
        info: LockInfo = self._ask(
            requests.lock_info(self._paths(path), waiters_limit, stale_ok), timeout).info
        return info

    def list_locks(self, prefix: str = "/", *, only_session: int = 0, stale_ok: bool = False,
                   timeout: Optional[float] = None) -> List[LockInfo]:
        """The locks at a path and below it that are held, waited for or delayed, by path."""
        found: List[LockInfo] = []
        more = True
        while more:
            after = found[-1].path if found else ""
            page = self._ask(
                requests.lock_page(self._paths(prefix), after, only_session, stale_ok), timeout)
            found += page.locks
            more = page.more
        return found

    def list_sessions(self, *, stale_ok: bool = False,
                      timeout: Optional[float] = None) -> List[SessionInfo]:
        """The living sessions of the cell, by id."""
        found: List[SessionInfo] = []
        more = True
        while more:
            after = found[-1].session_id if found else 0
            page = self._ask(requests.session_page(after, stale_ok), timeout)
            found += page.sessions
            more = page.more
        return found

    def break_lock(self, path: str, reason: str, operator: str, *, acquisition: int = 0,
                   now: bool = False, timeout: Optional[float] = None) -> LockBroken:
        """For operators: takes a lock from its holders (or the one with that acquisition); logged
        with who and why. Their sequencers are invalid at once; the lock passes on when they have
        stopped to rely on it, or with `now` at once (then two may believe in it). NotHeldError,
        NoNodeError."""
        broken: LockBroken = self._ask(
            requests.break_lock(self._paths(path), reason, operator, acquisition, now), timeout)
        return broken

    def kill_session(self, session_id: int, reason: str, operator: str, *, now: bool = False,
                     timeout: Optional[float] = None) -> bool:
        """For operators: ends somebody's session. False if there was no such session."""
        killed: bool = self._ask(
            requests.kill_session(session_id, reason, operator, now), timeout).killed
        return killed

    def check_sequencers(self, sequencers: Sequence[str], *,
                         timeout: Optional[float] = None) -> List[SequencerState]:
        """What up to 256 sequencers are worth now, linearizably."""
        return [*self._ask(requests.check_sequencers(sequencers), timeout).states]

    def check_sequencer(self, sequencer: str, *,
                        timeout: Optional[float] = None) -> SequencerState:
        """What a sequencer is worth now, linearizably. See SequencerChecker for many checks."""
        return self.check_sequencers([sequencer], timeout=timeout)[0]

    def status(self, *, timeout: Optional[float] = None) -> CellStatus:
        """What the replica asked knows about itself and its cell; answered without a leader too."""
        status: CellStatus = self._ask(Request("cell_status"), timeout)
        return status
