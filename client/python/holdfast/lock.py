"""Locks."""

from __future__ import annotations

import functools
import queue
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ._blocking import PendingAcquire, refuse_on_dispatcher, value_of, wait_for
from ._clock import to_ms
from ._core import io
from ._guard_state import GuardState, Phase
from ._interrupt import Interrupter
from ._owners import this_thread_owner
from .errors import (
    ErrorCode, Failure, HoldfastError, LockDelayedError, LockHeldError, LockInDoubt, LockLost,
    NotHeldError, SessionExpiredError, bad_argument)
from .values import CreateMode, LockGrant, LockInfo, LockMode, Loss, LossReason

if TYPE_CHECKING:
    from .session import Session

# How long the end of a `with` block waits for the answer to the release when the body has raised.
EXIT_S = 1.0


class _Default:
    """What the lock was made with."""


DEFAULT = _Default()
Wait = Union[float, None, _Default]


@dataclass(frozen=True)
class LockOptions:
    """See Session.lock()."""

    path: str
    shared: bool = False
    wait: Optional[float] = None
    lock_delay: float = 0.0
    owner: Optional[int] = None
    description: str = ""
    create: CreateMode = CreateMode.PERSISTENT
    lost_at_jeopardy: bool = False
    interrupt: bool = False
    on_lost: Optional[Callable[[Loss], None]] = None
    on_jeopardy: Optional[Callable[[], None]] = None
    on_safe: Optional[Callable[[], None]] = None

    @property
    def mode(self) -> LockMode:
        return LockMode.SHARED if self.shared else LockMode.EXCLUSIVE

    def ask(self, wait: Wait, timeout: Optional[float], owner: int) -> io.AcquireAsk:
        wait_s = self.wait if isinstance(wait, _Default) else wait
        delay_ms = to_ms(self.lock_delay, "The lock-delay")
        return io.AcquireAsk(
            path=self.path, owner=owner, mode=self.mode, wait_ms=to_ms(wait_s, "The wait"),
            timeout_ms=to_ms(timeout), lock_delay_ms=delay_ms or 0, description=self.description,
            create=self.create, lost_at_jeopardy=self.lost_at_jeopardy)


class Holding:
    """What can be asked of a lock in every form: by any thread, at any time, without waiting."""

    def __init__(self, options: LockOptions) -> None:
        self._options = options
        self._guard: Optional[GuardState] = None
        self._last_guard: Optional[GuardState] = None  # Stays after the release.

    @property
    def path(self) -> str:
        return self._options.path

    @property
    def mode(self) -> LockMode:
        return self._options.mode

    @property
    def held(self) -> bool:
        """True while the cell gives the lock to nobody else.

        False from the release, from loss, and while the lease is not confirmed (jeopardy); true
        again when the session is safe again. Reads a clock that goes on during suspension, so that
        it is right also after the process was stopped. A failover does not change it.
        """
        return self.remaining() > 0

    def remaining(self) -> float:
        """Seconds for which `held` stays true without further contact; 0 if it is false."""
        guard = self._guard
        return 0.0 if guard is None else guard.remaining_ms() / 1000

    @property
    def lost(self) -> bool:
        """For good. False after a release."""
        return self._last_guard is not None and self._last_guard.phase is Phase.LOST

    @property
    def loss(self) -> Optional[Loss]:
        """Why it was lost; None if it was not."""
        return None if self._last_guard is None else self._last_guard.loss

    @property
    def sequencer(self) -> str:
        """The proof of this acquisition, for servers that act for the holder and for `guard=`.
        Of the last acquisition, also after its end. NotHeldError before the first."""
        return self._grant_of().sequencer

    @property
    def generation(self) -> int:
        """Grows with every acquisition of this lock from free to held, by anybody, for ever."""
        return self._grant_of().generation

    @property
    def acquisition(self) -> int:
        """The zxid of the command that granted the lock; of an exclusive lock the generation."""
        return self._grant_of().acquisition

    def check(self) -> None:
        """Raises if the lock is not held at this moment: LockLost for good, LockInDoubt in
        jeopardy, NotHeldError if it was not acquired, or was released."""
        if self.held:
            return
        self._raise_if_lost()
        guard = self._guard
        if guard is not None and guard.phase in (Phase.HELD, Phase.DOUBTFUL):
            raise LockInDoubt(Failure(
                ErrorCode.TIMEOUT, f"The lease under the lock {self.path} is not confirmed.",
                retryable=True, path=self.path))
        raise NotHeldError(Failure(
            ErrorCode.NOT_HELD, f"The lock {self.path} is not held.", path=self.path))

    # ---- inside ----------------------------------------------------------------------------------

    def _grant_of(self) -> LockGrant:
        if self._last_guard is None:
            raise NotHeldError(Failure(
                ErrorCode.NOT_HELD, f"The lock {self.path} was not acquired.", path=self.path))
        return self._last_guard.made.grant

    def _lost_error(self, loss: Optional[Loss]) -> LockLost:
        loss = loss or Loss(LossReason.TAKEN, "The cell says that it is not held any more.")
        return LockLost(Failure(
            ErrorCode.NOT_HELD, f"The lock {self.path} was lost ({loss.reason.value}): "
            f"{loss.message}", path=self.path), loss)

    def _raise_if_lost(self) -> None:
        if self.lost:
            raise self._lost_error(self.loss)

    def _take_guard(self, guard: GuardState) -> None:
        options = self._options
        guard.on_jeopardy, guard.on_safe = options.on_jeopardy, options.on_safe
        self._guard = self._last_guard = guard
        if options.on_lost is not None:
            guard.add_on_lost(options.on_lost)

    def _release_error(self, error: HoldfastError) -> HoldfastError:
        """What a release that failed says of the lock."""
        if isinstance(error, NotHeldError):
            return self._lost_error(self.loss)
        if isinstance(error, SessionExpiredError):
            return self._lost_error(self.loss or Loss(LossReason.EXPIRED, error.message))
        return error


class Lock(Holding):
    """A lock of a session; made by Session.lock().

    A context manager: acquires, and releases at the end of the block. One Lock is one holder: to
    acquire it while it is held is BadArgumentError. Two Locks of the same path in one thread are of
    the same owner (see holdfast.new_owner): the second acquisition joins the first, as with
    threading.RLock, and the lock is free when both are released.

    Nothing is acquired again silently: what is lost stays lost, until acquire() is called again.
    Acquire and release are for one thread at a time; everything else for any. The locks live in
    their session, through lost connections, leader changes and restarts of the cell.
    """

    def __init__(self, session: Session, options: LockOptions) -> None:
        super().__init__(options)
        self._session = session
        self._acquiring: Optional[PendingAcquire] = None
        self._interrupter: Optional[Interrupter] = None

    def acquire(self, wait: Wait = DEFAULT, *, timeout: Optional[float] = None,
                on_waiting: Optional[Callable[[int], None]] = None) -> Lock:
        """Acquires, and answers the lock itself.

        `wait`: seconds to stand in the queue, 0 to try, None without limit; by default what the
        lock was made with. `timeout`: seconds within which the call answers whatever happens (the
        library then withdraws the request and gives back what it may still be granted); by default
        1.5 s more than a limited wait, else as long as the session lives. `on_waiting` is called on
        the dispatcher with the number of those before it when it stands in the queue.

        Raises CallTimeoutError when the wait is over, with wait=0 LockHeldError or
        LockDelayedError; AcquireCancelledError after cancel(); DeadlockError; NoNodeError;
        SessionExpiredError. A wait keeps its place in the queue through a failover.
        """
        runtime = self._session._runtime
        refuse_on_dispatcher(runtime)
        guard = self._guard
        if self._acquiring is not None or (
                guard is not None and guard.phase in (Phase.HELD, Phase.DOUBTFUL)):
            raise bad_argument(f"This Lock of {self.path} is acquired already.")
        owner = self._options.owner
        ask = self._options.ask(wait, timeout, this_thread_owner() if owner is None else owner)
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        pending = self._acquiring = PendingAcquire(answers.put)
        try:
            pending.start(runtime, ask, on_waiting)
            self._take_guard(value_of(answers.get()))
        except HoldfastError:
            raise
        except BaseException:  # Ctrl-C, or an exception that another thread set.
            pending.abandon()
            raise
        finally:
            self._acquiring = None
        return self

    def try_acquire(self) -> bool:
        """Acquires if the lock is free: True if so, False if it is held or delayed."""
        try:
            self.acquire(wait=0)
        except (LockHeldError, LockDelayedError):
            return False
        return True

    def cancel(self) -> None:
        """Ends the acquire that another thread waits in: AcquireCancelledError there, unless the
        lock has just been granted. Nothing if there is none."""
        pending = self._acquiring
        if pending is not None:
            pending.withdraw()

    def release(self, timeout: Optional[float] = None) -> None:
        """Gives the lock back; `held` is false from the call on.

        Waits for the cell's answer, at most `timeout` seconds: then CallTimeoutError, and the
        library goes on with the release as long as the session lives. LockLost if it was lost
        before, which says that it was not held all the time.
        """
        guard, self._guard = self._guard, None
        if guard is None:
            self._raise_if_lost()
            raise NotHeldError(Failure(
                ErrorCode.NOT_HELD, f"The lock {self.path} is not held.", path=self.path))
        runtime = self._session._runtime
        timeout_ms = to_ms(timeout)
        try:
            wait_for(runtime, functools.partial(guard.release, timeout_ms))
        except (NotHeldError, SessionExpiredError) as error:
            raise self._release_error(error) from error

    def info(self, *, timeout: Optional[float] = None) -> LockInfo:
        """Who holds the lock and who waits, in order."""
        return self._session.lock_info(self.path, timeout=timeout)

    def __enter__(self) -> Lock:
        """Acquires as acquire() does."""
        if not self._options.interrupt:
            return self.acquire()
        self.acquire()
        guard = self._guard
        assert guard is not None
        self._interrupter = Interrupter()
        guard.interrupt = self._interrupter.fire
        self._interrupter.arm()
        if guard.phase is Phase.LOST:  # Before anything was armed.
            self._interrupter.disarm()
            raise self._lost_error(guard.loss)
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        """Releases, and waits for the answer as long as the session lives.

        Raises LockLost if the lock was not held to the end. What the body has raised goes on
        instead; then the answer is waited for at most a second.
        """
        interrupter, self._interrupter = self._interrupter, None
        if interrupter is not None:
            interrupter.disarm()
        if raised is None:
            if self._guard is None:  # The body has released it.
                return self._raise_if_lost()
            return self.release()
        if isinstance(raised, LockLost) and self.loss is not None:
            raised.__init__(self._lost_error(self.loss).failure, self.loss)  # type: ignore[misc]
        elif self.lost:
            raised.add_note(f"The lock {self.path} was lost before this was raised.")
        if self._guard is not None:
            self.release_quietly()

    def release_quietly(self) -> None:
        """Releases; waits at most a second, and raises nothing."""
        try:
            self.release(EXIT_S)
        except HoldfastError:
            pass  # The library goes on with the release as long as the session lives.

    def __repr__(self) -> str:
        said = "held" if self.held else "lost" if self.lost else "not held"
        return f"<holdfast.Lock {self.path} {self.mode.name.lower()} {said}>"


