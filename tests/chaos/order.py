"""What the zxids of replies must say, if they are the positions of one history: the cheap check of
everything at once, beside the search of linearizable.py.
"""

import bisect
import collections

from tests.chaos.history import OK, UNKNOWN

READS = {"get", "stale_get"}
WRITES = {"set", "swap", "create", "guarded", "multi", "enqueue", "ephemeral"}


def real_time_faults(ops):
    """What was invoked after something had returned must not stand before it."""
    returns = sorted((op for op in ops if op.returned is not None and op.as_of),
                     key=lambda op: op.returned)
    floor, place = 0, 0
    for op in sorted(ops, key=lambda op: op.invoked):
        while place < len(returns) and returns[place].returned < op.invoked:
            floor = max(floor, returns[place].as_of)
            place += 1
        if op.outcome != OK:
            continue
        if op.kind in WRITES | {"acquire"} and op.zxid <= floor:
            yield f"{op.client}: {op.kind} {op.path} at {op.zxid:x}, invoked after {floor:x}"
        if op.kind == "get" and op.as_of < floor:
            yield f"{op.client}: {op.path} read as of {op.as_of:x}, invoked after {floor:x}"


def session_faults(ops):
    """A session never sees time run backwards, nor without what it did itself."""
    seen = collections.defaultdict(int)
    for op in sorted((op for op in ops if op.returned is not None), key=lambda op: op.returned):
        if op.as_of and op.as_of < seen[op.session]:
            yield (f"{op.client}: {op.kind} {op.path} as of {op.as_of:x} after "
                   f"{seen[op.session]:x} in one session")
        seen[op.session] = max(seen[op.session], op.as_of, 0 if op.kind in READS else op.zxid)


def generation_faults(ops):
    """Each write of a node raises its generation by one, whoever made it, once."""
    writes, unknown = collections.defaultdict(list), collections.Counter()
    removed = {op.path for op in ops if op.kind == "remove"}
    for op in ops:
        if op.kind in WRITES - {"enqueue", "ephemeral"} and op.path not in removed:
            if op.outcome == OK:
                writes[op.path].append(op)
            unknown[op.path] += op.outcome == UNKNOWN
    for path, found in writes.items():
        found.sort(key=lambda op: op.zxid)
        missing = 0
        for one, other in zip(found, found[1:]):
            if other.zxid == one.zxid or other.generation <= one.generation:
                yield (f"{path}: generation {other.generation} at {other.zxid:x} comes after "
                       f"{one.generation} at {one.zxid:x}")
            missing += max(0, other.generation - one.generation - 1)
        if missing > unknown[path]:
            yield f"{path}: {missing} writes that nobody made, or that were carried out twice"


def read_faults(ops):
    """A read finds the last write before the position for which it answers."""
    writes, may_be = collections.defaultdict(dict), collections.defaultdict(set)
    removed = {op.path for op in ops if op.kind == "remove"}
    for op in ops:
        if op.kind in ("set", "swap", "create"):
            if op.outcome == OK:
                writes[op.path][op.zxid] = op
            elif op.outcome == UNKNOWN:
                may_be[op.path].add(op.value)
    positions = {path: sorted(found) for path, found in writes.items()}
    for op in ops:
        if op.kind not in READS or op.outcome != OK:
            continue
        write = writes[op.path].get(op.zxid)
        if write is None and op.value not in may_be[op.path]:
            yield f"{op.path}: {op.value!r} was read, which nobody wrote at {op.zxid:x}"
        if write is not None and (write.value, write.generation) != (op.value, op.generation):
            yield f"{op.path}: {write.value!r} was written at {op.zxid:x}, {op.value!r} read"
        if op.path not in removed and _has_between(
                positions.get(op.path, []), op.zxid, op.as_of):
            yield f"{op.client}: {op.path} read as of {op.as_of:x} without the last write before"


def _has_between(positions, after, through):
    """Whether any of the sorted positions is in (after, through]."""
    place = bisect.bisect_right(positions, after)
    return place < len(positions) and positions[place] <= through


def all_faults(ops):
    yield from real_time_faults(ops)
    yield from session_faults(ops)
    yield from generation_faults(ops)
    yield from read_faults(ops)
