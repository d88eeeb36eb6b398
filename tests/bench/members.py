"""G3: what more voters cost, and what observers bring."""

import dataclasses

from tests.bench.holdfast_cell import HoldfastCell


@dataclasses.dataclass(frozen=True)
class Shape:
    """Of a cell."""

    voters: int
    observers: int = 0

    @property
    def name(self):
        voters = f"{self.voters} voter{'s' if self.voters > 1 else ''}"
        return f"{voters} + {self.observers} observers" if self.observers else voters


SHAPES = (Shape(1), Shape(3), Shape(5), Shape(3, 2))
# In words, workload of the generator, where to, outstanding.
LOADS = (("write, 1 outstanding, at the leader", "write", "leader", 1),
         ("write, 256 outstanding, at the leader", "write", "leader", 256),
         ("write, 256 outstanding, over all", "write", "all", 256),
         ("read, linearizable, 256 outstanding, over all", "read", "all", 256),
         ("read, stale, 256 outstanding, over all", "read-stale", "all", 256))


def point(shape, load):
    return f"{shape.name}: {load}"


def run(bench):
    for repetition in range(1, bench.repetitions + 1):
        for shape in SHAPES:
            with bench.cell(HoldfastCell, shape.voters, observers=shape.observers) as cell:
                for load, workload, to, outstanding in LOADS:
                    bench.take("G3", point(shape, load), cell.name, repetition,
                               lambda: cell.measure(workload, to, seconds=bench.seconds,
                                                    outstanding=outstanding))
