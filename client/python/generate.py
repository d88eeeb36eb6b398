#!/usr/bin/env python3
"""Makes holdfast/api: what Thrift's compiler makes of thrift/lockservice.thrift for Python.

    python3 generate.py [FOLDER]

FOLDER is where the package `holdfast` is, by default the folder of this script: once run, the
package can be imported from a checkout (PYTHONPATH=client/python). Needs thrift-compiler; setup.py
calls it when a wheel or an sdist is made.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INTERFACE = HERE.parents[1] / "thrift" / "lockservice.thrift"


def generate(folder):
    """Replaces `folder`/holdfast/api."""
    target = pathlib.Path(folder) / "holdfast" / "api"
    with tempfile.TemporaryDirectory(prefix="holdfast-api-") as scratch:
        subprocess.run(["thrift", "--gen", "py:slots", "-out", scratch, str(INTERFACE)], check=True)
        made = pathlib.Path(scratch) / "holdfast" / "api"
        (made / "LockService-remote").unlink()  # A program of Thrift's own, of no use here.
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, target)
    return target


if __name__ == "__main__":
    print(generate(sys.argv[1] if len(sys.argv) > 1 else HERE))
