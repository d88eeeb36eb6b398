"""What must be true after any failure: the accounts of the clients against the cell's data."""

import statistics

from tests.harness import Session, api
from tests.harness.contender import count_of, overlaps
from tests.harness.writer import contents_of

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
GAP_WINDOW_S = 1.0


def fnv1a(data):
    """Stat.content_checksum of contents, as Thrift's signed number."""
    value = FNV_OFFSET
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


def children_with_stats(session, path, stale_ok=False):
    """Name → Stat of all children."""
    found = {}
    after = ""
    while True:
        page = session.read("list_children", api.ListChildrenRequest, path=path, after=after,
                            with_stats=True, stale_ok=stale_ok)
        found.update((child.name, child.stat) for child in page.children)
        if not page.more:
            return found
        after = page.children[-1].name


def audit_writes(test, cell, writers):
    """Every replica has exactly what was acknowledged, each at the zxid that was told.

    To be called when the writers have stopped: nothing is open then.
    """
    total = 0
    for place, replica in enumerate(cell.replicas):
        with Session([replica.endpoint], name="auditor") as session:
            session.read("sync", api.SyncRequest)
            for writer in writers:
                found = children_with_stats(session, writer.folder, stale_ok=place > 0)
                audit_folder(test, writer, found)
                total += len(found)
    test.say(f"{total // len(cell.replicas)} acknowledged writes are at every replica")


def audit_folder(test, writer, found):
    missing = [path for path in writer.acknowledged if path.rsplit("/", 1)[1] not in found]
    test.assertEqual(missing, [], "acknowledged and lost")
    test.assertEqual(len(found), len(writer.acknowledged), "there is more than was acknowledged")
    for path, zxid in writer.acknowledged.items():
        stat = found[path.rsplit("/", 1)[1]]
        test.assertEqual(stat.instance, zxid, path)
        test.assertEqual(stat.content_checksum, fnv1a(contents_of(path)), path)


def audit_locks(test, session, counter, contenders):
    """No lock was granted before its last tenure ended, and no work done under it was lost."""
    tenures = [tenure for contender in contenders for tenure in contender.tenures]
    test.assertEqual(overlaps(tenures), [])
    test.assertEqual(count_of(session, counter), len(tenures))
    test.say(f"the lock was passed on {len(tenures)} times, and never granted twice")


def audit_leases(test, clients):
    """No client ever came to the end of its lease: each could rely on what it held all the time."""
    for client in clients:
        test.assertGreater(client.lease.least_left(), 0, f"{client.name} was in jeopardy")
    least = min(client.lease.least_left() for client in clients)
    test.say(f"no session was in jeopardy; the least that was left of a lease: {least:.1f} s")


def tell_gaps(test, writers, moments):
    """Prints how long writers had no answer in the seconds after each of those moments. Returns the
    longest, in seconds.
    """
    gaps = [max(writer.longest_gap(moment, GAP_WINDOW_S) for writer in writers)
            for moment in moments]
    test.say(f"{len(gaps)} times a replica was lost; no answers for "
             f"{statistics.median(gaps):.2f} s (median), {max(gaps):.2f} s at the longest")
    return max(gaps)
