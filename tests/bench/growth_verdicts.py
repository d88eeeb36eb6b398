"""What has to hold as work grows, and whether it did. Pure."""

import dataclasses

from tests.bench import endurance, offered_load
from tests.bench.goals import OURS

GOODPUT_LEAST = 0.5  # Past saturation, of what a closed loop was answered.
AFTER_LEAST = 0.8  # Once the load is gone, of what it was before.
RELEASE_MOST = 0.25  # Of what a write waits past saturation: a release goes before it.
LEASE_LEFT_LEAST_MS = 1_000  # A keep-alive that comes later is one that almost came too late.
MEMORY_GROWTH_MAX = 0.05
MINUTES_LEAST = 10  # Until logs, history and caches are full, memory has to grow.


@dataclasses.dataclass(frozen=True)
class Verdict:
    """On one thing that has to hold. `found` says what was seen, or why nothing was."""

    what: str
    holds: bool
    found: str

    def sentence(self):
        return f"{'holds' if self.holds else 'DOES NOT HOLD'}: {self.what}: {self.found}"


def judge(samples):
    """On whatever was measured."""
    measured = {sample.work for sample in samples.all}
    verdicts = []
    if "G2" in measured:
        verdicts += _on_overload(samples)
    if endurance.WORK in measured:
        verdicts += _on_endurance(samples)
    return verdicts


def _on_overload(samples):
    before = samples.spread("G2", offered_load.SATURATION, OURS, "per_s")
    for percent in (percent for percent in offered_load.PERCENTS if percent > 100):
        point = offered_load.point(percent)
        yield _ratio(samples, point, before, GOODPUT_LEAST,
                     f"at {percent} % of what it can take the cell does not collapse")
    yield _ratio(samples, offered_load.AFTER, before, AFTER_LEAST,
                 "after it the cell does as much as before")
    yield _releases(samples)
    yield _leases(samples)


def _ratio(samples, point, before, least, what):
    what = f"{what} (acknowledged ≥ {least:.0%} of a closed loop)"
    troubles = samples.troubles("G2", point, OURS)
    now = samples.spread("G2", point, OURS, "per_s")
    if now is None or before is None:
        return Verdict(what, False, troubles[0] if troubles else "it was not measured")
    share = now.median / before.median
    return Verdict(what, share >= least, f"{share:.0%}")


def _releases(samples):
    percent = offered_load.PERCENTS[-1]
    what = f"at {percent} % a release waits at most {RELEASE_MOST:.0%} of what a write does (p50)"
    release, write = (samples.spread("G2", offered_load.point(percent), OURS, figure)
                      for figure in ("release_p50_us", "p50_us"))
    if release is None or write is None:
        return Verdict(what, False, "it was not measured")
    share = release.median / write.median
    return Verdict(what, share <= RELEASE_MOST, f"{share:.0%}")


def _leases(samples):
    what = (f"no session is lost to overload, and no lease comes nearer to its end than "
            f"{LEASE_LEFT_LEAST_MS:,} ms")
    points = [offered_load.point(percent) for percent in offered_load.PERCENTS]
    for point in points:
        for trouble in samples.troubles("G2", point, OURS):
            return Verdict(what, False, f"{point}: {trouble}")
    least = [spread.low for spread in (samples.spread("G2", point, OURS, "lease_left_least_ms")
                                       for point in points) if spread is not None]
    if not least:
        return Verdict(what, False, "it was not measured")
    return Verdict(what, min(least) >= LEASE_LEFT_LEAST_MS, f"{min(least):,.0f} ms left at least")


def _on_endurance(samples):
    for sample in samples.all:
        if sample.work != endurance.WORK:
            continue
        what = f"{sample.point} without an error"
        yield Verdict(what, not sample.trouble, sample.trouble or "none")
        if sample.trouble:
            continue
        grown, disk_kib = sample.figures["memory_growth"], sample.figures["disk_kib"]
        if sample.figures["course"]["at_s"][-1] >= MINUTES_LEAST * 60 * 0.99:
            yield Verdict("memory in the last third is no more than "
                          f"{MEMORY_GROWTH_MAX:.0%} above the middle third",
                          grown <= MEMORY_GROWTH_MAX, f"{grown:+.1%}")
        yield Verdict(f"no data directory is larger than {endurance.DISK_KIB_MAX // 1024:,} MiB",
                      disk_kib <= endurance.DISK_KIB_MAX, f"{disk_kib / 1024:,.0f} MiB")
