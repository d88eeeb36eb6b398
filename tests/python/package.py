"""The package `holdfast` out of the checkout, with generated code, as a folder that goes with the
test. To be imported before tests.harness, which uses the same generated code."""

import atexit
import importlib.util
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "client" / "python"
FOLDER_VARIABLE = "HOLDFAST_TEST_API"  # Of tests/harness/api.py.


def generator():
    """client/python/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", SOURCE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _make():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "holdfast").mkdir()
    for part in (SOURCE / "holdfast").iterdir():
        if part.name not in ("api", "__pycache__"):
            (folder / "holdfast" / part.name).symlink_to(part)
    generator().generate(folder)
    os.environ[FOLDER_VARIABLE] = str(folder)
    return str(folder)


FOLDER = os.environ.get(FOLDER_VARIABLE) or _make()
assert os.path.exists(os.path.join(FOLDER, "holdfast", "_core")), "tests.harness came first"
sys.path.insert(0, FOLDER)

import holdfast  # noqa: E402,F401
