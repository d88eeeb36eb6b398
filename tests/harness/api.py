"""What Thrift's compiler makes of thrift/lockservice.thrift for Python: api.LockService with its
Client, and every struct and enumeration by its name.

Generated anew for each test, into a folder that goes with it; the processes that a test starts use
the same (FOLDER_VARIABLE in their environment).
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

from tests.harness.programs import ROOT

FOLDER_VARIABLE = "HOLDFAST_TEST_API"


def _generate():
    folder = tempfile.mkdtemp(prefix="holdfast-api-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(
        ["thrift", "--gen", "py:slots", "-out", folder, ROOT / "thrift/lockservice.thrift"],
        check=True)
    os.environ[FOLDER_VARIABLE] = folder
    return folder


sys.path.insert(0, os.environ.get(FOLDER_VARIABLE) or _generate())

from holdfast.api import LockService  # noqa: E402
from holdfast.api.ttypes import *  # noqa: E402,F403


def error_name(error):
    """The name of a LockServiceError's code."""
    return ErrorCode._VALUES_TO_NAMES.get(error.code, str(error.code))  # noqa: F405
