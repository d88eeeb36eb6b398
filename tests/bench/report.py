"""What a run leaves behind: a table, JSON and charts."""

import json

from tests.bench import charts, goals, table
from tests.bench.growth_charts import PREFIX

EXPLANATION = """\
Median (lowest … highest) of the repetitions. `~` marks figures of which most samples were
disturbed: other processes used more than a twentieth of a core at the same time. What each figure
means, and how it is measured, stands in [README.md](README.md)."""


def origin(machine, command):
    """How it came about, and where."""
    return [f"Repeated by `{command}`, on:",
            "\n".join(["| | |", "|---|---|", *(f"| {what} | {words} |"
                                              for what, words in machine.items())])]


def page(samples, machine, command, works):
    """The table for people, in Markdown."""
    parts = ["# Results", EXPLANATION, *origin(machine, command)]
    verdicts = goals.judge_all(samples, works)
    if verdicts:
        parts += ["## Goals", table.goal_table(verdicts)]
    parts.append(table.result_tables(samples))
    parts.extend(f"![{name[:-4]}]({name})" for name in charts.draw(samples))
    return "\n\n".join(parts) + "\n"


def write(folder, samples, machine, command, works):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        if not old.name.startswith(PREFIX):
            old.unlink()
    for name, svg in charts.draw(samples).items():
        (folder / name).write_text(svg)
    (folder / "results.md").write_text(page(samples, machine, command, works))
    write_json(folder / "results.json", samples, machine, command)


def write_json(path, samples, machine, command):
    """One sample a line, so that two runs can be compared line by line."""
    head = json.dumps({"command": command, "machine": machine}, indent=1)
    lines = [json.dumps({**one, "figures": _rounded(one["figures"])}) for one in samples.to_json()]
    path.write_text(head[:-2] + ',\n "samples": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n")


def _rounded(value):
    """Thousandths are enough of everything."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value
