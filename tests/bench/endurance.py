"""G7: a cell that works for half an hour and does not grow."""

import statistics

from tests.bench.bench import say
from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.system import Trouble, next_figures, with_cpu_per_op

WORK = "G7"
WRITERS = 16
OUTSTANDING_MAX = 100_000
SATURATING = 256
LOAD = 0.3  # Of what the cell can take: a queue that grows would hide what is looked for.
INTERVAL_S = 10.0
SAMPLES_LEAST = 30
# What holdfastd keeps by default: 256 MiB of log, which is removed in the background and goes from
# the disk with the next compaction, so twice that; an image; 64 MiB of reserve.
DISK_KIB_MAX = (2 * 256 + 64 + 64) * 1024


def point(minutes):
    return f"mixed load for {minutes:g} minutes"


def run(bench):
    """Once, whatever the repetitions: it is long enough."""
    with bench.cell(HoldfastCell) as cell:
        bench.take(WORK, point(bench.minutes), cell.name, 1, lambda: endure(cell, bench.minutes))


def endure(cell, minutes):
    saturation = cell.measure("write", "spread", outstanding=SATURATING, seconds=3)["per_s"]
    seconds = minutes * 60
    interval = min(INTERVAL_S, seconds / SAMPLES_LEAST)
    course = Course(cell.size)
    servers = ",".join(map(str, cell.pids()))
    with cell.generator_running("mix", "spread", rate=saturation * LOAD, connections=WRITERS,
                                outstanding=OUTSTANDING_MAX, seconds=seconds, interval=interval,
                                servers=servers) as generator:
        while "at_s" in (figures := next_figures(generator)):
            course.add(figures, cell)
    if figures["refused"] or figures["unsent"]:
        raise Trouble(f"{figures['refused']} writes were refused, {figures['unsent']} not sent")
    return with_cpu_per_op({**figures, "saturation_per_s": saturation, **course.summary(),
                            "course": course.to_json()})


class Course:
    """What was seen at each moment: of the writes since the moment before, and of each replica."""

    WRITES = ("at_s", "per_s", "p50_us", "p99_us", "p999_us")

    def __init__(self, replicas):
        self.writes = {name: [] for name in self.WRITES}
        self.rss_anon_kib = [[] for _ in range(replicas)]
        self.disk_kib = [[] for _ in range(replicas)]

    def add(self, figures, cell):
        for name, values in self.writes.items():
            values.append(figures[name])
        for place in range(cell.size):
            self.rss_anon_kib[place].append(cell.anonymous_kib(place))
            self.disk_kib[place].append(cell.disk_kib(place))
        memory, disk = (max(values[-1] for values in replicas) / 1024
                        for replicas in (self.rss_anon_kib, self.disk_kib))
        say(f"{WORK} {figures['at_s']:,.0f} s: {figures['per_s']:,.0f}/s, p99.9 "
            f"{figures['p999_us']:,.0f} us, memory {memory:,.1f} MiB, disk {disk:,.0f} MiB")

    def summary(self):
        return {"rss_anon_kib": max(max(values) for values in self.rss_anon_kib),
                "memory_growth": max(map(growth, self.rss_anon_kib)),
                "disk_kib": max(max(values) for values in self.disk_kib)}

    def to_json(self):
        return {**self.writes, "rss_anon_kib": self.rss_anon_kib, "disk_kib": self.disk_kib}


def growth(values):
    """How much higher the last third is than the middle one, by the medians, as a share."""
    third = len(values) // 3
    if third == 0:
        raise Trouble(f"there are only {len(values)} samples")
    middle = statistics.median(values[third:2 * third])
    return statistics.median(values[-third:]) / middle - 1
