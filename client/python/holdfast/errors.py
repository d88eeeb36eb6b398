"""Every error of the package: one class for each code of the cell, and a few of the library's own.

All are :class:`HoldfastError`, with the cell's code and its sentence, which names the path, limit
or session concerned, and the facts that belong to the code.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Optional

from .values import Loss, LossReason, LockParty, WaitEdge


class ErrorCode(enum.IntEnum):
    """The closed set of the cell; the numbers are those of ``ErrorCode`` in lockservice.thrift."""

    BAD_ARGUMENT = 1
    NO_NODE = 2
    NODE_EXISTS = 3
    NOT_EMPTY = 4
    BAD_GENERATION = 5
    STALE_INSTANCE = 6
    NO_CHILDREN_FOR_EPHEMERALS = 7
    LOCK_HELD = 10
    LOCK_DELAYED = 11
    NOT_HELD = 12
    STALE_SEQUENCER = 13
    DEADLOCK = 14
    CANCELLED = 15
    TIMEOUT = 20
    SESSION_EXPIRED = 30
    WRONG_SECRET = 31
    SESSION_NOT_BOUND = 32
    NO_QUORUM = 40
    BEHIND = 41
    TOO_LARGE = 50
    LIMIT = 51
    NO_SPACE = 52
    WRONG_CELL = 60


@dataclass(frozen=True)
class Failure:
    """What an error says: a code (None if this release does not know it), a sentence, and facts.

    Facts that do not concern the code are None or empty.
    """

    code: Optional[ErrorCode]
    message: str
    retryable: bool = False
    outcome_pending: bool = False
    path: str = ""
    holders: tuple[LockParty, ...] = ()
    remaining_ms: Optional[int] = None
    previous_holder: Optional[LockParty] = None
    limit_name: str = ""
    limit: Optional[int] = None
    actual: Optional[int] = None
    leader: str = ""
    cycle: tuple[WaitEdge, ...] = ()
    op_index: Optional[int] = None
    zxid: int = 0  # The refusal is true as of this position; 0 if no replica said it.

    def __str__(self) -> str:
        name = "UNKNOWN" if self.code is None else self.code.name
        return f"{name}: {self.message}"


class HoldfastError(Exception):
    """The base of all. ``failure`` has all facts; the common ones are attributes.

    Where ``outcome_pending``, the library goes on with the request until what became of it is
    known, so that a later call of the same session never overtakes it unseen.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.failure,)

    @property
    def code(self) -> Optional[ErrorCode]:
        """None if this release does not know it."""
        return self.failure.code

    @property
    def message(self) -> str:
        """The cell's sentence, without the code."""
        return self.failure.message

    @property
    def retryable(self) -> bool:
        """The same call may succeed later, with nothing else done."""
        return self.failure.retryable

    @property
    def outcome_pending(self) -> bool:
        """The request may have been carried out, or may be yet."""
        return self.failure.outcome_pending

    @property
    def path(self) -> str:
        """The path concerned, in the short form; empty if there is none."""
        return self.failure.path


class BadArgumentError(HoldfastError, ValueError):
    """The call itself is wrong, and can never be right."""


class NoNodeError(HoldfastError):
    """There is no node at ``path``; of a create: there is no parent."""


class NodeExistsError(HoldfastError):
    """There is a node at the path already."""


class NotEmptyError(HoldfastError):
    """The node has children and cannot be deleted."""


class BadGenerationError(HoldfastError):
    """The contents are not of the generation demanded; ``failure.actual`` is what they have."""


class StaleInstanceError(HoldfastError):
    """The node is a later one than demanded; ``failure.actual`` is its instance."""


class NoChildrenForEphemeralsError(HoldfastError):
    """The parent is ephemeral."""


class LockHeldError(HoldfastError):
    """Somebody else holds the lock: ``holders``."""

    @property
    def holders(self) -> tuple[LockParty, ...]:
        return self.failure.holders


class LockDelayedError(HoldfastError):
    """Nobody holds the lock, but it stays closed for ``remaining`` seconds at most because its
    last holder's session expired (``failure.previous_holder``)."""

    @property
    def remaining(self) -> float:
        return (self.failure.remaining_ms or 0) / 1000


class NotHeldError(HoldfastError):
    """The lock is not held (any more) by who releases it."""


class StaleSequencerError(HoldfastError):
    """The sequencer that guards the write is not valid. Nothing was changed."""


class DeadlockError(HoldfastError):
    """To wait here would close the circle of owners in ``failure.cycle``."""


class AcquireCancelledError(HoldfastError):
    """The wait for the lock was ended by ``cancel()``."""


class CallTimeoutError(HoldfastError, TimeoutError):
    """The time given is over. From acquire: the lock was not had within ``wait``. From others: see
    ``outcome_pending``."""


class SessionExpiredError(HoldfastError):
    """The session is over, for good: locks, ephemeral nodes and watches are gone."""


class WrongSecretError(HoldfastError):
    """The secret is not that of the session."""


class SessionNotBoundError(HoldfastError):
    """The connection is not one of the session; the library resumes by itself, so that programs do
    not see it."""


class NoQuorumError(HoldfastError):
    """No replica with a quorum behind it could be reached in the time given. The request was not
    carried out and will not be."""


class BehindError(HoldfastError):
    """The replica has not seen what this client has; the library goes to another by itself."""


class TooLargeError(HoldfastError):
    """A part of the request, or the reply, is larger than ``failure.limit`` bytes."""


class LimitError(HoldfastError):
    """The limit ``failure.limit_name`` is reached."""


class NoSpaceError(HoldfastError):
    """A quorum of the cell (or, of a SequencerChecker, its file) lacks room for new data."""


class WrongCellError(HoldfastError):
    """The endpoint, the path or the sequencer is of another cell."""


class LockLost(NotHeldError):
    """The lock was lost while it was believed to be held; ``loss`` says why.

    Raised by ``Lock.check()``, by the end of the ``with`` block, and where it was asked for
    (``interrupt=True``) into the body. What is lost stays lost.
    """

    def __init__(self, failure: Optional[Failure] = None, loss: Optional[Loss] = None) -> None:
        super().__init__(failure or Failure(ErrorCode.NOT_HELD, "The lock was lost."))
        self.loss = loss or Loss(LossReason.EXPIRED, self.failure.message)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.failure, self.loss)


class LockInDoubt(HoldfastError):
    """The lock cannot be relied on at the moment (jeopardy): it may be held again later, or lost.

    Raised by ``Lock.check()`` only; the code is TIMEOUT, the lease was not confirmed in time.
    """


_CLASSES: dict[ErrorCode, type[HoldfastError]] = {
    ErrorCode.BAD_ARGUMENT: BadArgumentError,
    ErrorCode.NO_NODE: NoNodeError,
    ErrorCode.NODE_EXISTS: NodeExistsError,
    ErrorCode.NOT_EMPTY: NotEmptyError,
    ErrorCode.BAD_GENERATION: BadGenerationError,
    ErrorCode.STALE_INSTANCE: StaleInstanceError,
    ErrorCode.NO_CHILDREN_FOR_EPHEMERALS: NoChildrenForEphemeralsError,
    ErrorCode.LOCK_HELD: LockHeldError,
    ErrorCode.LOCK_DELAYED: LockDelayedError,
    ErrorCode.NOT_HELD: NotHeldError,
    ErrorCode.STALE_SEQUENCER: StaleSequencerError,
    ErrorCode.DEADLOCK: DeadlockError,
    ErrorCode.CANCELLED: AcquireCancelledError,
    ErrorCode.TIMEOUT: CallTimeoutError,
    ErrorCode.SESSION_EXPIRED: SessionExpiredError,
    ErrorCode.WRONG_SECRET: WrongSecretError,
    ErrorCode.SESSION_NOT_BOUND: SessionNotBoundError,
    ErrorCode.NO_QUORUM: NoQuorumError,
    ErrorCode.BEHIND: BehindError,
    ErrorCode.TOO_LARGE: TooLargeError,
    ErrorCode.LIMIT: LimitError,
    ErrorCode.NO_SPACE: NoSpaceError,
    ErrorCode.WRONG_CELL: WrongCellError,
}


def error_of(failure: Failure) -> HoldfastError:
    """The exception for a failure."""
    if failure.code is None:
        return HoldfastError(failure)
    return _CLASSES[failure.code](failure)


def bad_argument(message: str) -> BadArgumentError:
    return BadArgumentError(Failure(ErrorCode.BAD_ARGUMENT, message))
