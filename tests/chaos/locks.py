"""Who had which lock, by the events of the cell's history, and who believed so."""

import collections

from tests.chaos.history import OK

ENDS = ("LOCK_RELEASED", "LOCK_LOST")


class Ledger:
    """Each acquisition that a stream of events tells of: from which zxid to which."""

    def __init__(self, stream):
        self.began = {}  # (path, session, owner, acquisition) → zxid
        self.ended = {}
        self.faults = []
        self.is_whole = not any(event.kind == "EVENTS_LOST" for event in stream.events)
        holders = collections.defaultdict(dict)
        newest = collections.defaultdict(int)
        for event in stream.events:
            if event.kind == "EVENTS_LOST":
                holders.clear()
            elif event.kind == "LOCK_ACQUIRED":
                self._begin(event, holders[event.path], newest)
            elif event.kind in ENDS:
                self._end(event, holders[event.path])

    def _begin(self, event, holders, newest):
        if holders and (event.mode == "x" or "x" in holders.values()):
            self.faults.append(f"{event.path}: granted at {event.zxid:x} to a second holder")
        if not holders:
            if event.generation <= newest[event.path]:
                self.faults.append(
                    f"{event.path}: generation {event.generation:x} after {newest[event.path]:x}")
            newest[event.path] = event.generation
        holders[self.key(event)] = event.mode
        self.began[self.key(event)] = event.zxid

    def _end(self, event, holders):
        if holders.pop(self.key(event), None) is None and self.is_whole:
            self.faults.append(f"{event.path}: released at {event.zxid:x} by one who had it not")
        self.ended[self.key(event)] = event.zxid

    @staticmethod
    def key(event):
        return event.path, event.session, event.acquisition


def ledger_faults(stream, ops):
    """Grants and guarded writes, as the clients heard of them, fit to the events."""
    ledger = Ledger(stream)
    yield from ledger.faults
    if not ledger.is_whole:
        return
    spans = {}  # (path, acquisition) → the spans of its holders; shared ones may have one zxid.
    for key, zxid in ledger.began.items():
        spans.setdefault((key[0], key[2]), {})[key[1]] = (
            zxid, ledger.ended.get(key, float("inf")))
    for op in ops:
        if op.outcome != OK or op.kind not in ("acquire", "guarded"):
            continue
        path, acquisition = (op.path, op.zxid) if op.kind == "acquire" else (op.value, op.fence)
        began, ended = spans.get((path, acquisition), {}).get(op.session, (None, 0))
        if began is None:
            yield f"{op.client}: the grant of {path} at {acquisition:x} is no part of the history"
        elif not began <= op.zxid < ended:
            yield f"{op.client}: a write under {acquisition:x} of {path} was let in at {op.zxid:x}"


def fifo_faults(ops):
    """Who was known to wait before another asked, has the lock before him."""
    by_path = collections.defaultdict(list)
    for op in ops:
        if op.kind == "acquire" and op.outcome == OK:
            by_path[op.path].append(op)
    for path, found in by_path.items():
        waiters = sorted((op for op in found if op.waiting_at), key=lambda op: op.waiting_at)
        latest, place = 0, 0
        for op in sorted(found, key=lambda op: op.invoked):
            while place < len(waiters) and waiters[place].waiting_at < op.invoked:
                latest = max(latest, waiters[place].zxid)
                place += 1
            if op.zxid < latest:
                yield f"{path}: {op.client} got it at {op.zxid:x}, before a waiter at {latest:x}"


def belief_faults(path, tenures, streams):
    """held() of an exclusive holder was never true when the next one had been told of his grant."""
    told = {}  # Acquisition → the earliest moment at which anybody knew of it.
    for stream in streams:
        for event in stream.events:
            if event.kind == "LOCK_ACQUIRED" and event.path == path:
                told[event.acquisition] = min(
                    told.get(event.acquisition, event.received), event.received)
    for tenure in tenures:
        told[tenure.acquisition] = min(
            told.get(tenure.acquisition, tenure.granted_at), tenure.granted_at)
    earliest, known = {}, float("inf")
    for acquisition in sorted(told, reverse=True):
        earliest[acquisition] = known  # Of all later ones.
        known = min(known, told[acquisition])
    for tenure in tenures:
        late_s = tenure.believed_until - earliest[tenure.acquisition]
        if late_s > 0:
            yield (f"{tenure.client} believed for {late_s:.3f} s more in its acquisition "
                   f"{tenure.acquisition:x} of {path} when another had the lock")


def grant_faults(path, tenures):
    """Each acquisition is granted once, and who asked later has a greater number."""
    for acquisition, count in collections.Counter(
            tenure.acquisition for tenure in tenures).items():
        if count > 1:
            yield f"{path}: the acquisition {acquisition:x} was granted {count} times"
    granted = sorted(tenures, key=lambda tenure: tenure.granted_at)
    newest, place = 0, 0
    for tenure in sorted(tenures, key=lambda tenure: tenure.asked_at):
        while place < len(granted) and granted[place].granted_at < tenure.asked_at:
            newest = max(newest, granted[place].acquisition)
            place += 1
        if tenure.acquisition < newest:
            yield f"{path}: {tenure.acquisition:x} was granted after {newest:x}"
