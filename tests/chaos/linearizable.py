"""Whether the calls on one object can have happened one after the other, each at one moment between
its invocation and its return.

The search of Wing and Gong with Lowe's memory of what was tried, as in Porcupine. It does not look
at zxids, so it does not believe what the cell says of its own order. A call of unknown outcome may
have happened at any moment after its invocation, or never.
"""

from tests.chaos.history import OK, REFUSED, UNKNOWN


class _Entry:
    __slots__ = ("op", "bit", "is_call", "match", "before", "after")

    def __init__(self, op, bit, is_call):
        self.op, self.bit, self.is_call = op, bit, is_call
        self.match = self.before = self.after = None


def _chain(ops):
    """A linked list of invocations and returns in the order of time, behind a head."""
    moments = []
    for place, op in enumerate(ops):
        call = _Entry(op, 1 << place, True)
        moments.append((op.invoked, 0, place, call))
        if op.outcome != UNKNOWN:
            call.match = _Entry(op, 1 << place, False)
            moments.append((op.returned, 1, place, call.match))
    head = last = _Entry(None, 0, True)
    for *_, entry in sorted(moments, key=lambda moment: moment[:3]):
        last.after, entry.before = entry, last
        last = entry
    return head


def _lift(call):
    for entry in (call, call.match):
        if entry is not None:
            entry.before.after = entry.after
            if entry.after is not None:
                entry.after.before = entry.before


def _put_back(call):
    for entry in (call.match, call):
        if entry is not None:
            entry.before.after = entry
            if entry.after is not None:
                entry.after.before = entry


def is_linearizable(ops, state, step):
    """`step(state, op)`: the state after the op, or None if the op cannot have had its result then.

    States are hashable and not None.
    """
    head = _chain(ops)
    open_count = sum(op.outcome != UNKNOWN for op in ops)
    done, tried, path = 0, set(), []
    entry = head.after
    while open_count > 0:
        if entry.is_call:
            after = step(state, entry.op)
            if after is not None and (done | entry.bit, after) not in tried:
                tried.add((done | entry.bit, after))
                path.append((entry, state))
                state, done = after, done | entry.bit
                open_count -= entry.match is not None
                _lift(entry)
                entry = head.after
            else:
                entry = entry.after
        elif not path:
            return False
        else:
            entry, state = path.pop()
            done &= ~entry.bit
            open_count += entry.match is not None
            _put_back(entry)
            entry = entry.after
    return True


# ---- models --------------------------------------------------------------------------------------

NO_NODE = ()


def register_step(state, op):
    """A node's contents: NO_NODE, or (value, generation)."""
    if op.outcome == REFUSED:
        return state if _register_refuses(state, op) else None
    if op.kind == "create":
        return (op.value, 1) if state == NO_NODE else None
    if state == NO_NODE:
        return None
    if op.kind == "get":
        return state if state == (op.value, op.generation) else None
    if op.kind == "remove":
        return NO_NODE
    if op.kind == "swap" and state[1] != op.expected:
        return None
    if op.outcome == OK and op.generation != state[1] + 1:
        return None
    return (op.value, state[1] + 1)


def _register_refuses(state, op):
    if op.error == "NO_NODE":
        return state == NO_NODE
    if op.error == "NODE_EXISTS":
        return state != NO_NODE
    if op.error == "BAD_GENERATION":
        return state != NO_NODE and state[1] == op.generation != op.expected
    return True  # NO_SPACE and the like say nothing about the node.


def lock_step(state, op):
    """The holders: a frozenset of (session, mode)."""
    others = [holder for holder in state if holder[0] != op.session]
    if op.kind == "acquire" and op.outcome == REFUSED:
        return state if op.error != "LOCK_HELD" or others else None
    if op.outcome == REFUSED:
        return state
    if op.kind == "acquire":
        in_the_way = any(op.mode == "x" or mode == "x" for _, mode in state)
        return None if in_the_way else state | {(op.session, op.mode)}
    if op.kind == "release" and op.outcome == OK and len(others) == len(state):
        return None
    return frozenset(others)  # release, close, expire


def register_faults(ops):
    """Of each register that all clients use."""
    for path, found in by_path(ops, {"get", "set", "swap", "create", "remove"}).items():
        if not is_linearizable(found, NO_NODE, register_step):
            yield f"{path}: no order of its {len(found)} calls explains their results"


def lock_faults(ops):
    ends = [op for op in ops if op.kind in ("close", "expire")]
    for path, found in by_path(ops, {"acquire", "release"}).items():
        sessions = {op.session for op in found}
        # With shared holders a refusal may be for the sake of one who waits, and tells nothing.
        mixed = any(op.mode == "s" for op in found)
        kept = [op for op in found if not (mixed and op.outcome == REFUSED)]
        kept += [op for op in ends if op.session in sessions]
        if not is_linearizable(kept, frozenset(), lock_step):
            yield f"{path}: no order of its {len(kept)} calls explains who had the lock"


def by_path(ops, kinds):
    found = {}
    for op in ops:
        if op.kind in kinds:
            found.setdefault(op.path, []).append(op)
    return found
