"""Which charts are drawn of a run: {file name: SVG}. Pure."""

from tests.bench import chart, loops, memory, starts
from tests.bench.failover import BLOWS

# File, title, unit, workload of the generators, figure, what is on the axis.
LINES = (
    ("writes", "Writes of 100 B at the leader", "per second", "write", "per_s", "outstanding"),
    ("write-latency", "Writes of 100 B at the leader", "p50, µs", "write", "p50_us",
     "outstanding"),
    ("reads-linearizable", "Linearizable reads at the leader (ZooKeeper: sync and read)",
     "per second", "read", "per_s", "outstanding"),
    ("reads-stale", "Stale reads at one server", "per second", "read-stale", "per_s",
     "outstanding"),
    ("lock-cycles", "Lock cycles: acquire and release, a lock each", "per second", "lock", "per_s",
     "clients"),
)
# File, title, unit, figure, logarithmic, {name: (workload, point)}.
BARS = (
    ("hand-over", "One lock handed over among 16 clients", "per second", "per_s", False,
     {"": ("W4", "hand-over of one lock, 16 clients, at the leader")}),
    ("failover", "Gap seen by a writing client", "ms, logarithmic", "gap_ms", True,
     {name: ("W5", name) for name in BLOWS.values()}),
    ("memory", "Anonymous memory of an idle leader", "KiB", "rss_anon_kib", False,
     {"": ("W6", memory.IDLE)}),
    ("memory-each", "Growth of the leader's anonymous memory", "bytes each, logarithmic",
     "bytes_each", True,
     {"idle session": ("W6", memory.PER_SESSION), "watch": ("W6", memory.PER_WATCH),
      "node of 100 B": ("W8", starts.PER_NODE)}),
    ("fan-out", "One write told to 1,000 watchers: the last one", "p50, µs", "last_p50_us", False,
     {"": ("W7", "a write told to watchers, 1,000 connections, at the leader")}),
    ("create", "Creating 100,000 nodes of 100 B", "per second", "per_s", False,
     {"": ("W8", starts.CREATE)}),
    ("starts", "From the start of a process to the first answered read", "ms", "ready_ms", False,
     {"follower, 100,000 nodes": ("W8", starts.RESTART), "one replica, new":
      ("W9", starts.COLD_START)}),
)


def draw(samples):
    """Only of what was measured."""
    files = {}
    for file, title, unit, workload, figure, label in LINES:
        series = _series(samples, workload, figure)
        if any(len(points) > 1 for points in series.values()):
            files[f"{file}.svg"] = chart.lines(title, unit, label, series)
    for file, title, unit, figure, logarithmic, places in BARS:
        groups = {name: _group(samples, *place, figure) for name, place in places.items()}
        groups = {name: group for name, group in groups.items() if group}
        if groups:
            files[f"{file}.svg"] = chart.bars(title, unit, groups, logarithmic)
    return files


def _systems(samples):
    return [system for system in samples.systems() if system != "machine"]


def _series(samples, workload, figure):
    series = {}
    for system in _systems(samples):
        points = []
        for loop in loops.LOOPS:
            if (loop.workload, loop.to) == (workload, "leader"):
                spread = samples.spread(loop.work, loop.point, system, figure)
                if spread is not None:
                    points.append((loop.amount, spread))
        if points:
            series[system] = points
    return series


def _group(samples, work, point, figure):
    spreads = {system: samples.spread(work, point, system, figure)
               for system in _systems(samples)}
    return {system: spread for system, spread in spreads.items() if spread is not None}
