"""./dev mutants: does every fault that we know how to make get caught?

Makes one copy of the tree with all mutants of the catalogue in it, each behind a switch, builds it
once, sees that it passes its tests with no mutant on, and then runs for each mutant the test that
should catch it, and further tests until one does. Ends with 1 when a mutant survives.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sys
import time

import catalogue
import judge
import tree


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time (default 1)")
    parser.add_argument(
        "--build-jobs", type=int, default=os.cpu_count(), help="compilers at a time"
    )
    parser.add_argument("--build", type=pathlib.Path, default=catalogue.ROOT / "build/mutants")
    parser.add_argument("--list", action="store_true", help="print the catalogue and end")
    parser.add_argument(
        "--search",
        type=int,
        metavar="SEEDS",
        help="also say which mutants of zab/ the simulator finds by itself in so many runs",
    )
    parser.add_argument("--table", type=pathlib.Path, help="write the result as Markdown")
    return parser.parse_args(arguments)


def say(text):
    print(text, flush=True)


def select(mutants, names):
    unknown = sorted(set(names) - {mutant.name for mutant in mutants})
    if unknown:
        sys.exit("there is no mutant called " + ", ".join(unknown))
    return [mutant for mutant in mutants if not names or mutant.name in names]


def judge_all(bench, mutants, args):
    """Verdicts, and what the simulator found by itself, by the name of the mutant."""
    verdicts = {}
    searches = {}

    def judge_one(mutant):
        verdict = bench.judge(mutant)
        found = bench.search(mutant, args.search) if args.search else None
        return mutant.name, verdict, found

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = [pool.submit(judge_one, mutant) for mutant in mutants]
        try:
            for done in concurrent.futures.as_completed(waiting):
                name, verdict, found = done.result()
                verdicts[name] = verdict
                searches[name] = found
                text = f"{verdict.by or 'SURVIVES'} ({verdict.seconds:.1f} s)"
                text += f"; simulator: {found}" if found else ""
                say(f"[{len(verdicts)}/{len(mutants)}] {name}: {text}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return verdicts, searches


def table_of(mutants, verdicts, searches):
    with_search = any(searches.values())
    head = ["mutant", "file", "what it breaks", "caught by", "s"]
    rows = [head + ["random runs"] if with_search else head]
    for mutant in mutants:
        verdict = verdicts[mutant.name]
        row = [
            mutant.name + (f" ({mutant.model})" if mutant.model else ""),
            f"`{mutant.file}`",
            mutant.breaks,
            verdict.by.replace("Zab/Scenario.GoesAsWritten/", "") or "**survives**",
            f"{verdict.seconds:.1f}",
        ]
        rows.append(row + [searches[mutant.name] or ""] if with_search else row)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines) + "\n"


def main(arguments):
    args = parse(arguments)
    whole = catalogue.load()
    if args.list:
        for mutant in whole:
            say(f"{mutant.name:48} {mutant.file:36} {mutant.breaks}")
        return 0
    if found := catalogue.problems(whole):
        sys.exit("the catalogue is wrong:\n" + "\n".join(found))
    mutants = select(whole, args.names)
    say(f"== {len(whole)} mutants in one copy of the tree: {args.build}")
    output = args.build / "build"
    try:
        tree.make_copy(catalogue.ROOT, args.build / "tree", whole)
        tree.build(args.build / "tree", output, args.build_jobs)
    except tree.BuildFailed as failed:
        sys.exit(f"the copy does not build: {failed}")
    bench = judge.Bench(output)
    broken = bench.measure(lambda what, seconds: say(f"{what} ({seconds:.1f} s)"))
    if broken:
        sys.exit(broken)
    began = time.monotonic()
    verdicts, searches = judge_all(bench, mutants, args)
    table = table_of(mutants, verdicts, searches)
    say("\n" + table)
    if args.table:
        args.table.write_text(table, encoding="utf-8")
    survivors = [mutant.name for mutant in mutants if not verdicts[mutant.name].by]
    say(
        f"{len(mutants)} mutants, {len(mutants) - len(survivors)} caught, "
        f"{len(survivors)} survived, {time.monotonic() - began:.0f} s"
    )
    for name in survivors:
        say(f"survives: {name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted")
