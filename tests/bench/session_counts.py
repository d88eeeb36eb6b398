"""G6: what idle sessions cost when there are more and more of them."""

import time

from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.memory import KEPT_ALIVE_S, SETTLED_S, cpu_seconds, end, holding_sessions
from tests.bench.system import Trouble

SESSIONS = (100, 1_000, 10_000, 50_000)
SECONDS_OF_ONE_WINDOW = 5.0  # For which sessions are kept alive so long.


def point(sessions):
    return f"{sessions:,} idle sessions, a connection each, over the three"


def run(bench):
    kept_alive_s = KEPT_ALIVE_S * bench.seconds / SECONDS_OF_ONE_WINDOW
    for repetition in range(1, bench.repetitions + 1):
        for sessions in bench.within_most(SESSIONS):
            with bench.cell(HoldfastCell) as cell:
                bench.take("G6", point(sessions), cell.name, repetition,
                           lambda: _measure(cell, sessions, bench.seconds, kept_alive_s))


def _measure(cell, sessions, seconds, kept_alive_s):
    time.sleep(SETTLED_S)
    before = _anonymous_kib(cell)
    with holding_sessions(cell, sessions) as generators:
        time.sleep(SETTLED_S)
        grown = _anonymous_kib(cell) - before
        cpu_before = cpu_seconds(cell)
        time.sleep(kept_alive_s)
        used = sum(cpu_seconds(cell)) - sum(cpu_before)
        written = cell.measure("write", "leader", outstanding=1, seconds=seconds)
        known = cell.sessions()
        for generator in generators:
            end(generator)
    if known != sessions:
        raise Trouble(f"the cell has {known} sessions")
    return {"bytes_each": grown * 1024 / sessions, "cpu_all_servers": used / kept_alive_s,
            "p50_us": written["p50_us"], "p99_us": written["p99_us"]}


def _anonymous_kib(cell):
    return sum(cell.anonymous_kib(place) for place in range(cell.size))
