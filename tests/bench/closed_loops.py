"""G1 and G4: writes of a closed loop, with more and more outstanding, and larger and larger."""

OUTSTANDING = (1, 4, 16, 64, 256, 1_024, 4_096)
VALUE_BYTES = (100, 1_024, 4_096, 16_384, 65_536, 262_144)
OUTSTANDING_OF_SIZES = 64


def outstanding_point(outstanding):
    return f"write of 100 B, {outstanding:,} outstanding, at the leader"


def size_point(value_bytes):
    return f"write of {value_bytes:,} B, {OUTSTANDING_OF_SIZES} outstanding, at the leader"


def run_outstanding(bench):
    _run(bench, "G1", [(outstanding_point(outstanding), {"outstanding": outstanding})
                       for outstanding in OUTSTANDING])


def run_value_sizes(bench):
    _run(bench, "G4", [(size_point(size), {"outstanding": OUTSTANDING_OF_SIZES,
                                           "value_bytes": size}) for size in VALUE_BYTES])


def _run(bench, work, loops):
    with bench.cells() as cells:
        for repetition in range(1, bench.repetitions + 1):
            for point, options in loops:
                for cell in cells:
                    bench.take(work, point, cell.name, repetition,
                               lambda: _write(cell, bench.seconds, **options))


def _write(cell, seconds, **options):
    figures = cell.measure("write", "leader", seconds=seconds, **options)
    return {**figures, "mb_per_s": figures["per_s"] * options.get("value_bytes", 100) / 1e6}
