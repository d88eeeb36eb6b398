"""Samples as tables in Markdown. Pure."""

# Figures that are shown, what they are called, and how a number of them is written.
FIGURES = (("per_s", "per second", "{:,.0f}"), ("p50_us", "p50, µs", "{:,.0f}"),
           ("p99_us", "p99, µs", "{:,.0f}"), ("p999_us", "p99.9, µs", "{:,.0f}"),
           ("max_us", "longest, µs", "{:,.0f}"),
           ("acquire_p50_us", "acquire p50, µs", "{:,.0f}"),
           ("leader_us_per_op", "CPU of the leader, µs each", "{:,.1f}"),
           ("follower_us_per_op", "CPU of a follower, µs each", "{:,.1f}"),
           ("client_us_per_op", "CPU of the client, µs each", "{:,.1f}"),
           ("gap_ms", "gap, ms", "{:,.0f}"),
           ("last_p50_us", "last one told, p50, µs", "{:,.0f}"),
           ("first_p50_us", "first one told, p50, µs", "{:,.0f}"),
           ("acknowledged_p50_us", "write acknowledged, p50, µs", "{:,.0f}"),
           ("rss_anon_kib", "RssAnon, KiB", "{:,.0f}"), ("bytes_each", "bytes each", "{:,.0f}"),
           ("disk_kib", "on disk, KiB", "{:,.0f}"), ("open_s", "opened within, s", "{:,.1f}"),
           ("cpu_all_servers", "CPU of all replicas, cores", "{:.3f}"),
           ("ready_ms", "serves after, ms", "{:,.0f}"), ("minutes", "minutes", "{:.1f}"))
DISTURBED = "~"


def result_tables(samples):
    """One table for each workload."""
    works = list(dict.fromkeys(work for work, _ in samples.points()))
    parts = []
    for work in works:
        systems = [system for system in samples.systems()
                   if any(samples.of(work, point, system) for _, point in samples.points())]
        lines = [f"## {work}", "", f"| what | figure | {' | '.join(systems)} |",
                 "|---|---|" + "---|" * len(systems)]
        for point_work, point in samples.points():
            if point_work == work:
                lines.extend(_rows(samples, work, point, systems))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _rows(samples, work, point, systems):
    shown = False
    for figure, name, form in FIGURES:
        cells = [cell(samples, work, point, system, figure, form) for system in systems]
        if any(cells):
            yield f"| {'' if shown else point} | {name} | {' | '.join(cells)} |"
            shown = True
    troubles = [samples.troubles(work, point, system) for system in systems]
    if any(troubles):
        words = [f"failed: {cut(trouble[0])}" if trouble else "" for trouble in troubles]
        yield f"| {'' if shown else point} | | {' | '.join(words)} |"


def cut(text, length=100):
    """In one line that can stand in a table."""
    text = " ".join(text.replace("|", "/").split())
    return text if len(text) <= length else text[:length] + "…"


def cell(samples, work, point, system, figure, form):
    """One figure over the repetitions, marked if it was disturbed; empty if there is none."""
    spread = samples.spread(work, point, system, figure)
    if spread is None:
        return ""
    mark = DISTURBED if samples.is_disturbed(work, point, system) else ""
    median = form.format(spread.median)
    if spread.count == 1:
        return mark + median
    return f"{mark}{median} ({form.format(spread.low)} … {form.format(spread.high)})"


def goal_table(verdicts):
    lines = ["| what | measured | floor | goal | |", "|---|---|---|---|---|"]
    for verdict in verdicts:
        goal = verdict.goal
        sign = "≤" if goal.better == "lower" else "≥"
        measured = (f"**{verdict.shown(verdict.value)}** ({verdict.compared})"
                    if verdict.value is not None else f"no figure: {cut(verdict.why_none)}")
        state = ("goal reached" if verdict.reaches_goal else
                 "floor holds" if verdict.holds_floor else "**short of the floor**")
        lines.append(f"| {goal.what} | {measured} | {sign} {verdict.shown(goal.floor)} | "
                     f"{sign} {verdict.shown(goal.goal)} | {state} |")
    return "\n".join(lines)
