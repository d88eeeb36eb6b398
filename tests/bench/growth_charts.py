"""Which charts are drawn of what was measured as work grew: {file name: SVG}. Pure."""

import dataclasses

from tests.bench import (chart, closed_loops, endurance, members, node_counts, offered_load,
                         session_counts)
from tests.bench.goals import OURS

PREFIX = "growth-"  # Tells these files from those of the comparison.
BY_OUTSTANDING = {amount: closed_loops.outstanding_point(amount)
                  for amount in closed_loops.OUTSTANDING}
BY_PERCENT = {percent: offered_load.point(percent) for percent in offered_load.PERCENTS}
BY_BYTES = {size: closed_loops.size_point(size) for size in closed_loops.VALUE_BYTES}
BY_NODES = {nodes: node_counts.point(nodes) for nodes in node_counts.NODES}
BY_SESSIONS = {count: session_counts.point(count) for count in session_counts.SESSIONS}
P50_P99 = {"p50": "p50_us", "p99": "p99_us"}


@dataclasses.dataclass(frozen=True)
class Lines:
    """A chart of some figures of one workload over its points."""

    file: str
    title: str
    unit: str
    label: str
    work: str
    points: dict  # {what is on the axis: point}
    figures: dict  # {name: figure}
    logarithmic: bool = False


LINES = (
    Lines("outstanding", "Writes of 100 B at the leader", "per second", "outstanding", "G1",
          BY_OUTSTANDING, {"writes": "per_s"}),
    Lines("outstanding-latency", "Writes of 100 B at the leader", "µs, logarithmic", "outstanding",
          "G1", BY_OUTSTANDING, {**P50_P99, "p99.9": "p999_us"}, True),
    Lines("offered", "Writes offered, and acknowledged", "per second",
          "offered, % of a saturated closed loop", "G2", BY_PERCENT,
          {"offered": "offered_per_s", "acknowledged": "per_s"}),
    Lines("offered-latency", "Writes offered at a fixed rate", "µs from when due, logarithmic",
          "offered, % of a saturated closed loop", "G2", BY_PERCENT, P50_P99, True),
    Lines("offered-locks", "Locks beside the writes offered", "µs, logarithmic",
          "offered, % of a saturated closed loop", "G2", BY_PERCENT,
          {"acquire p50": "acquire_p50_us", "acquire p99": "acquire_p99_us",
           "release p50": "release_p50_us", "release p99": "release_p99_us"}, True),
    Lines("bytes", "Writes at the leader", "per second, logarithmic", "bytes", "G4", BY_BYTES,
          {"writes": "per_s"}, True),
    Lines("bytes-megabytes", "Writes at the leader", "MB per second", "bytes", "G4", BY_BYTES,
          {"written": "mb_per_s"}),
    Lines("bytes-latency", "Writes at the leader", "µs, logarithmic", "bytes", "G4", BY_BYTES,
          P50_P99, True),
    Lines("nodes", "Creating nodes of 100 B", "per second", "nodes", "G5", BY_NODES,
          {"created": "create_per_s"}),
    Lines("nodes-memory", "Growth of the leader's anonymous memory", "bytes a node", "nodes", "G5",
          BY_NODES, {"memory": "bytes_each"}),
    Lines("nodes-restart", "From the start of a follower to its first answered read",
          "ms, logarithmic", "nodes", "G5", BY_NODES, {"restart": "ready_ms"}, True),
    Lines("nodes-latency", "Single writes with so many nodes", "µs", "nodes", "G5", BY_NODES,
          P50_P99),
    Lines("sessions-memory", "Growth of the anonymous memory of three replicas",
          "bytes a session, logarithmic", "idle sessions", "G6", BY_SESSIONS,
          {"memory": "bytes_each"}, True),
    Lines("sessions-cpu", "CPU of three replicas that keep sessions", "cores", "idle sessions",
          "G6", BY_SESSIONS, {"CPU": "cpu_all_servers"}),
    Lines("sessions-latency", "Single writes beside idle sessions", "µs", "idle sessions", "G6",
          BY_SESSIONS, P50_P99),
)


def draw(samples):
    """Only of what was measured, and only of Holdfast."""
    files = {}
    for lines in LINES:
        series = {name: _spreads(samples, lines.work, lines.points, figure)
                  for name, figure in lines.figures.items()}
        series = {name: points for name, points in series.items() if len(points) > 1}
        if series:
            files[f"{lines.work}-{lines.file}"] = chart.lines(
                lines.title, lines.unit, lines.label, series, lines.logarithmic)
    files.update(_members(samples))
    files.update(_course(samples))
    return {f"{PREFIX}{name}.svg": svg for name, svg in files.items()}


def _spreads(samples, work, points, figure):
    spreads = [(x, samples.spread(work, point, OURS, figure)) for x, point in points.items()]
    return [(x, spread) for x, spread in spreads if spread is not None]


def _members(samples):
    """A chart for each load: what each shape of a cell makes of it."""
    for place, load in enumerate(members.LOADS):
        groups = {}
        for shape in members.SHAPES:
            spread = samples.spread("G3", members.point(shape, load[0]), OURS, "per_s")
            if spread is not None:
                groups[shape.name] = {OURS: spread}
        if groups:
            yield f"G3-{place + 1}", chart.bars(load[0].capitalize(), "per second", groups)


def _course(samples):
    """Of the last long run."""
    courses = [sample.figures["course"] for sample in samples.all if "course" in sample.figures]
    if not courses:
        return
    course = courses[-1]
    minutes = [seconds / 60 for seconds in course["at_s"]]

    def of_replicas(figure):
        return {f"replica {place + 1}": [(x, kib / 1024) for x, kib in zip(minutes, values)]
                for place, values in enumerate(course[figure])}

    for file, title, unit, series in (
            ("memory", "Anonymous memory under mixed load", "MiB", of_replicas("rss_anon_kib")),
            ("disk", "Data directory under mixed load", "MiB", of_replicas("disk_kib")),
            ("latency", "Writes under mixed load", "µs, of each interval, logarithmic",
             {name: list(zip(minutes, course[figure]))
              for name, figure in (*P50_P99.items(), ("p99.9", "p999_us"))})):
        yield f"{endurance.WORK}-{file}", chart.course(title, unit, "minutes", series,
                                                       file == "latency")
