"""G2: writes offered at a fixed rate, up to and past what the cell can take, beside sessions that
hold locks and others that take and release them."""

import signal

from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.memory import end
from tests.bench.system import Trouble, next_figures, with_cpu_per_op

PERCENTS = (10, 25, 50, 75, 90, 100, 125, 150, 200, 300)
# So many that the limits of the cell are met, and not only those of its clients.
WRITERS = 256
OUTSTANDING_MAX = 1_000_000
SATURATING = 1_024
HOLDERS = 1_000
LOCKERS = 64
PATIENCE_S = 30  # With what is left when no more is offered, beside six times its own time.

SATURATION = f"closed loop before it, {SATURATING:,} outstanding"
AFTER = f"closed loop after it, {SATURATING:,} outstanding"
# Of those who hold and take locks: what is kept beside the figures of the writes.
BESIDE = ("cycles", "acquire_p50_us", "acquire_p99_us", "release_p50_us", "release_p99_us",
          "refused_acquires", "first_refusal", "lease_left_least_ms")


def point(percent):
    return f"{percent} % offered"


def run(bench):
    """More and more is offered to one cell. After a trouble a new one goes on."""
    for repetition in range(1, bench.repetitions + 1):
        left = PERCENTS
        while left:
            with bench.cell(HoldfastCell) as cell:
                left = _climb(bench, cell, repetition, left)


def _climb(bench, cell, repetition, percents):
    """Answers what was not come to."""
    def take(point, measure):
        return bench.take("G2", point, cell.name, repetition, measure)

    saturation = take(SATURATION, lambda: _saturate(cell, bench.seconds))
    if saturation.trouble:
        return ()
    for place, percent in enumerate(percents):
        rate = saturation.figures["per_s"] * percent / 100
        offered = take(point(percent), lambda: offer(cell, rate, bench.seconds))
        if percent == PERCENTS[-1]:
            take(AFTER, lambda: _saturate(cell, bench.seconds))
        if offered.trouble:
            return percents[place + 1:]
    return ()


def _saturate(cell, seconds):
    return cell.measure("write", "spread", outstanding=SATURATING, connections=WRITERS,
                        seconds=seconds)


def offer(cell, rate, seconds):
    patience = PATIENCE_S + 6 * seconds
    with cell.generator_running("hold-locks", "spread", count=HOLDERS, clients=LOCKERS,
                                limit=patience) as holder:
        next_figures(holder)
        try:
            written = _write(cell, holder, rate=rate, seconds=seconds, limit=patience)
        except Trouble as trouble:
            raise Trouble(f"{trouble}; {_fate(holder)}") from None
        held = end(holder)
    return with_cpu_per_op({**written, **{name: held[name] for name in BESIDE if name in held}})


def _write(cell, holder, **options):
    """The holder is told when what is measured begins and ends."""
    servers = ",".join(map(str, cell.pids()))
    with cell.generator_running("offer", "spread", connections=WRITERS, servers=servers,
                                outstanding=OUTSTANDING_MAX, **options) as writer:
        for _ in ("offering", "offered"):
            next_figures(writer)
            holder.send_signal(signal.SIGUSR1)
        return next_figures(writer)


def _fate(holder):
    """What became of those who held locks."""
    try:
        return f"those who held locks had {end(holder)['lease_left_least_ms']} ms left"
    except Trouble as trouble:
        return f"those who held locks: {trouble}"
