"""Values of the generated code as our own, and back.

Our dataclasses have the fields of the structs by the same names, so that one function does for all:
it makes unsigned what is unsigned, and enumerations and nested values what they are.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Optional, TypeVar

from . import values
from .errors import ErrorCode, Failure

Value = TypeVar("Value")
MASK = 2**64 - 1


def unsigned(number: int) -> int:
    """The unsigned number whose pattern stands in an i64."""
    return number & MASK


def signed(number: int) -> int:
    """The i64 with the pattern of an unsigned number."""
    return number - 2**64 if 2**63 <= number <= MASK else number


def _parties(parties: Any) -> tuple[values.LockParty, ...]:
    return tuple(lift(values.LockParty, party) for party in parties or ())


def _optional(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def _party(party: Any) -> Optional[values.LockParty]:
    return None if party is None else lift(values.LockParty, party)


# By the name of the field; fields of other names are taken as they are.
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    **{name: _optional(unsigned) for name in (
        "session_id", "owner", "zxid", "instance", "generation", "acquisition",
        "content_generation", "child_generation", "lock_generation", "modified_zxid",
        "content_checksum", "ephemeral_session_id", "last_logged_zxid", "durable_zxid",
        "committed_zxid", "applied_zxid", "image_zxid", "log_start_zxid")},
    "kind": values.NodeKind,
    "mode": _optional(values.LockMode),
    "state": values.LockState,
    "role": values.ReplicaRole,
    "holders": _parties,
    "waiters": _parties,
    "previous_holder": _party,
}
_FIELDS: dict[type, list[tuple[str, Optional[Callable[[Any], Any]]]]] = {}


def lift(value_type: type[Value], struct: Any) -> Value:
    """Our value of that type, of a struct whose fields have the same names."""
    fields = _FIELDS.get(value_type)
    if fields is None:
        names = [field.name for field in dataclasses.fields(value_type)]
        fields = _FIELDS[value_type] = [(name, _CONVERSIONS.get(name)) for name in names]
    return value_type(**{
        name: getattr(struct, name) if convert is None else convert(getattr(struct, name))
        for name, convert in fields})


def event_name_from(name: Any) -> values.EventName:
    if name is None:
        return values.EventName()
    return values.EventName(unsigned(name.zxid), name.index)


_EVENT_KINDS = {int(kind): kind for kind in values.EventKind}


def event_from(event: Any) -> Optional[values.Event]:
    """None for a kind of a later release."""
    kind = _EVENT_KINDS.get(event.kind)
    if kind is None:
        return None
    optional = _optional(unsigned)
    return values.Event(
        name=event_name_from(event.name), kind=kind, path=event.path,
        instance=unsigned(event.instance), child=event.child,
        session_id=optional(event.session_id), owner=optional(event.owner),
        mode=None if event.mode is None else values.LockMode(event.mode),
        generation=optional(event.generation), acquisition=optional(event.acquisition),
        content_generation=optional(event.content_generation), reason=event.reason)


_CODES = {int(code): code for code in ErrorCode}


def error_from(error: Any) -> Failure:
    return Failure(
        code=_CODES.get(error.code), message=error.message or "", retryable=error.retryable,
        outcome_pending=error.outcome_pending, path=error.path or "",
        holders=_parties(error.holders), remaining_ms=error.remaining_ms,
        previous_holder=_party(error.previous_holder), limit_name=error.limit_name or "",
        limit=error.limit, actual=None if error.actual is None else unsigned(error.actual),
        leader=error.leader or "",
        cycle=tuple(lift(values.WaitEdge, edge) for edge in error.cycle or ()),
        op_index=error.op_index, zxid=unsigned(error.header.zxid) if error.header else 0)
