"""A client that takes a lock again and again, and does work under it."""

import collections
import threading

from tests.harness import api
from tests.harness.deadline import Deadline
from tests.harness.session import Session

# One time that the lock was held: the zxids of the grant, and of the work that was done under it.
Tenure = collections.namedtuple("Tenure", "generation worked_at sequencer")


class Contender(threading.Thread):
    """Takes the lock, adds 1 to the number at `counter` under its sequencer, gives the lock back.

    `tenures` has each time that it held the lock. stop() raises what went wrong.
    """

    def __init__(self, endpoints, lock, counter, name, first=0, lease_ms=6000):
        super().__init__(name=name, daemon=True)
        self.tenures = []
        self._lock = lock
        self._counter = counter
        self._session = Session(endpoints, lease_ms=lease_ms, name=name, first=first)
        self._stopping = threading.Event()
        self._failure = None

    @property
    def lease(self):
        return self._session.lease

    def run(self):
        try:
            while not self._stopping.is_set():
                self._hold_once()
            self._session.lease.retire()
            self._session.close()
        except Exception as failure:  # To be raised in the thread that calls stop().
            self._failure = failure
            self._session.die()

    def _hold_once(self):
        grant = self._session.acquire(self._lock, wait_s=60)
        value = int(self._session.get(self._counter).contents)
        written = self._session.set(
            self._counter, str(value + 1).encode(), guard=grant.sequencer)
        self._session.release(self._lock)
        self.tenures.append(Tenure(grant.generation, written.stat.modified_zxid, grant.sequencer))

    def stop(self, seconds=30.0):
        """Returns when the round that it is in has ended; fails if that takes longer."""
        self._stopping.set()
        self.join(Deadline(seconds).left())
        if self._failure is not None:
            raise self._failure
        assert not self.is_alive(), f"{self.name} has no answer"

    def abandon(self):
        """Ends its session whatever it does; for the end of a test that failed."""
        self._stopping.set()
        self._session.die()


def overlaps(tenures):
    """Tenures of one lock whose work was not done between their own grant and the next one."""
    ordered = sorted(tenures, key=lambda tenure: tenure.generation)
    ends = [tenure.generation for tenure in ordered[1:]] + [float("inf")]
    return [
        tenure for tenure, end in zip(ordered, ends)
        if not tenure.generation < tenure.worked_at < end]


def count_of(session, counter):
    return int(session.get(counter).contents)


def make_counter(session, counter):
    """A number 0 at the path, for contenders to count on."""
    session.create(counter, b"0", kind=api.NodeKind.PERSISTENT, create_parents=True)
