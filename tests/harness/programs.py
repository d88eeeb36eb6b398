"""The programs under test, and the folder of the repository."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def bin_dir():
    """Where holdfastd and holdfast are: HOLDFAST_BIN_DIR, or what ./dev build makes."""
    return pathlib.Path(os.environ.get("HOLDFAST_BIN_DIR", ROOT / "build/release/bin"))


def program(name):
    path = bin_dir() / name
    if not path.exists():
        raise AssertionError(f"{path} is missing; ./dev build makes it")
    return str(path)
