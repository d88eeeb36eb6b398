"""All checkers over all that a run has left."""

from tests.chaos import clients, finals, linearizable, locks, order, watches
from tests.harness import Session, api

SHOWN_MAX = 20  # Of each checker.


def faults_of(world):
    """Sentences on what must not be; none if all is well. To be asked when all clients have ended
    and the cell serves.
    """
    history, streams = world.history, world.history.streams
    ops = [op for op in history.ops]
    dumps = finals.equal_dumps(world.cell.endpoints)
    found = [
        order.all_faults(ops),
        linearizable.register_faults(ops),
        linearizable.lock_faults(ops),
        watches.all_faults(
            world.streams(), world.last_zxid, ops,
            (f"{clients.PAIR}/left", f"{clients.PAIR}/right")),
        *(locks.ledger_faults(stream, ops) for stream in streams),
        locks.fifo_faults(ops),
        locks.belief_faults(clients.HELD, history.tenures, streams),
        locks.grant_faults(clients.HELD, history.tenures),
        finals.difference_faults(dumps),
        finals.lost_faults(ops, dumps[0]),
        finals.ephemeral_faults(dumps[0]),
        finals.queue_faults(ops, clients.QUEUE, queue_of(world.cell.endpoints)),
        *(burst_faults(writer, whole, dumps[0]) for writer, whole in world.bursts.done),
        world.bursts.failures,
    ]
    return [fault for faults in found for fault in first_of(faults)]


def first_of(faults):
    shown = []
    for fault in faults:
        shown.append(fault)
        if len(shown) == SHOWN_MAX:
            shown.append("… and more of these")
            break
    return shown


def queue_of(endpoints):
    """Path → contents of all entries of the queue."""
    contents, after = {}, ""
    with Session(endpoints, name="auditor") as session:
        while True:
            page = session.read(
                "list_children", api.ListChildrenRequest, path=clients.QUEUE, after=after)
            for child in page.children:
                path = f"{clients.QUEUE}/{child.name}"
                contents[path] = session.get(path).contents.decode()
            if not page.more:
                break
            after = page.children[-1].name
        session.close()
    return contents


def burst_faults(writer, is_whole, final):
    """Pipelined writes are carried out in the order in which they were sent, once, all of them;
    unless it `is_whole`, others than those acknowledged may have been too.
    """
    before = 0
    for path in sorted(writer.acknowledged):
        zxid = writer.acknowledged[path]
        if zxid <= before:
            yield f"{path} was made at {zxid:x}, not after the one sent before it: {before:x}"
        before = zxid
        stat = final.nodes.get(path)
        if stat is None or finals.field(stat, "instance") != zxid:
            yield f"{path} was made at {zxid:x} and is lost"
    made = [path for path in final.nodes if path.startswith(writer.folder + "/")]
    if is_whole and len(made) != len(writer.acknowledged):
        yield f"{writer.folder}: {len(made)} nodes, {len(writer.acknowledged)} acknowledged"
