"""What every replica must have when trouble is over: the same, and all that was acknowledged."""

import dataclasses

from tests.chaos.history import OK, REFUSED
from tests.harness import Session, api
from tests.harness.deadline import eventually

LISTED = ("instance", "content_generation", "child_generation", "lock_generation", "modified_zxid",
          "content_length", "content_checksum", "children", "ephemeral_session_id", "kind")
SAME_S = 60.0


@dataclasses.dataclass
class Dump:
    """The state of one replica."""

    replica: int
    as_of: int
    nodes: dict  # Path → a tuple of the LISTED fields of its stat.
    locks: list
    sessions: list


def dump(endpoint, replica):
    """Everything that one replica has in its memory."""
    with Session([endpoint], name="auditor", keep_alive=False) as session:
        session.read("sync", api.SyncRequest)
        nodes = {}
        _walk(session, "/", nodes)
        locks = session.read("list_locks", api.ListLocksRequest, stale_ok=True)
        sessions = session.read("list_sessions", api.ListSessionsRequest, stale_ok=True)
        session.close()
        return Dump(
            replica, locks.header.zxid, nodes,
            [(lock.path, lock.state, lock.generation,
              [(party.session_id, party.zxid) for party in lock.holders]) for lock in locks.locks],
            [known.session_id for known in sessions.sessions if known.session_id != session.id])


def _walk(session, path, nodes):
    after, more = "", True
    while more:
        page = session.read("list_children", api.ListChildrenRequest, path=path, after=after,
                            with_stats=True, stale_ok=True)
        for child in page.children:
            below = f"{path.rstrip('/')}/{child.name}"
            nodes[below] = tuple(getattr(child.stat, field) for field in LISTED)
            if child.stat.children:
                _walk(session, below, nodes)
        more = page.more
        after = page.children[-1].name if page.children else ""


def equal_dumps(endpoints):
    """A Dump of each replica, when all are equal. Fails if they do not become so: the end of a
    session that nobody keeps may come between two of them.
    """
    def take():
        dumps[:] = [dump(endpoint, place + 1) for place, endpoint in enumerate(endpoints)]
        return not list(difference_faults(dumps))

    dumps = []
    try:
        eventually("all replicas have the same", take, SAME_S)
    except AssertionError:
        pass  # difference_faults() says what is not.
    return dumps


def difference_faults(dumps):
    first = dumps[0]
    for other in dumps[1:]:
        for path in sorted(first.nodes.keys() | other.nodes.keys()):
            one, two = first.nodes.get(path), other.nodes.get(path)
            if one != two:
                yield (f"{path}: replica {first.replica} has {one}, "
                       f"replica {other.replica} has {two}")
        for part in ("locks", "sessions"):
            if getattr(first, part) != getattr(other, part):
                yield f"replicas {first.replica} and {other.replica} differ in their {part}"


def field(stat, name):
    return stat[LISTED.index(name)]


def lost_faults(ops, final):
    """What was acknowledged is there, at its place in the history; what was refused is not."""
    newest, removed = {}, {op.path for op in ops if op.kind == "remove"}
    for op in ops:
        if op.kind == "enqueue" and op.outcome == OK:
            stat = final.nodes.get(op.path)
            if stat is None or field(stat, "instance") != op.zxid:
                yield f"{op.client}: {op.path} was made at {op.zxid:x} and is lost"
        if op.kind in ("set", "swap", "create", "guarded") and op.outcome == OK:
            if op.path not in removed and op.zxid > newest.get(op.path, 0):
                newest[op.path] = op.zxid
    for path, zxid in newest.items():
        stat = final.nodes.get(path)
        if stat is None or field(stat, "modified_zxid") < zxid:
            yield f"{path}: what was written last, at {zxid:x}, is lost"


def queue_faults(ops, folder, contents):
    """Each entry of the queue was put there once, by somebody. `contents`: path → contents."""
    outcomes = {op.value: op.outcome for op in ops if op.kind == "enqueue"}
    seen = set()
    for path, value in contents.items():
        outcome = outcomes.get(value)
        if outcome is None or outcome == REFUSED:
            yield f"{path}: nobody put {value!r} into {folder}"
        if value in seen:
            yield f"{path}: {value!r} is in {folder} twice"
        seen.add(value)


def ephemeral_faults(final):
    """An ephemeral node has a session that lives."""
    for path, stat in final.nodes.items():
        owner = field(stat, "ephemeral_session_id")
        if owner and owner not in final.sessions:
            yield f"{path} belongs to session {owner:x}, which is gone"
