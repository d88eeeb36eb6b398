"""G5: what nodes cost when there are more and more of them."""

import time

from tests.bench.starts import OUTSTANDING, SETTLED_S, restart

NODES = (1_000, 10_000, 100_000, 1_000_000)
SLOWEST_PER_S = 2_000  # Of creation.
PATIENCE_S = 300


def point(nodes):
    return f"{nodes:,} nodes of 100 B"


def run(bench):
    for repetition in range(1, bench.repetitions + 1):
        for nodes in bench.within_most(NODES):
            for kind in bench.kinds:
                with bench.cell(kind) as cell:
                    bench.take("G5", point(nodes), kind.name, repetition,
                               lambda: _measure(cell, nodes, bench.seconds))


def _measure(cell, nodes, seconds):
    time.sleep(SETTLED_S)
    leader = cell.wait_for_leader()
    follower = cell.order("followers-first")[0]
    before = cell.anonymous_kib(leader)
    created = cell.measure("create", "leader", count=nodes, outstanding=OUTSTANDING,
                           limit=60 + nodes / SLOWEST_PER_S)
    time.sleep(SETTLED_S)
    figures = {"create_per_s": created["per_s"],
               "bytes_each": (cell.anonymous_kib(leader) - before) * 1024 / nodes,
               "rss_anon_kib": cell.anonymous_kib(leader), "disk_kib": cell.disk_kib(follower)}
    written = cell.measure("write", "leader", outstanding=1, seconds=seconds)
    restarted = restart(cell, follower, path=f"/d/n{nodes - 1:08}", limit=PATIENCE_S)
    return {**figures, "p50_us": written["p50_us"], "p99_us": written["p99_us"], **restarted}
