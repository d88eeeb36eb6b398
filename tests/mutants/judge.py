"""Runs the tests with one mutant switched on, until one of them notices it."""

import dataclasses
import os
import re
import signal
import subprocess
import time

import tree

SIM_SEEDS = 240
EXPECTED_SECONDS = 30.0  # For the test that must notice; far more than any of them takes.

SIM_OPTIONS = ["--fail-fast", "--seeds", str(SIM_SEEDS)]

# In the order of what they cost. A mutant of a part is only put before the tests of that part and
# of those above it.
COMMANDS = [
    ("zab_test", ["--gtest_filter=-ElectionsUnderFaults.*"], ("zab/",)),
    ("zab_scenario_test", [], ("zab/",)),
    ("state_test", [], ("lockserver/state/",)),
    ("client_test", [], ("client/",)),
    ("replica_test", [], ("zab/", "lockserver/state/", "lockserver/replica/")),
    ("storage_test", [], ("lockserver/storage/", "lockserver/replica/")),
    ("holdfast_core_sim", SIM_OPTIONS, ("zab/",)),
    ("zab_test", ["--gtest_filter=ElectionsUnderFaults.*"], ("zab/",)),
]
GTEST_OPTIONS = ["--gtest_fail_fast"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    by: str  # Empty when it survived.
    seconds: float


class Bench:
    def __init__(self, output):
        self.output = output
        self.bounds = {}  # Seconds that a command may take; filled in by measure().

    def run(self, name, options, number, bound):
        """(exit code or None after the time-out, output, seconds)."""
        command = [tree.binary(self.output, name), *options]
        if name.endswith("_test"):
            command += GTEST_OPTIONS
        environment = dict(os.environ, HOLDFAST_MUTANT=str(number))
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=bound)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            code = None
        text = out.decode("utf-8", errors="replace")
        return code, text, time.monotonic() - began

    def measure(self, report):
        """Without a mutant everything passes. The time is the measure for what counts as a hang."""
        for name, options, _ in COMMANDS:
            code, text, seconds = self.run(name, options, 0, 900)
            report(f"without a mutant: {name} {' '.join(options)}".rstrip(), seconds)
            if code != 0:
                return f"{name} fails without any mutant:\n{text[-4000:]}"
            self.bounds[(name, *options)] = max(20.0, 6 * seconds)
        return None

    def judge(self, mutant):
        began = time.monotonic()
        name, _, pattern = mutant.test.partition(":")
        options = [f"--gtest_filter={pattern}"]
        code, text, _ = self.run(name, options, mutant.number, EXPECTED_SECONDS)
        if "Running 0 tests" not in text and code != 0:
            return Verdict(noticed_by(name, code, text), time.monotonic() - began)
        for name, options, parts in COMMANDS:
            if not any(edit.file.startswith(parts) for edit in mutant.edits):
                continue
            bound = self.bounds.get((name, *options), 300)
            code, text, _ = self.run(name, options, mutant.number, bound)
            if code != 0:
                return Verdict(
                    noticed_by(name, code, text) + " (and not by the test expected)",
                    time.monotonic() - began,
                )
        return Verdict("", time.monotonic() - began)

    def search(self, mutant, seeds):
        """Whether random runs of cores alone find it, and with which seed; None outside zab/.

        Half as many whole runs as short ones around synchronization are tried.
        """
        if not any(edit.file.startswith("zab/") for edit in mutant.edits):
            return None
        name = "holdfast_core_sim"
        bound = 60 + seeds * self.bounds[(name, *SIM_OPTIONS)] / SIM_SEEDS
        for course, count in ([], seeds // 2), (["--around-sync"], seeds):
            options = [*course, "--fail-fast", "--seeds", str(count)]
            code, text, _ = self.run(name, options, mutant.number, bound)
            if code != 0:
                return " ".join([noticed_by(name, code, text).removeprefix(name + " "), *course])
        return f"not in {seeds}"


def noticed_by(name, code, text):
    """The test that failed, hung, or was under way when the process aborted."""
    how = "hangs" if code is None else ""
    if name == "holdfast_core_sim":
        seeds = re.findall(r"(?:^seed=|--seed )(\d+)", text, re.M)
        return f"{name} seed {seeds[0]} {how}".strip() if seeds else f"{name} {how}".strip()
    failed = re.findall(r"^\[  FAILED  \] (\S+?),? ", text + " ", re.M)
    begun = re.findall(r"^\[ RUN      \] (\S+)", text, re.M)
    done = re.findall(r"^\[(?:       OK |  FAILED  )\] (\S+)", text, re.M)
    if not failed and begun and begun[-1] not in done:
        how = how or "aborts"
        failed = [begun[-1]]
    return f"{name} {failed[0] if failed else ''} {how}".strip()
