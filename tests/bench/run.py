"""Measures Holdfast, ZooKeeper and etcd side by side on this machine, in turns."""

import argparse
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile

from tests.bench import (clean_build, failover, goals, growth, growth_report, growth_verdicts,
                         loops, machine, memory, report, starts, table)
from tests.bench.bench import Bench, say
from tests.bench.etcd_cell import EtcdCell
from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.zookeeper_cell import ZooKeeperCell
from tests.harness.programs import ROOT

KINDS = {kind.name: kind for kind in (HoldfastCell, ZooKeeperCell, EtcdCell)}
WORKS = {
    "W1": "writes", "W2": "reads, stale and linearizable", "W3": "lock cycles without contention",
    "W4": "one lock handed over among 16 clients", "W5": "failover: the leader is killed, or hangs",
    "W6": "memory and CPU of an idle cell, of idle sessions, of watches",
    "W7": "one write told to 1,000 watchers", "W8": "100,000 nodes, and a restart with them",
    "W9": "cold start of one replica", "BUILD": "a clean build (only with --check, or by name)"}
RESULTS = "build/bench/results"
PUBLISHED = "docs/benchmarks"


def options_of(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter,
        epilog=f"workloads:\n{listed(WORKS)}\n\nas work grows; {growth.NAME} for all, none unless"
        " named, and of Holdfast alone, if --only does\nnot name others for G1, G4 and G5:\n"
        f"{listed(growth.WORKS)}\n\nA run of everything, or of {growth.NAME}, writes its tables,"
        f" JSON and charts to\n{PUBLISHED}/, others to {RESULTS}/, if --out names no other folder.")
    parser.add_argument("works", nargs="*", metavar="WORKLOAD", help="which (default: W1 to W9)")
    parser.add_argument("--only", metavar="SYSTEM,…", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--reps", type=int, default=3, help="repetitions (default 3)")
    parser.add_argument("--secs", type=float, default=5.0, help="of each window (default 5)")
    parser.add_argument("--minutes", type=float, default=30.0, help="of G7 (default 30)")
    parser.add_argument("--most", type=int, metavar="N",
                        help="leave out larger numbers of nodes (G5) and sessions (G6)")
    parser.add_argument("--check", action="store_true",
                        help="measure what the goals need, and end with 1 if a floor is missed")
    parser.add_argument("--json", metavar="FILE", help="all samples, also there")
    parser.add_argument("--out", metavar="DIR", help="where table, JSON and charts go")
    parser.add_argument("--bin", metavar="DIR",
                        help="where holdfastd and the generators are, instead of building them")
    parser.add_argument("--say-systems", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--say-bin", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.given_works = options.works
    options.is_growth = any(is_growth(work) for work in options.works)
    options.works = works_of(options)
    options.is_whole = (not options.only and not options.most
                        and options.given_works in ([], [growth.NAME]))
    options.systems = (options.only.split(",") if options.only
                       else [HoldfastCell.name] if options.is_growth else list(KINDS))
    known_works = growth.WORKS if options.is_growth else WORKS
    for given, known in ((options.works, known_works), (options.systems, KINDS)):
        unknown = [word for word in given if word not in known]
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.is_growth and options.check:
        parser.error("there are no goals for how figures move")
    if options.reps < 1 or options.secs <= 0 or options.minutes <= 0:
        parser.error("there has to be something to measure")
    return options


def listed(works):
    return "\n".join(f"  {work:6} {what}" for work, what in works.items())


def is_growth(work):
    return work == growth.NAME or work.upper() in growth.WORKS


def works_of(options):
    """Those that were asked for, in words of WORKS or of growth.WORKS."""
    if options.given_works == [growth.NAME]:
        return list(growth.WORKS)
    every = list(WORKS) if options.check else [work for work in WORKS if work != "BUILD"]
    return [work.upper() for work in options.given_works] or every


def reason_against(system):
    """Why a system cannot be measured here; empty if it can."""
    if system == "zookeeper":
        if shutil.which("java") is None:
            return "there is no java"
        if not pathlib.Path("/usr/share/java/zookeeper.jar").exists():
            return "the package zookeeper is not installed"
    if system == "etcd" and not os.environ.get("HOLDFAST_ETCD"):
        return "there is no etcd"
    generator = pathlib.Path(KINDS[system].generator_program())
    return "" if generator.exists() else f"{generator} is missing"


def chosen_kinds(systems):
    kinds = []
    for system in systems:
        why_not = reason_against(system)
        if why_not:
            say(f"{system} is left out: {why_not}")
        else:
            kinds.append(KINDS[system])
    return kinds


def allow_many_connections():
    """A process may have as many files open as the system lets it have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(bench, options):
    works = set(options.works)
    if options.is_growth:
        growth.run(bench, works)
        return
    loops.run(bench, works, only_goals=options.check)
    for work, run in (("W5", failover.run), ("W6", memory.run), ("W8", starts.run_many_nodes),
                      ("W9", starts.run_cold_starts), ("BUILD", clean_build.run)):
        if work in works:
            run(bench)


def command_of(options):
    """The command that repeats the run, wherever the programs are and the results go."""
    words = ["./dev bench", *options.given_works]
    words += [f"--only {options.only}"] if options.only else []
    words += [f"--reps {options.reps}", f"--secs {options.secs:g}"]
    words += [f"--minutes {options.minutes:g}"] if "G7" in options.works else []
    words += [f"--most {options.most}"] if options.most else []
    return " ".join(words + (["--check"] if options.check else []))


def conclude(bench, options, description, command):
    """Shows and keeps the results; the exit status."""
    folder = PUBLISHED if options.is_whole and not options.check else RESULTS
    folder = pathlib.Path(options.out) if options.out else ROOT / folder
    if options.is_growth:
        growth_report.write(folder, bench.samples, description, command)
    else:
        report.write(folder, bench.samples, description, command, options.works)
    if options.json:
        report.write_json(pathlib.Path(options.json), bench.samples, description, command)
    print((growth_report.tables if options.is_growth else table.result_tables)(bench.samples))
    say(f"Written to {folder}/")
    failed = [sample for sample in bench.samples.all if sample.trouble]
    for sample in failed:
        say(f"FAILED: {sample.work} {sample.system}: {sample.point}: {sample.trouble}")
    if options.is_growth:
        verdicts = growth_verdicts.judge(bench.samples)
        print("\n".join(verdict.sentence() for verdict in verdicts))
        return 0 if not failed and all(verdict.holds for verdict in verdicts) else 1
    if options.check:
        return check(goals.judge_all(bench.samples, options.works))
    return 1 if failed else 0


def check(verdicts):
    print("\n" + table.goal_table(verdicts))
    short = [verdict for verdict in verdicts if not verdict.holds_floor]
    for verdict in short:
        print(f"SHORT OF THE FLOOR: {verdict.sentence()}")
    for verdict in verdicts:
        if verdict.holds_floor and not verdict.reaches_goal:
            print(f"short of the goal: {verdict.sentence()}")
    print(f"{len(verdicts) - len(short)} of {len(verdicts)} floors hold")
    return 1 if short else 0


def main(arguments):
    options = options_of(arguments)
    if options.say_systems:
        print(" ".join(options.systems))
        return 0
    if options.say_bin:
        print(pathlib.Path(options.bin).resolve() if options.bin else "")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.bin:
        os.environ["HOLDFAST_BIN_DIR"] = str(pathlib.Path(options.bin).resolve())
    allow_many_connections()
    bench = Bench(chosen_kinds(options.systems), ROOT / "build/bench/data", options)
    tempfile.tempdir = str(bench.folder)
    try:
        if not machine.is_on_disk(bench.folder):
            say(f"{bench.folder} is in memory: a sync costs nothing there, so nothing is measured")
            return 2
        description = machine.describe(bench.folder, [kind.name for kind in bench.kinds])
        try:
            measure(bench, options)
        except AssertionError as failure:
            bench.give_up(failure)
        return conclude(bench, options, description, command_of(options))
    finally:
        bench.close()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
