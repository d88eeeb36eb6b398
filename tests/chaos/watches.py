"""What watchers heard: in order, each event once, none left out, those of one command together."""

import collections

from tests.chaos.history import OK, UNKNOWN

EVENT_OF = {"set": "CONTENTS_CHANGED", "swap": "CONTENTS_CHANGED", "guarded": "CONTENTS_CHANGED",
            "create": "NODE_CREATED", "enqueue": "NODE_CREATED", "acquire": "LOCK_ACQUIRED"}


def order_faults(stream):
    """Names grow: nothing is repeated and nothing comes late."""
    last = (0, -1)
    for event in stream.events:
        if (event.zxid, event.index) <= last:
            yield (f"{stream.watcher}: {event.kind} of {event.path} at {event.zxid:x} came after "
                   f"{last}")
        last = max(last, (event.zxid, event.index))


def continuity_faults(stream):
    """The generations of a node's contents come without a gap, unless EVENTS_LOST said so."""
    generations = {}
    for event in stream.events:
        if event.kind == "EVENTS_LOST":
            generations.clear()
        elif event.kind == "NODE_DELETED":
            generations.pop(event.path, None)
        elif event.kind == "NODE_CREATED":
            generations[event.path] = 1
        elif event.kind == "CONTENTS_CHANGED":
            before = generations.get(event.path, event.generation - 1)
            if event.generation != before + 1:
                yield (f"{stream.watcher}: {event.path} went from generation {before} to "
                       f"{event.generation} without an event")
            generations[event.path] = event.generation


def segments(stream, through):
    """The ranges of zxids [first, last] of which the stream tells everything."""
    first = stream.active_from
    for event in stream.events:
        if event.kind == "EVENTS_LOST":
            # What it stands for lies before it, up to the last event that had come.
            yield first, last_before(stream, event)
            first = event.zxid + 1
    yield first, through


def last_before(stream, lost):
    before = [event.zxid for event in stream.events
              if (event.zxid, event.index) < (lost.zxid, lost.index)]
    return max(before, default=0)


def completeness_faults(stream, through, ops):
    """Every write that the watcher was to hear of has its event, and no event is of nothing."""
    told = {(event.zxid, event.kind, event.path) for event in stream.events}
    parts = list(segments(stream, through))
    for op in ops:
        kind = EVENT_OF.get(op.kind)
        if kind is None or op.outcome != OK:
            continue
        if not any(first <= op.zxid <= last for first, last in parts):
            continue
        if (op.zxid, kind, op.path) not in told:
            yield f"{stream.watcher}: no event for {op.kind} of {op.path} at {op.zxid:x}"


def invented_faults(stream, ops):
    """No event is of a write that nobody made; one of unknown outcome may have been made once."""
    made = {(op.zxid, op.path) for op in ops if op.outcome == OK}
    unknown = collections.Counter(
        op.path for op in ops if op.outcome == UNKNOWN and op.kind in EVENT_OF)
    registers = {op.path for op in ops if op.kind in ("set", "swap", "create")}
    extra = collections.Counter(
        event.path for event in stream.events
        if event.kind in ("CONTENTS_CHANGED", "NODE_CREATED") and event.path in registers
        and (event.zxid, event.path) not in made)
    for path, count in extra.items():
        if count > unknown[path]:
            yield f"{stream.watcher}: {count} events of {path} that no write explains"


def atomicity_faults(stream, one, other):
    """The two nodes that are only ever written together have their events at the same zxids."""
    places = {path: {event.zxid for event in stream.events
                     if event.path == path and event.kind == "CONTENTS_CHANGED"}
              for path in (one, other)}
    for zxid in places[one] ^ places[other]:
        yield f"{stream.watcher}: half of the multi at {zxid:x} was seen"


def agreement_faults(streams, through):
    """Two watchers of the same heard the same."""
    told = [{(event.zxid, event.index, event.kind, event.path) for event in stream.events
             if event.kind != "EVENTS_LOST"} for stream in streams]
    for one in range(len(streams)):
        for other in range(one):
            common = [(max(a[0], b[0]), min(a[1], b[1]))
                      for a in segments(streams[one], through)
                      for b in segments(streams[other], through)]
            for event in told[one] ^ told[other]:
                if any(first <= event[0] <= last for first, last in common):
                    yield (f"{streams[one].watcher} and {streams[other].watcher} differ in "
                           f"{event[2]} of {event[3]} at {event[0]:x}")


def all_faults(streams, through, ops, pair):
    """`through`: the zxid up to which all the watchers have got everything."""
    for stream in streams:
        yield from order_faults(stream)
        yield from continuity_faults(stream)
        yield from completeness_faults(stream, through, ops)
        yield from invented_faults(stream, ops)
        yield from atomicity_faults(stream, *pair)
    yield from agreement_faults(streams, through)
