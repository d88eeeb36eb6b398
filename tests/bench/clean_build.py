"""BUILD: how long a clean build takes, without a cache."""

import os
import shutil
import subprocess
import time

from tests.bench.system import Trouble
from tests.harness.programs import ROOT

POINT = "clean build without cache"


def run(bench):
    """Once: it takes minutes."""
    bench.take("BUILD", POINT, "holdfast", 1, lambda: _build(bench.folder / "build"))


def _build(folder):
    begun_at = time.monotonic()
    try:
        for command in (
                ["cmake", "--preset", "release", "-B", folder, "-DHOLDFAST_CCACHE=OFF"],
                ["cmake", "--build", folder, "--parallel", str(os.cpu_count())]):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode != 0:
                raise Trouble(f"the build failed: {done.stdout[-300:]}")
        return {"minutes": (time.monotonic() - begun_at) / 60}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
