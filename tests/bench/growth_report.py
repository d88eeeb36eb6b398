"""What a run of G1 to G7 leaves behind: growth.md, growth.json and charts."""

from tests.bench import growth, growth_charts, growth_table, growth_verdicts, report

EXPLANATION = """\
Curves of Holdfast on one machine as work grows. Median (lowest … highest) of the repetitions. `~`
marks figures of which most samples were disturbed: other processes used more than a twentieth of a
core at the same time. How it is measured stands in [README.md](README.md#as-work-grows)."""


def page(samples, machine, command):
    """For people, in Markdown."""
    parts = ["# As work grows", EXPLANATION, *report.origin(machine, command)]
    verdicts = growth_verdicts.judge(samples)
    if verdicts:
        parts += ["## Verdicts", _verdict_table(verdicts)]
    charts = growth_charts.draw(samples)
    for work, title in growth.WORKS.items():
        if any(sample.work == work for sample in samples.all):
            parts += [f"## {work}: {title}", growth_table.rows(samples, work)]
            refused = growth_table.refusals(samples, work)
            parts += [f"Refused: {refused}."] if refused else []
            parts += [f"![{name[:-4]}]({name})" for name in charts
                      if name.startswith(f"{growth_charts.PREFIX}{work}-")]
    return "\n\n".join(parts) + "\n"


def tables(samples):
    """What is shown at the end of a run."""
    works = dict.fromkeys(sample.work for sample in samples.all)
    return "\n\n".join(f"## {work}\n\n{growth_table.rows(samples, work)}" for work in works
                       if work in growth.WORKS)


def write(folder, samples, machine, command):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{growth_charts.PREFIX}*.svg"):
        old.unlink()
    for name, svg in growth_charts.draw(samples).items():
        (folder / name).write_text(svg)
    (folder / "growth.md").write_text(page(samples, machine, command))
    report.write_json(folder / "growth.json", samples, machine, command)


def _verdict_table(verdicts):
    lines = ["| what | found | |", "|---|---|---|"]
    lines += [f"| {one.what} | {one.found} | {'holds' if one.holds else '**does not hold**'} |"
              for one in verdicts]
    return "\n".join(lines)
