"""Measures Holdfast, ZooKeeper and etcd side by side on this machine, in turns."""

import argparse
import os
import pathlib
import signal
import sys
import tempfile

from tests.bench import loops
from tests.bench.bench import Bench
from tests.bench.holdfast_cell import HoldfastCell
from tests.harness.programs import ROOT

WORKS = ("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9")
KINDS = {"holdfast": HoldfastCell}


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="W1…W9", help="which workloads (default: all)")
    parser.add_argument("--only", metavar="SYSTEM,…", help="holdfast, zookeeper, etcd")
    parser.add_argument("--reps", type=int, default=3, help="repetitions (default 3)")
    parser.add_argument("--secs", type=float, default=5.0, help="of each window (default 5)")
    parser.add_argument("--bin", help="where holdfastd and holdfast_bench are")
    options = parser.parse_args(arguments)
    options.works = [work.upper() for work in options.works] or list(WORKS)
    unknown = [work for work in options.works if work not in WORKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    return options


def main(arguments):
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.bin:
        os.environ["HOLDFAST_BIN_DIR"] = str(pathlib.Path(options.bin).resolve())
    names = options.only.split(",") if options.only else list(KINDS)
    bench = Bench([KINDS[name] for name in names], ROOT / "build/bench/data", options.reps,
                  options.secs)
    tempfile.tempdir = str(bench.folder)
    try:
        loops.run(bench, set(options.works), only_goals=False)
    finally:
        bench.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
