"""Real cells in all kinds of trouble at once (./dev chaos).

Real replicas on real disks, each in a network of its own; clients that record what they did and
heard; faults dealt out by a seed; and at the end checkers that look for anything that the cell's
contract does not allow. The seed chooses the faults, not their exact moments.
"""

import argparse
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

from tests.chaos import fabric, judge
from tests.chaos.director import Director
from tests.chaos.faults import KINDS
from tests.chaos.world import World

NEEDS_MOUNTS = {"full-disk"}
NEEDS_PACKETS = {"one-way"}


def options_of(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev chaos", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="of trouble (default 5)")
    parser.add_argument("--voters", type=int, choices=(3, 5), default=3)
    parser.add_argument("--seed", type=int, default=None, help="of the faults (default: drawn)")
    parser.add_argument("--faults", default=",".join(KINDS),
                        help=f"a list of kinds (default all): {', '.join(KINDS)}")
    parser.add_argument("--proxies", action="store_true",
                        help="through proxies, even where network namespaces are allowed")
    parser.add_argument("--keep", action="store_true",
                        help="keep data folders, logs and histories of a good run too")
    options = parser.parse_args(arguments)
    options.faults = options.faults.split(",")
    unknown = set(options.faults) - set(KINDS)
    if unknown:
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    return options


def possible(kinds):
    """Without those that this machine does not allow, which are named."""
    if fabric.is_inside():
        return kinds
    left_out = [kind for kind in kinds if kind in NEEDS_MOUNTS]
    if left_out:
        print(f"Note: not possible without root: {', '.join(left_out)}.")
    return [kind for kind in kinds if kind not in left_out]


def report(world, director, faults, options):
    ops = world.history.ops
    print(f"\nSeed {options.seed}, {options.voters} voters, {world.seconds:.0f} s of trouble in "
          f"{world.cell.network.kind}")
    print("Injected: " + ", ".join(
        f"{kind} {director.counts[kind]}" for kind in options.faults))
    print(f"Recorded: {len(ops)} calls ({', '.join(f'{n} {w}' for w, n in world.outcomes())}), "
          f"{sum(len(stream.events) for stream in world.streams())} events at "
          f"{len(world.streams())} watchers ({world.watcher_moves()} moves, "
          f"{world.events_lost()} EVENTS_LOST), {len(world.history.tenures)} tenures of the C++ "
          f"library, {world.piped()} pipelined writes, {world.leader_changes} changes of leader")
    if world.recoveries:
        print(f"Served again after the trouble: within {statistics.median(world.recoveries):.1f} s "
              f"(median of {len(world.recoveries)}), {max(world.recoveries):.1f} s at the longest")
    for kind in director.missing():
        faults.append(f"the fault {kind} was wanted and never hit anything")
    for fault in faults[:50]:
        print(f"FOUND: {fault}")
    print(f"{len(faults)} faults found" if faults else "No fault found")


def keep(world, faults, options):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"holdfast-chaos-seed{options.seed}-"))
    world.save(folder)
    (folder / "faults.txt").write_text("\n".join(faults) + "\n", encoding="utf-8")
    print(f"Kept: {folder} (data folders, logs, histories, what was done)")


def main():
    options = options_of(sys.argv[1:])
    if not options.proxies:
        fabric.go_inside("tests.chaos.trouble")
    for number in (signal.SIGTERM, signal.SIGINT):  # Also where a shell has it ignored.
        signal.signal(number, signal.default_int_handler)
    kinds = options.faults = possible(options.faults)
    print(f"Seed {options.seed}: {options.voters} voters, {options.minutes:g} minutes of "
          f"{', '.join(kinds)}", flush=True)
    world = World(options.voters, options.seed)
    director = Director(world, kinds, options.minutes * 60, options.seed)
    try:
        world.start()
        began = time.monotonic()
        director.run()
        world.seconds = time.monotonic() - began
        world.calm()
        world.stop_clients()
        faults = world.history.complaints + judge.faults_of(world)
        report(world, director, faults, options)
        if faults or options.keep:
            keep(world, faults, options)
        return 1 if faults else 0
    except Exception as failure:
        faults = world.history.complaints + [f"{type(failure).__name__}: {failure}"]
        print(f"FOUND: the run itself failed: {faults}", flush=True)
        keep(world, faults, options)
        raise
    finally:
        world.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
