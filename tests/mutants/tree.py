"""A copy of the tree with all mutants in it, and its build."""

import os
import shutil
import subprocess

import weave

COPIED = ["CMakeLists.txt", "cmake", "zab", "thrift", "lockserver", "client", "tests"]
PARTS = [
    "zab/base",
    "zab",
    "thrift",
    "lockserver/state",
    "lockserver/storage",
    "lockserver/replica",
    "client",
    "client/recipes",
    "tests/zab",
    "tests/sim",
    "tests/zab/scenario",
    "tests/state",
    "tests/storage",
    "tests/replica",
    "tests/client",
]
TARGETS = [
    "zab_test",
    "zab_scenario_test",
    "holdfast_core_sim",
    "state_test",
    "storage_test",
    "replica_test",
    "client_test",
]


class BuildFailed(Exception):
    """The copy does not build; the output has been shown."""


def files_of(root):
    for name in COPIED:
        path = root / name
        if path.is_file():
            yield name
            continue
        for folder, _, files in os.walk(path):
            if "__pycache__" in folder:
                continue
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), root)


def write_if_changed(path, content):
    """Keeps the time of what has not changed, so that the build does only what is needed."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def make_copy(root, folder, mutants):
    edits = {}
    for mutant in mutants:
        for edit in mutant.edits:
            edits.setdefault(edit.file, []).append((mutant.number, edit))
    kept = {weave.HEADER}
    for name in files_of(root):
        kept.add(name)
        content = (root / name).read_bytes()
        if name in edits:
            content = weave.weave(content.decode("utf-8"), edits[name]).encode("utf-8")
        write_if_changed(folder / name, content)
    write_if_changed(folder / weave.HEADER, weave.HEADER_TEXT.encode("utf-8"))
    for name in list(files_of(folder)):
        if name not in kept:
            (folder / name).unlink()


def run(command, quietly=False):
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE if quietly else None,
        stderr=subprocess.STDOUT if quietly else None,
    )
    if done.returncode != 0:
        said = "\n" + done.stdout.decode(errors="replace") if quietly else ""
        raise BuildFailed(" ".join(map(str, command)) + said)


def configure(folder, output, quietly=False):
    """No debug info and little optimisation: it is built for one run.

    The switches make statements dead and variables unused, so warnings say nothing here.
    """
    run(
        [
            "cmake",
            "-S",
            folder,
            "-B",
            output,
            "-G",
            "Ninja",
            "-DCMAKE_BUILD_TYPE=Mutants",
            "-DCMAKE_CXX_FLAGS_MUTANTS=-O1 -g0 -w",
            "-DHOLDFAST_PARTS=" + ";".join(PARTS),
        ],
        quietly,
    )


def build(folder, output, jobs):
    """Builds the tests of the copy."""
    configure(folder, output)
    run(["ninja", "-C", output, "-j", str(jobs), *TARGETS])


def binary(output, name):
    return output / "bin" / name


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
