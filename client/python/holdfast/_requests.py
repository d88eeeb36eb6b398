"""Requests from the arguments of the public calls, the same for every form of them."""

from __future__ import annotations

from typing import Any, Iterable, Optional, Protocol, Sequence, Union, runtime_checkable

from . import ops
from ._core.io import Request
from .errors import bad_argument
from .values import NodeKind


@runtime_checkable
class HasSequencer(Protocol):
    @property
    def sequencer(self) -> str: ...


Guard = Union[str, HasSequencer, None]


class Paths:
    """Paths in the short form: the cell answers and tells events in no other."""

    def __init__(self, cell_name: str = "") -> None:
        self._prefixes = ["/ls/local"] + ([f"/ls/{cell_name}"] if cell_name else [])

    def __call__(self, path: str) -> str:
        if not isinstance(path, str):
            raise bad_argument(f"A path is a str: {path!r}")
        for prefix in self._prefixes:
            if path == prefix:
                return "/"
            if path.startswith(prefix + "/"):
                return path[len(prefix):]
        return path


def _bytes(contents: Any) -> bytes:
    if not isinstance(contents, (bytes, bytearray, memoryview)):
        raise bad_argument(f"Contents are bytes: {type(contents).__name__}")
    return bytes(contents)


def guard_text(guard: Guard) -> Optional[str]:
    """The sequencer of a lock, or that which is one already."""
    if guard is None or isinstance(guard, str):
        return guard
    if isinstance(guard, HasSequencer):
        return guard.sequencer
    raise bad_argument(f"A guard is a sequencer or a lock: {guard!r}")


def create(path: str, contents: bytes, kind: NodeKind, sequential: bool, create_parents: bool,
           guard: Guard) -> Request:
    fields = {"path": path, "contents": _bytes(contents), "kind": NodeKind(kind),
              "sequential": sequential, "create_parents": create_parents}
    return Request("create", fields, guard_text(guard))


def kind_of(ephemeral: bool, until_free: bool) -> NodeKind:
    if ephemeral and until_free:
        raise bad_argument("A node is ephemeral or until_free, not both.")
    if ephemeral:
        return NodeKind.EPHEMERAL
    return NodeKind.UNTIL_FREE if until_free else NodeKind.PERSISTENT


def set_contents(path: str, contents: bytes, if_generation: Optional[int],
                 if_instance: Optional[int], guard: Guard) -> Request:
    fields = {"path": path, "contents": _bytes(contents), "if_instance": if_instance,
              "if_content_generation": if_generation}
    return Request("set_contents", fields, guard_text(guard))


def delete(path: str, if_generation: Optional[int], if_instance: Optional[int], owner: int,
           guard: Guard) -> Request:
    fields = {"path": path, "owner": owner, "if_instance": if_instance,
              "if_content_generation": if_generation}
    return Request("remove", fields, guard_text(guard))


def get(path: str, stale_ok: bool) -> Request:
    return Request("get", {"path": path, "stale_ok": stale_ok})


def exists(path: str, stale_ok: bool) -> Request:
    return Request("exists", {"path": path, "stale_ok": stale_ok})


def list_page(path: str, after: str, with_stats: bool, stale_ok: bool, limit: int = 0) -> Request:
    return Request("list_children", {
        "path": path, "after": after, "limit": limit, "with_stats": with_stats,
        "stale_ok": stale_ok})


def lock_info(path: str, waiters_limit: int, stale_ok: bool) -> Request:
    return Request("lock_info", {
        "path": path, "waiters_limit": waiters_limit, "stale_ok": stale_ok})


def lock_page(prefix: str, after: str, only_session: int, stale_ok: bool) -> Request:
    return Request("list_locks", {
        "prefix": prefix, "after": after, "only_session_id": only_session,
        "stale_ok": stale_ok})


def session_page(after: int, stale_ok: bool) -> Request:
    return Request("list_sessions", {"after_session_id": after, "stale_ok": stale_ok})


def break_lock(path: str, reason: str, operator: str, acquisition: int, now: bool) -> Request:
    return Request("break_lock", {
        "path": path, "acquisition": acquisition, "reason": reason, "operator_name": operator,
        "now": now})


def kill_session(session_id: int, reason: str, operator: str, now: bool) -> Request:
    return Request("kill_session", {
        "session_id": session_id, "reason": reason, "operator_name": operator, "now": now})


def check_sequencers(sequencers: Sequence[str]) -> Request:
    return Request("check_sequencers", {"sequencers": list(sequencers)})


def multi(operations: Iterable[ops.Op], paths: Paths, owner: int, guard: Guard) -> Request:
    """`owner`: the calling one."""
    return Request(
        "multi", {"ops": [_op(op, paths, owner) for op in operations]}, guard_text(guard))


def _op(op: ops.Op, paths: Paths, owner: int) -> tuple[str, dict[str, Any]]:
    if isinstance(op, ops.CheckSequencer):
        return "check_sequencer", {"sequencer": op.sequencer}
    if not isinstance(op, (ops.Create, ops.Set, ops.Delete, ops.CheckNode, ops.CheckAbsent)):
        raise bad_argument(f"Not an operation of a multi: {op!r}")
    fields: dict[str, Any] = {"path": paths(op.path)}
    if isinstance(op, ops.CheckAbsent):
        return "check_absent", fields
    if isinstance(op, ops.Create):
        return "create", {**fields, "contents": _bytes(op.contents), "kind": NodeKind(op.kind),
                          "sequential": op.sequential, "create_parents": op.create_parents}
    fields.update(if_instance=op.if_instance, if_content_generation=op.if_generation)
    if isinstance(op, ops.Set):
        return "set_contents", {**fields, "contents": _bytes(op.contents)}
    if isinstance(op, ops.Delete):
        return "remove", {**fields, "owner": owner if op.owner is None else op.owner}
    return "check_node", fields
