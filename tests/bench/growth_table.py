"""What was measured as work grew, as tables in Markdown: a row for each point. Pure."""

from tests.bench.table import FIGURES, cell, cut

OTHER_FIGURES = (
    ("offered_per_s", "offered per second", "{:,.0f}"), ("mb_per_s", "MB per second", "{:,.1f}"),
    ("late_p99_us", "sent late, p99, µs", "{:,.0f}"), ("refused", "refused", "{:,.0f}"),
    ("drained_s", "last answer after the end, s", "{:.1f}"),
    ("acquire_p99_us", "acquire p99, µs", "{:,.0f}"),
    ("release_p50_us", "release p50, µs", "{:,.0f}"),
    ("release_p99_us", "release p99, µs", "{:,.0f}"),
    ("refused_acquires", "acquires refused", "{:,.0f}"),
    ("lease_left_least_ms", "least left of a lease, ms", "{:,.0f}"),
    ("create_per_s", "created per second", "{:,.0f}"),
    ("memory_growth", "memory, last third over the middle one", "{:+.1%}"),
    ("lock_cycles", "lock cycles", "{:,.0f}"), ("sessions", "sessions", "{:,.0f}"),
    ("nodes", "nodes made and removed", "{:,.0f}"), ("events", "events", "{:,.0f}"))
KNOWN = {figure: (name, form) for figure, name, form in (*FIGURES, *OTHER_FIGURES)}
LATENCIES = ("p50_us", "p99_us", "p999_us")
COLUMNS = {
    "G1": ("per_s", *LATENCIES, "leader_us_per_op"),
    "G2": ("offered_per_s", "per_s", *LATENCIES, "refused", "drained_s", "late_p99_us",
           "acquire_p50_us", "acquire_p99_us", "refused_acquires", "release_p50_us",
           "release_p99_us", "lease_left_least_ms"),
    "G3": ("per_s", *LATENCIES, "leader_us_per_op"),
    "G4": ("per_s", "mb_per_s", *LATENCIES),
    "G5": ("create_per_s", "bytes_each", "rss_anon_kib", "disk_kib", "ready_ms", "p50_us",
           "p99_us"),
    "G6": ("bytes_each", "cpu_all_servers", "p50_us", "p99_us"),
    "G7": ("per_s", *LATENCIES, "rss_anon_kib", "memory_growth", "disk_kib", "lock_cycles",
           "sessions", "nodes", "events")}
REFUSED = "refused_"  # Begins the figures that say how often there was which refusal.


def rows(samples, work):
    """The table of one workload."""
    columns = [figure for figure in COLUMNS[work]
               if any(figure in sample.figures for sample in samples.all if sample.work == work)]
    systems = list(dict.fromkeys(one.system for one in samples.all if one.work == work))
    lines = [f"| | {' | '.join(KNOWN[figure][0] for figure in columns)} |",
             "|---|" + "---|" * len(columns)]
    for point in (point for its_work, point in samples.points() if its_work == work):
        for system in systems:
            name = point if len(systems) == 1 else f"{point}, {system}"
            troubles = samples.troubles(work, point, system)
            cells = [f"failed: {cut(troubles[0])}"] if troubles else [
                cell(samples, work, point, system, figure, KNOWN[figure][1]) for figure in columns]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def refusals(samples, work):
    """How often which refusal was answered, over all samples; empty if none was."""
    counts = {}
    for sample in samples.all:
        if sample.work == work:
            for name, count in sample.figures.items():
                if name.startswith(REFUSED) and name != "refused_acquires":
                    why = name.removeprefix(REFUSED)
                    counts[why] = counts.get(why, 0) + count
    return ", ".join(f"`{why}` {count:,} times" for why, count in counts.items())
