"""The calls of lockservice.thrift as messages, and back. The only place that knows the generated
code (holdfast.api)."""

from __future__ import annotations

import struct
from typing import Any, Callable, Optional

from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from . import replies, values
from ._core import io
from ._wire_values import error_from, event_from, event_name_from, lift, signed, unsigned
from .errors import ErrorCode, Failure, TooLargeError, bad_argument

try:
    from .api import LockService
    from .api import ttypes as generated
except ImportError as missing:
    raise ImportError(
        "holdfast.api is missing: in a checkout, run client/python/generate.py once") from missing

ttypes: Any = generated  # Without type hints.
FRAME_BYTES_MAX = 2 * 1024 * 1024
# A replica closes the connection of who sends more than a frame; a header takes the rest.
REQUEST_BYTES_MAX = FRAME_BYTES_MAX - 4096


class MalformedError(Exception):
    """The other side did not speak as the interface has it."""


# ---- requests -----------------------------------------------------------------------------------


def _request_type(method: str) -> Any:
    """AcquireRequest for "acquire"."""
    return getattr(ttypes, "".join(part.capitalize() for part in method.split("_")) + "Request")


_METHODS = (
    "open_session", "resume_session", "close_session", "keep_alive", "list_sessions",
    "kill_session", "acquire", "cancel", "release", "get_sequencer", "check_sequencers",
    "lock_info", "list_locks", "break_lock", "create", "remove", "get", "exists", "list_children",
    "set_contents", "multi", "sync", "watch", "unwatch", "cell_status")
_REQUESTS = {method: _request_type(method) for method in _METHODS}
_ARGUMENTS = {method: getattr(LockService, method + "_args") for method in _METHODS}
_RESULTS = {method: getattr(LockService, method + "_result") for method in _METHODS}


def _lower(value: Any) -> Any:
    """What the generated code wants for one of our values."""
    if isinstance(value, values.EventName):
        return ttypes.EventName(signed(value.zxid), value.index)
    if isinstance(value, io.PreviousSession):
        return ttypes.PreviousSession(value.instance_name, value.secret)
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return signed(value)


def _op(kind: str, fields: dict[str, Any]) -> Any:
    op_type = getattr(ttypes, "".join(part.capitalize() for part in kind.split("_")) + "Op")
    return ttypes.Op(**{kind: op_type(**{name: _lower(field) for name, field in fields.items()})})


def _header(request: io.Request, head: io.Head) -> Any:
    return ttypes.RequestHeader(
        session_id=signed(head.session_id), request_number=head.request_number,
        answered_below=head.answered_below, last_seen_zxid=signed(head.last_seen_zxid),
        guard=request.guard, cell_name=head.cell_name or None, cell_id=head.cell_id or None)


def encode(request: io.Request, head: io.Head, sequence_id: int) -> bytes:
    """A frame with the message."""
    fields = {name: _lower(field) for name, field in request.fields.items()}
    if request.method == "multi":
        fields["ops"] = [_op(kind, op) for kind, op in request.fields["ops"]]
    body = _REQUESTS[request.method](header=_header(request, head), **fields)
    transport = TMemoryBuffer()
    protocol = TCompactProtocolAccelerated(transport)
    protocol.writeMessageBegin(request.method, TMessageType.CALL, sequence_id)
    _ARGUMENTS[request.method](body).write(protocol)
    protocol.writeMessageEnd()
    message: bytes = transport.getvalue()
    return struct.pack(">i", len(message)) + message


def check(request: io.Request, head: io.Head = io.Head()) -> None:
    """Refuses in the caller's thread what could not be encoded later, in the session's."""
    try:
        size = len(encode(request, head, 0))
    except Exception as failure:  # Whatever the generated code makes of wrong types.
        raise bad_argument(f"The request cannot be sent: {failure}") from failure
    if size > REQUEST_BYTES_MAX:
        raise TooLargeError(Failure(
            ErrorCode.TOO_LARGE, f"The request has {size} bytes, at most {REQUEST_BYTES_MAX}.",
            limit_name="frame", limit=REQUEST_BYTES_MAX, actual=size))


# ---- replies ------------------------------------------------------------------------------------


def _zxid(reply: Any) -> int:
    return unsigned(reply.header.zxid)


def _stat(stat: Any) -> Optional[values.Stat]:
    return None if stat is None else lift(values.Stat, stat)


def _to_opened(reply: Any) -> io.SessionOpened:
    return io.SessionOpened(
        unsigned(reply.session_id), reply.lease_ms, reply.cell_name, reply.cell_id)


def _to_kept_alive(reply: Any) -> io.KeptAlive:
    events = [event_from(event) for event in reply.events]
    return io.KeptAlive([event for event in events if event is not None],
                        event_name_from(reply.delivered_through), reply.more)


def _to_acquired(reply: Any) -> io.Acquired:
    if reply.outcome == ttypes.AcquireOutcome.GRANTED:
        return io.Acquired(lift(values.LockGrant, reply.grant))
    return io.Acquired(None, reply.waiters_ahead or 0)


def _to_children(reply: Any) -> replies.Children:
    children = tuple(replies.Child(child.name, _stat(child.stat)) for child in reply.children)
    return replies.Children(_zxid(reply), children, reply.more, lift(values.Stat, reply.stat))


def _to_multi(reply: Any) -> replies.MultiDone:
    results = tuple(replies.OpResult(result.path, _stat(result.stat)) for result in reply.results)
    return replies.MultiDone(_zxid(reply), results)


def _to_broken(reply: Any) -> replies.LockBroken:
    broken = tuple(lift(values.LockParty, party) for party in reply.broken)
    return replies.LockBroken(_zxid(reply), broken, reply.delay_ms)


def _done(reply: Any) -> replies.Done:
    return replies.Done(_zxid(reply))


def _lock_info(reply: Any) -> replies.LockInfoReply:
    return replies.LockInfoReply(_zxid(reply), lift(values.LockInfo, reply.info))


def _lock_page(reply: Any) -> replies.LockPage:
    locks = tuple(lift(values.LockInfo, lock) for lock in reply.locks)
    return replies.LockPage(_zxid(reply), locks, reply.more)


def _session_page(reply: Any) -> replies.SessionPage:
    sessions = tuple(lift(values.SessionInfo, session) for session in reply.sessions)
    return replies.SessionPage(_zxid(reply), sessions, reply.more)


def _to_states(reply: Any) -> replies.SequencerStates:
    states = tuple(values.SequencerState(state) for state in reply.states)
    return replies.SequencerStates(_zxid(reply), states)


def _to_status(reply: Any) -> replies.CellStatus:
    return replies.CellStatus(
        zxid=_zxid(reply), cell_name=reply.cell_name, cell_id=reply.cell_id,
        replica=lift(replies.ReplicaStatus, reply.replica),
        members=tuple(lift(replies.MemberInfo, member) for member in reply.members),
        state=lift(replies.StateStatus, reply.state),
        limits=tuple(lift(replies.LimitInfo, limit) for limit in reply.limits),
        version=reply.version, state_machine_version=reply.state_machine_version)


_BODIES: dict[str, Callable[[Any], Any]] = {
    "open_session": _to_opened,
    "keep_alive": _to_kept_alive,
    "acquire": _to_acquired,
    "get_sequencer": lambda reply: lift(values.LockGrant, reply.grant),
    "watch": lambda reply: io.WatchSet(unsigned(reply.active_from_zxid)),
    "create": lambda reply: replies.Created(
        _zxid(reply), reply.path, lift(values.Stat, reply.stat)),
    "get": lambda reply: replies.Contents(
        _zxid(reply), reply.contents, lift(values.Stat, reply.stat)),
    "exists": lambda reply: replies.Existence(_zxid(reply), _stat(reply.stat)),
    "set_contents": lambda reply: replies.Written(_zxid(reply), lift(values.Stat, reply.stat)),
    "list_children": _to_children,
    "multi": _to_multi,
    "break_lock": _to_broken,
    "lock_info": _lock_info,
    "list_locks": _lock_page,
    "list_sessions": _session_page,
    "kill_session": lambda reply: replies.SessionKilled(_zxid(reply), reply.killed),
    "check_sequencers": _to_states,
    "cell_status": _to_status,
}


def _facts(header: Any) -> io.Facts:
    if header is None:
        return io.Facts()
    return io.Facts(unsigned(header.zxid), event_name_from(header.events_through),
                    header.lease_ms)


def decode(message: bytes) -> tuple[int, io.Answer]:
    """The sequence id and the answer. MalformedError if the bytes are no answer."""
    try:
        # What a message says to have more of than fits into it is not made room for.
        protocol = TCompactProtocolAccelerated(
            TMemoryBuffer(message), string_length_limit=FRAME_BYTES_MAX,
            container_length_limit=FRAME_BYTES_MAX)
        method, kind, sequence_id = protocol.readMessageBegin()
        if kind != TMessageType.REPLY or method not in _RESULTS:
            raise MalformedError(f"not a reply: message of type {kind}, method {method!r}")
        result = _RESULTS[method]()
        result.read(protocol)
        if result.error is not None:
            return sequence_id, io.Answer(
                method, _facts(result.error.header), error_from(result.error))
        if result.success is None:
            raise MalformedError(f"an empty reply to {method}")
        body = _BODIES.get(method, _done)(result.success)
        return sequence_id, io.Answer(method, _facts(result.success.header), body)
    except MalformedError:
        raise
    except Exception as failure:  # Foreign bytes: the library raises what it likes.
        raise MalformedError(f"a message that cannot be read: {failure!r}") from failure
