"""sanitized.py COMMAND…: how tests that start programs are run in a sanitized build.

Fails if the command does, and also if a sanitizer had anything to say in any process below it,
even one that was to be killed or whose exit status and output nobody looks at.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

RUNTIMES = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")


def run(command, reports):
    """Its exit status; each process writes what it finds to a file in the folder `reports`."""
    environment = dict(os.environ)
    for runtime in RUNTIMES:
        given = environment.get(runtime)
        environment[runtime] = f"{given + ':' if given else ''}log_path={reports}/report"
    child = subprocess.Popen(command, env=environment)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: child.send_signal(number))
    return child.wait()


def main():
    with tempfile.TemporaryDirectory(prefix="holdfast-reports-") as folder:
        status = run(sys.argv[1:], folder)
        reports = [path.read_text(errors="replace") for path in pathlib.Path(folder).iterdir()]
    reports = [text for text in reports if text.strip()]
    for text in reports:
        print(text, flush=True)
    if reports:
        print(f"FAILED: reports of sanitizers: {len(reports)}", flush=True)
    return 1 if reports or status < 0 else status


if __name__ == "__main__":
    sys.exit(main())
