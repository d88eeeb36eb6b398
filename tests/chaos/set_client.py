"""One of the five clients of the headline test, a process of its own so that it can be stopped.

Adds numbers to the downstream server's set, each under the lock: acquire, read, think, write,
release. It does not ask whether it still holds the lock before it writes: no client can know, since
it may be stopped between the question and the write. Says a line of JSON for each number: what
became of it. A line on its standard input lets it end.

Usage: set_client KIND ENDPOINTS LEASE_S THINK_S PORT FIRST_NUMBER
"""

import json
import sys
import threading
import time

from tests.chaos.downstream import DownstreamClient, Refused
from tests.chaos.lockers import LOCKERS, Lost


def add(locker, downstream, number, think_s):
    """acknowledged or refused; None if the lock was not had, and nothing was tried."""
    try:
        fence = locker.acquire()
    except Lost:
        return None
    try:
        elements = downstream.read(fence)
        time.sleep(think_s)
        downstream.write(elements + [number], fence)
        outcome = "acknowledged"
    except Refused:
        outcome = "refused"
    try:
        locker.release()
    except Lost:
        pass  # It was another's already; the server has judged.
    return outcome


def main(kind, endpoints, lease_s, think_s, port, first):
    stopping = threading.Event()
    threading.Thread(
        target=lambda: (sys.stdin.readline(), stopping.set()), daemon=True).start()
    locker = LOCKERS[kind](endpoints.split(","), float(lease_s), f"client {first}")
    downstream = DownstreamClient(int(port))
    number = int(first)
    while not stopping.is_set():
        outcome = add(locker, downstream, number, float(think_s))
        if outcome is not None:
            print(json.dumps({"number": number, "outcome": outcome}), flush=True)
            number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
