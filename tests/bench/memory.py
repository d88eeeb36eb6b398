"""W6: what an idle cell costs, and sessions and watches that do nothing."""

import contextlib
import os
import signal
import time

from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.system import Trouble, next_figures

SESSIONS = 5_000
MANY_SESSIONS = 20_000
SESSIONS_A_GENERATOR = 10_000  # Each has a file descriptor, of which a process has not too many.
WATCHES = 100_000
WATCHING_SESSIONS = 100
SETTLED_S = 5.0
KEPT_ALIVE_S = 30.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

IDLE = "idle leader"
PER_SESSION = f"{SESSIONS:,} idle sessions on connections of their own, at the leader"
KEPT_ALIVE = f"{MANY_SESSIONS:,} idle sessions kept alive, three replicas"
PER_WATCH = f"{WATCHES:,} watches over {WATCHING_SESSIONS} sessions, at the leader"


def run(bench):
    for repetition in range(1, bench.repetitions + 1):
        for kind in bench.kinds:
            _run_once(bench, kind, repetition)


def _run_once(bench, kind, repetition):
    with bench.cell(kind) as cell:
        time.sleep(SETTLED_S)
        bench.take("W6", IDLE, kind.name, repetition,
                   lambda: {"rss_anon_kib": cell.anonymous_kib(cell.wait_for_leader())})
        bench.take("W6", PER_SESSION, kind.name, repetition, lambda: _hold_sessions(cell))
    if kind is not HoldfastCell:
        return  # The goals for the others' part are absolute.
    with bench.cell(kind) as cell:
        bench.take("W6", KEPT_ALIVE, kind.name, repetition, lambda: _keep_alive(cell))
    with bench.cell(kind) as cell:
        time.sleep(SETTLED_S)
        bench.take("W6", PER_WATCH, kind.name, repetition, lambda: _hold_watches(cell))


def end(generator):
    """Tells it to end, and raises if it saw anything go wrong."""
    generator.send_signal(signal.SIGTERM)
    return next_figures(generator)


def _hold_sessions(cell):
    leader = cell.wait_for_leader()
    before = cell.anonymous_kib(leader)
    with cell.generator_running("hold-sessions", "leader", count=SESSIONS) as generator:
        held = next_figures(generator)
        time.sleep(SETTLED_S)
        after = cell.anonymous_kib(leader)
        end(generator)
    _still_leads(cell, leader)
    return {"bytes_each": (after - before) * 1024 / SESSIONS, "open_s": held["open_s"]}


def _still_leads(cell, leader):
    if cell.wait_for_leader() != leader:
        raise Trouble("the leader changed meanwhile")


@contextlib.contextmanager
def holding_sessions(cell, count):
    """The generators of so many idle sessions over all servers; each is to be ended."""
    with contextlib.ExitStack() as stack:
        generators = []
        for begun in range(0, count, SESSIONS_A_GENERATOR):
            generators.append(stack.enter_context(cell.generator_running(
                "hold-sessions", "all", count=min(SESSIONS_A_GENERATOR, count - begun),
                limit=120)))
            next_figures(generators[-1])  # One after the other: opening them is not the question.
        yield generators


def _keep_alive(cell):
    with holding_sessions(cell, MANY_SESSIONS) as generators:
        time.sleep(SETTLED_S)
        before = cpu_seconds(cell)
        time.sleep(KEPT_ALIVE_S)
        after = cpu_seconds(cell)
        known = cell.sessions()
        for generator in generators:
            end(generator)
    if known != MANY_SESSIONS:
        raise Trouble(f"the cell has {known} sessions")
    cores = [(late - early) / KEPT_ALIVE_S for early, late in zip(before, after)]
    return {"cpu_servers": cores, "cpu_all_servers": sum(cores)}


def cpu_seconds(cell):
    """Of each server, the leader's first."""
    seconds = []
    for pid in cell.pids():
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        seconds.append((int(fields[11]) + int(fields[12])) / TICKS_A_SECOND)
    return seconds


def _hold_watches(cell):
    leader = cell.wait_for_leader()
    with cell.generator_running("hold-watches", "leader", count=WATCHES, outstanding=256,
                                connections=WATCHING_SESSIONS) as generator:
        next_figures(generator)
        time.sleep(SETTLED_S)
        before = cell.anonymous_kib(leader)
        generator.send_signal(signal.SIGUSR1)
        next_figures(generator)
        time.sleep(SETTLED_S)
        after = cell.anonymous_kib(leader)
        end(generator)
    _still_leads(cell, leader)
    return {"bytes_each": (after - before) * 1024 / WATCHES}
