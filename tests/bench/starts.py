"""W8 and W9: a hundred thousand nodes, and how soon a server serves."""

import time

from tests.bench.system import next_figures

NODES = 100_000
OUTSTANDING = 256
RESTARTS = 2
SETTLED_S = 4.0

CREATE = f"create {NODES:,} nodes of 100 B, {OUTSTANDING} outstanding, at the leader"
PER_NODE = f"memory and disk for {NODES:,} nodes of 100 B"
RESTART = f"restart of a follower with {NODES:,} nodes"
COLD_START = "cold start of one replica"
SINGLE_RESTART = "restart of one replica, empty"


def run_many_nodes(bench):
    for repetition in range(1, bench.repetitions + 1):
        for kind in bench.kinds:
            with bench.cell(kind) as cell:
                time.sleep(SETTLED_S)
                _run_many_nodes_once(bench, cell, repetition)


def _run_many_nodes_once(bench, cell, repetition):
    leader = cell.wait_for_leader()
    follower = cell.order("followers-first")[0]
    before = cell.anonymous_kib(leader)
    created = bench.take("W8", CREATE, cell.name, repetition,
                         lambda: cell.measure("create", "leader", count=NODES,
                                              outstanding=OUTSTANDING, limit=300))
    if created.trouble:
        return
    time.sleep(SETTLED_S)
    bench.take("W8", PER_NODE, cell.name, repetition, lambda: {
        "bytes_each": (cell.anonymous_kib(leader) - before) * 1024 / NODES,
        "disk_kib": cell.disk_kib(follower)})
    path = f"/d/n{NODES - 1:08}"
    for turn in range(RESTARTS):
        bench.take("W8", RESTART, cell.name, (repetition - 1) * RESTARTS + turn + 1,
                   lambda: restart(cell, follower, path=path))
        cell.wait_until_serving()
        time.sleep(1.0)


def run_cold_starts(bench):
    for repetition in range(1, bench.repetitions + 3):
        for kind in bench.kinds:
            with bench.cell(kind, size=1, started=False) as cell:
                any_value = {"path": "/", "value_bytes": 0}
                bench.take("W9", COLD_START, kind.name, repetition,
                           lambda: start_and_wait(cell, 0, **any_value))
                cell.wait_until_serving()
                bench.take("W9", SINGLE_RESTART, kind.name, repetition,
                           lambda: restart(cell, 0, **any_value))


def restart(cell, place, **read):
    cell.kill(place)
    time.sleep(0.5)
    return start_and_wait(cell, place, **read)


def start_and_wait(cell, place, **read):
    """From just before the process is started to the first answered read; the generator tries from
    before that moment on."""
    with cell.generator_running("ready", [place], **read) as generator:
        next_figures(generator)
        started_at = time.time_ns()
        cell.start_server(place)
        served_at = next_figures(generator)["served_at_unix_ns"]
    return {"ready_ms": (served_at - started_at) / 1e6}
