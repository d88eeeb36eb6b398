"""What has to be reached (goals.toml), and whether it was. Pure but for reading the file."""

import dataclasses
import pathlib
import tomllib

from tests.bench.limits import MACHINE

FILE = pathlib.Path(__file__).with_name("goals.toml")
OURS = "holdfast"


@dataclasses.dataclass(frozen=True)
class Goal:
    """See the head of goals.toml."""

    what: str
    work: str
    point: str
    figure: str
    better: str
    against: str
    floor: float
    goal: float
    of: str = "median"
    limit: tuple = ()
    unit: str = ""
    divisor: float = 1.0

    def __post_init__(self):
        for value, allowed in ((self.better, ("lower", "higher")), (self.of, ("median", "high")),
                               (self.against, ("peers", "limit", "nothing"))):
            if value not in allowed:
                raise ValueError(f"{self.what}: {value!r} is none of {', '.join(allowed)}")
        if not self.reaches(self.goal, self.floor):
            raise ValueError(f"{self.what}: the goal is below the floor")

    def reaches(self, value, bar):
        return value <= bar if self.better == "lower" else value >= bar


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a goal: its ratio or figure, or why there is none."""

    goal: Goal
    value: float | None = None
    compared: str = ""  # The figures behind it, for people.
    why_none: str = ""

    @property
    def holds_floor(self):
        return self.value is not None and self.goal.reaches(self.value, self.goal.floor)

    @property
    def reaches_goal(self):
        return self.value is not None and self.goal.reaches(self.value, self.goal.goal)

    def shown(self, number):
        return f"{number:.2f} {self.goal.unit or '×'}"

    def sentence(self):
        if self.value is None:
            return f"{self.goal.what}: no figure: {self.why_none}"
        sign = "≤" if self.goal.better == "lower" else "≥"
        return (f"{self.goal.what}: {self.shown(self.value)}, floor {sign} "
                f"{self.shown(self.goal.floor)}, goal {sign} {self.shown(self.goal.goal)}"
                f" ({self.compared})")


def read(file=FILE):
    with open(file, "rb") as opened:
        goals = tomllib.load(opened)["goal"]
    return [Goal(**{**goal, "limit": tuple((part["point"], part["times"])
                                           for part in goal.get("limit", ()))})
            for goal in goals]


def judge(goal, samples):
    """The Verdict on one goal by what was measured."""
    try:
        ours = _value(goal, samples, OURS)
        if goal.against == "nothing":
            value = ours / goal.divisor
            return Verdict(goal, value, f"{ours:,.2f}" if goal.divisor != 1 else f"{value:,.2f}")
        bar, name = _limit(goal, samples) if goal.against == "limit" else _peer(goal, samples)
        return Verdict(goal, ours / bar, f"{ours:,.1f} against {bar:,.1f} of {name}")
    except LookupError as missing:
        return Verdict(goal, why_none=str(missing.args[0]))


def judge_all(samples, works):
    """Verdicts on the goals whose workloads were run."""
    return [judge(goal, samples) for goal in read() if goal.work in works]


def _value(goal, samples, system):
    troubles = samples.troubles(goal.work, goal.point, system)
    if troubles:
        raise LookupError(f"{system}: {troubles[0]}")
    spread = samples.spread(goal.work, goal.point, system, goal.figure)
    if spread is None:
        raise LookupError(f"{system} was not measured")
    return getattr(spread, goal.of)


def _peer(goal, samples):
    """The better peer's figure, and its name."""
    figures = {}
    for system in samples.systems():
        if system not in (OURS, MACHINE) and samples.of(goal.work, goal.point, system):
            try:
                figures[system] = _value(goal, samples, system)
            except LookupError:
                continue  # One peer that fails does not lower the bar: the other stands.
    if not figures:
        raise LookupError("no peer was measured")
    choose = min if goal.better == "lower" else max
    name = choose(figures, key=figures.get)
    return figures[name], name


def _limit(goal, samples):
    total = 0.0
    for point, times in goal.limit:
        spread = samples.spread("limits", point, MACHINE, "p50_us")
        if spread is None:
            raise LookupError(f"the machine's {point} was not measured")
        total += spread.median * times
    return total, "the machine"
