"""What the workloads run in: the systems, where their data goes, what was measured so far."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tests.bench.cpu_watch import CpuWatch
from tests.bench.sample import Sample, Samples
from tests.bench.system import Trouble

# What a progress line shows of a sample, as far as it has it.
SHOWN = (("offered_per_s", "offered {:,.0f}/s"), ("create_per_s", "{:,.0f} created/s"),
         ("per_s", "{:,.0f}/s"), ("mb_per_s", "{:,.1f} MB/s"), ("p50_us", "p50 {:,.0f} us"),
         ("p99_us", "p99 {:,.0f} us"), ("refused", "{:,} refused"),
         ("release_p99_us", "release p99 {:,.0f} us"),
         ("lease_left_least_ms", "lease left {:,} ms"), ("gap_ms", "gap {:,.0f} ms"),
         ("ready_ms", "serves after {:,.0f} ms"), ("last_p50_us", "last told after {:,.0f} us"),
         ("rss_anon_kib", "RssAnon {:,.0f} KiB"), ("bytes_each", "{:,.0f} bytes each"),
         ("disk_kib", "disk {:,.0f} KiB"), ("memory_growth", "memory {:+.1%}"),
         ("cpu_all_servers", "servers {:.2f} cores"), ("cpu_foreign", "others {:.2f} cores"))


class Bench:
    """`kinds` are classes derived from System; `folder` is where data goes."""

    def __init__(self, kinds, folder, options):
        self.kinds = kinds
        self.repetitions = options.reps
        self.seconds = options.secs
        self.minutes = options.minutes
        self._most = options.most
        self.samples = Samples()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=folder))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def within_most(self, amounts):
        """Those numbers of nodes or sessions that are wanted."""
        return [amount for amount in amounts if self._most is None or amount <= self._most]

    def give_up(self, failure):
        """A cell could not be had: what was measured before it is kept."""
        self.samples.add(Sample("run", "the whole run", "runner", 1, {}, str(failure)))

    @contextlib.contextmanager
    def cell(self, kind, size=3, started=True, **more):
        """A new cell, which is gone afterwards."""
        cell = kind(size, self.folder, **more)
        try:
            if started:
                cell.start()
            yield cell
        finally:
            cell.close()

    @contextlib.contextmanager
    def cells(self):
        """A new cell of each system."""
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.cell(kind)) for kind in self.kinds]

    def take(self, work, point, system, repetition, measure):
        """Measures once, keeps the sample and shows it."""
        watch = CpuWatch()
        try:
            figures = measure()
            figures["cpu_foreign"] = watch.foreign_cores()
            sample = Sample(work, point, system, repetition, figures)
        except (Trouble, AssertionError, OSError, subprocess.SubprocessError) as trouble:
            sample = Sample(work, point, system, repetition, {}, str(trouble) or repr(trouble))
        self.samples.add(sample)
        say(f"{work} #{repetition} {system}: {point}: {sample.trouble or shown(sample.figures)}")
        return sample


def shown(figures):
    return ", ".join(form.format(figures[name]) for name, form in SHOWN if name in figures)


def say(line):
    print(line, flush=True, file=sys.stderr)
