"""W1 to W4 and W7: closed loops against cells that are up all the time, each in its turn."""

import dataclasses

from tests.bench import limits
from tests.bench.bench import say
from tests.bench.system import Trouble


NAMES = {"count": "connections"}  # Of options, for people.


@dataclasses.dataclass(frozen=True)
class Loop:
    """One workload of the generators at one setting."""

    work: str
    workload: str
    to: str
    options: dict
    for_goals: bool = False  # Whether a goal needs it.

    @property
    def amount(self):
        """What there is more and more of."""
        return next(iter(self.options.values()))

    @property
    def point(self):
        words = {"write": "write", "read": "read, linearizable", "read-stale": "read, stale",
                 "lock": "lock cycle", "hand-over": "hand-over of one lock",
                 "watch": "a write told to watchers"}[self.workload]
        amount = ", ".join(_amount(name, value) for name, value in self.options.items())
        return f"{words}, {amount}, {'at the leader' if self.to == 'leader' else 'spread'}"


def _amount(name, value):
    name = NAMES.get(name, name)
    return f"{value:,} {name.removesuffix('s') if value == 1 else name}"


def _loops(work, workload, name, amounts, goals):
    return [Loop(work, workload, to, {name: amount}, to == "leader" and amount in goals)
            for to in ("leader", "spread") for amount in amounts]


LOOPS = [
    *_loops("W1", "write", "outstanding", (1, 16, 64, 256), (1, 256)),
    *_loops("W2", "read-stale", "outstanding", (1, 16, 64, 256), (256,)),
    *_loops("W2", "read", "outstanding", (1, 16, 64, 256), (256,)),
    *_loops("W3", "lock", "clients", (1, 16, 64), (1, 64)),
    *_loops("W4", "hand-over", "clients", (16,), (16,)),
    *_loops("W7", "watch", "count", (1_000,), (1_000,)),
]
WORKS = {loop.work for loop in LOOPS}

# Until a JVM has compiled what is used most: workload, where to, options, seconds.
WARM_UP = (("write", "spread", {"outstanding": 64}, 8),
           ("write", "leader", {"outstanding": 256}, 3),
           ("read", "leader", {"outstanding": 64}, 3), ("lock", "spread", {"clients": 16}, 4))


def run(bench, works, only_goals):
    """Interleaved: in each repetition, each point is measured of one system after the other."""
    loops = [loop for loop in LOOPS if loop.work in works and (loop.for_goals or not only_goals)]
    if not loops:
        return
    with bench.cells() as cells:
        for cell in cells:
            _warm_up(bench, cell)
        for repetition in range(1, bench.repetitions + 1):
            limits.run(bench, repetition)
            for loop in loops:
                for cell in cells:
                    bench.take(loop.work, loop.point, cell.name, repetition,
                               lambda: cell.measure(loop.workload, loop.to, seconds=bench.seconds,
                                                    **loop.options))


def _warm_up(bench, cell):
    share = min(1.0, bench.seconds / 5.0)
    say(f"{cell.name}: warming up")
    for workload, to, options, seconds in WARM_UP:
        try:
            cell.measure(workload, to, warm_up=0, seconds=seconds * share, **options)
        except Trouble as trouble:
            say(f"{cell.name}: warming up with {workload}: {trouble}")
