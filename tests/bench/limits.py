"""What disk and wire of this machine can do at best, measured in the same run."""

import subprocess

from tests.bench.system import figures_of
from tests.harness.programs import program

MACHINE = "machine"
ROUND_TRIP = "loopback round trip of 100 B"
SECONDS = 2.0


def sync_point(layout, processes):
    together = "" if processes == 1 else f", {processes} processes at once"
    return f"write of 200 B and fdatasync, {layout}{together}"


def run(bench, repetition):
    for layout in ("appended", "preallocated"):
        for processes in (1, 3):
            options = ["fdatasync", "--folder", bench.folder, "--processes", processes]
            if layout == "preallocated":
                options.append("--preallocated")
            bench.take("limits", sync_point(layout, processes), MACHINE, repetition,
                       lambda: _measure(options))
    bench.take("limits", ROUND_TRIP, MACHINE, repetition, lambda: _measure(["round-trip"]))


def _measure(options):
    command = [program("holdfast_bench_limits"), *map(str, options), f"--seconds={SECONDS}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return figures_of(done.stdout, done.stderr)
