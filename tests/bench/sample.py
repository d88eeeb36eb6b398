"""Samples, and what several of them come to. Pure."""

import dataclasses
import statistics

# More of other work than that at the same time, and a sample is disturbed.
FOREIGN_CORES_MAX = 0.05


@dataclasses.dataclass(frozen=True)
class Sample:
    """One measurement of one system: its figures, or why there are none."""

    work: str  # "W1"
    point: str  # What was done, in words: "write, 64 outstanding, at the leader".
    system: str
    repetition: int
    figures: dict
    trouble: str = ""

    @property
    def is_disturbed(self):
        return self.figures.get("cpu_foreign", 0.0) > FOREIGN_CORES_MAX


@dataclasses.dataclass(frozen=True)
class Spread:
    """A figure over the repetitions."""

    median: float
    low: float
    high: float
    count: int

    @staticmethod
    def of(values):
        values = sorted(values)
        return Spread(statistics.median(values), values[0], values[-1], len(values))


class Samples:
    """All samples of a run, in the order in which they were taken."""

    def __init__(self, samples=()):
        self.all = list(samples)

    def add(self, sample):
        self.all.append(sample)

    def points(self):
        """(work, point), each once, in the order of their first sample."""
        return list(dict.fromkeys((sample.work, sample.point) for sample in self.all))

    def systems(self):
        return list(dict.fromkeys(sample.system for sample in self.all))

    def of(self, work, point, system):
        return [sample for sample in self.all
                if (sample.work, sample.point, sample.system) == (work, point, system)]

    def troubles(self, work, point, system):
        return [sample.trouble for sample in self.of(work, point, system) if sample.trouble]

    def spread(self, work, point, system, figure):
        """Of the repetitions; None if none has the figure, or if any of them is in trouble: what
        fails sometimes has no figure."""
        samples = self.of(work, point, system)
        if any(sample.trouble for sample in samples):
            return None
        values = [sample.figures[figure] for sample in samples if figure in sample.figures]
        return Spread.of(values) if values else None

    def is_disturbed(self, work, point, system):
        """Whether half of the repetitions or more were."""
        samples = [sample for sample in self.of(work, point, system) if not sample.trouble]
        return 2 * sum(sample.is_disturbed for sample in samples) > len(samples)

    def to_json(self):
        return [dataclasses.asdict(sample) for sample in self.all]

    @staticmethod
    def from_json(items):
        return Samples(Sample(**item) for item in items)
