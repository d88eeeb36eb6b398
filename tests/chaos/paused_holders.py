"""The headline test (./dev fencing): clients that are stopped for longer than their lease, at any
moment, while they add numbers to a set under one lock.

After Jepsen's of etcd 3.4.3: leases of 2 s, five clients. Every 5 s each client's process gets
SIGSTOP, and SIGCONT a second after its lease is over. A number that the downstream server has
acknowledged and that is not in the set at the end is a lost update. The same clients, pauses and
times against Holdfast with the server checking what each request was made under, against Holdfast
with the server checking nothing, and against etcd's lock.
"""

import argparse
import dataclasses
import json
import random
import signal
import subprocess
import sys
import threading
import time

from tests.chaos import etcd
from tests.chaos.downstream import Downstream
from tests.harness import Cell
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT

CLIENTS = 5
LEASE_S = 2.0
PERIOD_S = 5.0
PAUSE_S = LEASE_S + 1.0
THINK_S = 0.1
END_S = 90.0 * SLOWNESS
NUMBERS_EACH = 1_000_000


@dataclasses.dataclass
class Account:
    """What became of the numbers of a run."""

    attempted: int  # Numbers for which a client had the lock, and read the set or was refused.
    acknowledged: int
    refused: int
    lost: int  # Acknowledged, and not in the set at the end.
    unexplained: int  # In the set though refused or never attempted, or in it twice.
    pauses: int

    @property
    def lost_percent(self):
        return 100.0 * self.lost / self.acknowledged if self.acknowledged else 0.0


def account_of(history, elements, pauses):
    """`history`: (number, outcome) of every attempt; `elements`: the set at the end."""
    acknowledged = {number for number, outcome in history if outcome == "acknowledged"}
    present = set(elements)
    return Account(
        attempted=len(history), acknowledged=len(acknowledged),
        refused=len(history) - len(acknowledged), lost=len(acknowledged - present),
        unexplained=len(present - acknowledged) + len(elements) - len(present), pauses=pauses)


class Client:
    """The process (set_client.py), and what it said."""

    def __init__(self, place, kind, endpoints, port):
        self.history = []
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", "-m",
             "tests.chaos.set_client", kind, ",".join(endpoints), str(LEASE_S), str(THINK_S),
             str(port), str(place * NUMBERS_EACH)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            said = json.loads(line)
            self.history.append((said["number"], said["outcome"]))

    def send(self, signal_number):
        self._child.send_signal(signal_number)

    def end(self):
        """Lets it finish what it does; fails if it does not."""
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        status = self._child.wait(END_S)
        self._reader.join()
        assert status == 0, f"a client ended with {status}"

    def close(self):
        self._child.kill()
        self._child.wait()
        self._reader.join()
        self._child.stdin.close()
        self._child.stdout.close()


def pauses_of(seconds, seed):
    """(moment, signal, client) in order: of each client a pause every 5 s, one client after the
    other, not at equal distances.
    """
    dice = random.Random(seed)
    steps = []
    for place in range(CLIENTS):
        began = PERIOD_S * place / CLIENTS
        while began + PAUSE_S < seconds:
            late = dice.uniform(0.5, PERIOD_S - PAUSE_S)
            steps.append((began + late, signal.SIGSTOP, place))
            steps.append((began + late + PAUSE_S, signal.SIGCONT, place))
            began += PERIOD_S
    return sorted(steps)


def run(kind, endpoints, checks, seconds, seed):
    """The Account of one run against a cell that serves."""
    downstream = Downstream(checks)
    clients = []
    try:
        for place in range(CLIENTS):
            clients.append(Client(place, kind, endpoints, downstream.port))
        steps = pauses_of(seconds, seed)
        ends_at = time.monotonic() + seconds
        for moment, signal_number, place in steps:
            time.sleep(max(0.0, ends_at - seconds + moment - time.monotonic()))
            clients[place].send(signal_number)
        time.sleep(max(0.0, ends_at - time.monotonic()))
        for client in clients:
            client.send(signal.SIGCONT)
            client.end()
        history = [entry for client in clients for entry in client.history]
        return account_of(history, downstream.elements(), len(steps) // 2)
    finally:
        for client in clients:
            client.close()
        downstream.close()


def run_holdfast(checks, seconds, seed):
    cell = Cell()
    try:
        cell.init()
        cell.start()
        cell.wait_until_serving()
        return run("holdfast", cell.endpoints, checks, seconds, seed)
    finally:
        cell.close()


def run_etcd(seconds, seed):
    cell = etcd.EtcdCell()
    try:
        cell.wait_until_serving()
        return run("etcd", cell.endpoints, False, seconds, seed)
    finally:
        cell.close()


# ---- the command --------------------------------------------------------------------------------

CHECKED = "Holdfast, sequencers checked"
UNCHECKED = "Holdfast, nothing checked"
ETCD = "etcd's lock"


def faults_of(name, account):
    """Sentences on what must not be."""
    if name == CHECKED and account.lost:
        yield f"{name}: {account.lost} acknowledged updates are lost"
    if account.unexplained:
        yield f"{name}: {account.unexplained} numbers in the set that nobody wrote there"
    if name == CHECKED and not account.refused:
        yield f"{name}: no request came too late, so the run shows nothing; let it run longer"
    if name != CHECKED and not account.lost:
        print(f"Note: {name}: this run lost nothing.")


HEAD = ("| lock | pauses | attempted | acknowledged | refused | lost | unexplained | lost of those"
        " acknowledged |\n|---|---|---|---|---|---|---|---|")


def row_of(name, account):
    return (f"| {name} | {account.pauses} | {account.attempted} | {account.acknowledged} | "
            f"{account.refused} | {account.lost} | {account.unexplained} | "
            f"{account.lost_percent:.1f} % |")


def main():
    parser = argparse.ArgumentParser(prog="./dev fencing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the pauses (default 1)")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    runs = [(CHECKED, lambda: run_holdfast(True, options.seconds, options.seed)),
            (UNCHECKED, lambda: run_holdfast(False, options.seconds, options.seed))]
    if etcd.program() is None:
        print("Note: there is no etcd on this machine and its package could not be had: skipped.")
    else:
        runs.append((ETCD, lambda: run_etcd(options.seconds, options.seed)))
    print(f"{CLIENTS} clients, leases of {LEASE_S:g} s, a pause of {PAUSE_S:g} s every "
          f"{PERIOD_S:g} s each, {options.seconds:g} s a run, seed {options.seed}", flush=True)
    accounts = {}
    for name, start in runs:
        accounts[name] = start()
        print(f"{name}: {accounts[name]}", flush=True)
    print("\n" + HEAD)
    for name, account in accounts.items():
        print(row_of(name, account))
    faults = [fault for name, account in accounts.items() for fault in faults_of(name, account)]
    for fault in faults:
        print(f"FAILED: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
