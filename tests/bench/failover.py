"""W5: the leader is killed, or hangs, while one client writes."""

import signal
import time

BLOWS = {signal.SIGKILL: "leader killed (SIGKILL)", signal.SIGSTOP: "leader hangs (SIGSTOP)"}
KILLS_A_REPETITION = 7
SETTLED_S = 1.0


def run(bench):
    with bench.cells() as cells:
        for repetition in range(1, bench.repetitions + 1):
            for turn in range(KILLS_A_REPETITION):
                number = (repetition - 1) * KILLS_A_REPETITION + turn + 1
                _strike_each(bench, cells, number, signal.SIGKILL)
            _strike_each(bench, cells, repetition, signal.SIGSTOP)


def _strike_each(bench, cells, number, blow):
    for cell in cells:
        bench.take("W5", BLOWS[blow], cell.name, number, lambda: _strike(cell, number, blow))


def _strike(cell, number, blow):
    """The client begins at the leader and at a follower in turn, where its library lets it."""
    victim = cell.wait_for_leader()
    order = "all" if number % 2 else "followers-first"
    try:
        return cell.measure("failover", order, victim=cell.processes[victim].pid,
                            signal=int(blow))
    finally:
        _mend(cell, victim)


def _mend(cell, victim):
    if cell.processes[victim].is_running():
        cell.send(victim, signal.SIGCONT)
    else:
        cell.forget(victim)
        cell.start_server(victim)
    time.sleep(SETTLED_S)
    cell.wait_until_serving()
    time.sleep(SETTLED_S)
