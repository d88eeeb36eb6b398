"""What Thrift's compiler makes of thrift/lockservice.thrift for Python: api.LockService with its
Client, and every struct and enumeration by its name.

Generated anew for each test process, into a folder that goes with it.
"""

import atexit
import shutil
import subprocess
import sys
import tempfile

from tests.harness.programs import ROOT

_folder = tempfile.mkdtemp(prefix="holdfast-api-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
subprocess.run(
    ["thrift", "--gen", "py:slots", "-out", _folder, ROOT / "thrift/lockservice.thrift"],
    check=True)
sys.path.insert(0, _folder)

from holdfast.api import LockService  # noqa: E402
from holdfast.api.ttypes import *  # noqa: E402,F403


def error_name(error):
    """The name of a LockServiceError's code."""
    return ErrorCode._VALUES_TO_NAMES.get(error.code, str(error.code))  # noqa: F405
