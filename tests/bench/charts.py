"""Which charts are drawn of a run: {file name: SVG}. Pure."""

import re

from tests.bench import chart, memory, starts
from tests.bench.failover import BLOWS

# File, title, unit, workload, the point with {} for the number on the axis, figure, axis.
LINES = (
    ("writes", "Writes of 100 B at the leader", "per second", "W1",
     "write, {} outstanding, at the leader", "per_s", "outstanding"),
    ("write-latency", "Writes of 100 B at the leader", "p50, µs", "W1",
     "write, {} outstanding, at the leader", "p50_us", "outstanding"),
    ("reads-linearizable", "Linearizable reads at the leader (ZooKeeper: sync and read)",
     "per second", "W2", "read, linearizable, {} outstanding, at the leader", "per_s",
     "outstanding"),
    ("reads-stale", "Stale reads at one server", "per second", "W2",
     "read, stale, {} outstanding, at the leader", "per_s", "outstanding"),
    ("lock-cycles", "Lock cycles: acquire and release, a lock each", "per second", "W3",
     "lock cycle, {} clients, at the leader", "per_s", "clients"),
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
    for file, title, unit, work, point, figure, label in LINES:
        series = _series(samples, work, point, figure)
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


def _series(samples, work, pattern, figure):
    matcher = re.compile(re.escape(pattern).replace(r"\{\}", r"([\d,]+)"))
    series = {}
    for system in _systems(samples):
        points = []
        for point_work, point in samples.points():
            match = matcher.fullmatch(point)
            if point_work == work and match:
                spread = samples.spread(work, point, system, figure)
                if spread is not None:
                    points.append((int(match.group(1).replace(",", "")), spread))
        if points:
            series[system] = sorted(points, key=lambda one: one[0])
    return series


def _group(samples, work, point, figure):
    spreads = {system: samples.spread(work, point, system, figure)
               for system in _systems(samples)}
    return {system: spread for system, spread in spreads.items() if spread is not None}
