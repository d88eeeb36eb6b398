"""A cell with its clients, and what is known about both."""

import collections
import json
import os
import signal
import subprocess
import threading
import time

from tests.chaos import clients
from tests.chaos.cli_watcher import CliWatcher
from tests.chaos.history import History, Tenure, now
from tests.chaos.machine import TroubledCell
from tests.harness import Session, Writer, api, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import program

SERVES_S = 120.0
FINISH_S = 200.0
HOLDER_LEASE_MS = 2000
BURST_EVERY_S = 10.0
BURST_WRITES = 100
FLAGS = ["--log-bytes-max", "4000000"]  # So that old log goes, and images have to be sent.


class Holder:
    """A program that uses the C++ library (holder.cc), started again when it was killed."""

    def __init__(self, name, endpoints, seed, history):
        self.name = name
        self._command = [program("holdfast_chaos_holder"), ",".join(endpoints), clients.HELD,
                         str(HOLDER_LEASE_MS)]
        self._seed = seed
        self._history = history
        self.start()

    def start(self):
        self._seed += 1
        self._open = None  # The tenure of which the end was not told yet.
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._command, str(self._seed)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(self._child,), daemon=True)
        self._reader.start()

    def _read(self, child):
        for line in child.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                break  # It was killed in the middle of a line.
            tenure = Tenure(self.name, said["acquisition"], said["asked_at"], said["granted_at"],
                            said["believed_until"])
            if said["state"] == "granted":
                self._history.tenures.append(tenure)
                self._open = tenure
            else:
                self._open.believed_until = tenure.believed_until

    def send(self, number):
        self._child.send_signal(number)

    def kill(self):
        self._child.kill()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()

    def stop(self):
        """Lets it end by itself; fails if it does not, or badly."""
        self.send(signal.SIGTERM)
        status = self._child.wait(60.0 * SLOWNESS)
        assert status == 0, f"{self.name} ended with {status}"


class Bursts(threading.Thread):
    """From time to time some hundred writes, pipelined."""

    def __init__(self, endpoints):
        super().__init__(name="bursts", daemon=True)
        self.done = []  # (Writer, whether all that it sent was answered and carried out).
        self.failures = []
        self._endpoints = endpoints
        self._stopping = threading.Event()

    def run(self):
        number = 0
        while not self._stopping.wait(BURST_EVERY_S):
            number += 1
            writer = Writer(self._endpoints, f"burst{number}", number, lease_ms=120_000)
            writer.start()
            try:
                eventually("some writes are acknowledged",
                           lambda one=writer: one.count() >= BURST_WRITES or not one.is_alive(),
                           FINISH_S)
                writer.stop(FINISH_S)
                self.done.append((writer, True))
            except api.LockServiceError as refusal:
                self.done.append((writer, False))
                if refusal.code != api.ErrorCode.NO_SPACE:
                    self.failures.append(f"{writer.name}: {refusal}")
            except AssertionError as failure:
                self.failures.append(f"{writer.name}: {failure}")
                writer.abandon()

    def stop(self):
        self._stopping.set()
        self.join((FINISH_S + 10) * SLOWNESS)


class World:
    """Everything of one run. start() in the main thread, as all that starts processes."""

    def __init__(self, voters, seed):
        self.seconds = 0.0
        self.history = History()
        self.recoveries = []  # Seconds from the end of all faults until the cell served.
        self.leader_changes = 0
        self.holders = []
        self._said = []
        self._seed = seed
        self._leader = None
        self._over = threading.Event()
        self._clients, self.watchers, self.bursts, self.cli_watcher = [], [], None, None
        self.cell = TroubledCell(voters, FLAGS)

    def start(self):
        self.cell.init()
        self.cell.start()
        self.cell.wait_until_serving()
        endpoints = self.cell.endpoints
        clients.prepare(endpoints)
        self.watchers = [clients.Watcher(self.history, endpoints, f"watcher{place}", place)
                         for place in range(2)]
        for watcher in self.watchers:
            watcher.start()
            eventually("it watches", lambda one=watcher: one.stream.active_from, 30.0)
        self.cli_watcher = CliWatcher(endpoints, clients.ROOT, clients.MARKER)
        self.cli_watcher.start()
        kinds = [clients.RegisterClient] * 4 + [clients.LockClient] * 4 + [clients.QueueClient] * 2
        self._clients = [
            kind(self.history, endpoints, f"{kind.__name__}{place}", self._seed)
            for place, kind in enumerate(kinds)]
        self.bursts = Bursts(endpoints)
        for thread in [*self._clients, self.bursts]:
            thread.start()
        self.holders = [Holder(f"holder{place}", endpoints, 1000 * place, self.history)
                        for place in range(3)]
        threading.Thread(target=self._ask_who_leads, daemon=True).start()

    # ---- for faults -----------------------------------------------------------------------------

    def say(self, sentence):
        self._said.append(f"{now():.3f} {sentence}")
        if os.environ.get("HOLDFAST_CHAOS_TRACE"):
            print(self._said[-1], flush=True)

    def set_rules(self, table):
        return self.cell.network.set_rules(table)

    def known_leader(self):
        return self._leader

    def expect(self, is_so, complaint):
        if not is_so:
            self.history.complain(complaint)

    def look(self):
        """Complains of what has ended and should not, and starts it again."""
        for replica in self.cell.replicas:
            if not replica.is_running() and not replica.may_end:
                tail = " | ".join(replica.log_text().splitlines()[-3:])
                self.history.complain(f"{replica} ended by itself: {tail}")
                replica.may_end = True  # Until it is started again, with the next fault's end.

    def calm(self):
        """Without faults: the cell has to serve, everywhere, and to take new data."""
        began = time.monotonic()
        self.cell.start()
        self.cell.wait_until_serving(seconds=SERVES_S)
        eventually("new data is taken", self._takes_new_data, SERVES_S)
        self.recoveries.append(time.monotonic() - began)
        self.say(f"calm: it serves after {self.recoveries[-1]:.2f} s")

    def _takes_new_data(self):
        try:
            with Session(self.cell.endpoints, name="fresh") as session:
                session.create(f"/fresh/{len(self.recoveries)}", b"", create_parents=True)
                session.close()
            return True
        except api.LockServiceError as refusal:
            if refusal.code != api.ErrorCode.NO_SPACE:
                raise
            return False  # The reserves are not whole again yet.

    # ---- the end --------------------------------------------------------------------------------

    def stop_clients(self):
        for client in self._clients:
            client.stop()
        for client in self._clients:
            client.finish(FINISH_S)
        self.bursts.stop()
        for holder in self.holders:
            holder.stop()
        with Session(self.cell.endpoints, name="closer") as session:
            self.last_zxid = session.set(clients.MARKER, b"").stat.modified_zxid
            session.close()
        self.expect(self.cli_watcher.is_running(), "holdfast watch has ended by itself")
        eventually("holdfast watch has heard all",
                   lambda: self.cli_watcher.position() >= self.last_zxid, 60.0)
        for watcher in self.watchers:
            eventually(f"{watcher.name} has heard all",
                       lambda one=watcher: one.position() >= self.last_zxid, 60.0)
            watcher.stop()
            watcher.join(10.0)

    def close(self):
        self._over.set()
        for part in [*self._clients, *self.watchers]:
            part.stop()
        for holder in self.holders:
            holder.kill()
        if self.cli_watcher is not None:
            self.cli_watcher.stop()
        self.cell.close()

    def save(self, folder):
        self.cell.keep(folder)
        self.history.save(folder)
        (folder / "said.txt").write_text("\n".join(self._said) + "\n", encoding="utf-8")

    def streams(self):
        """Of all watchers, those first of which locks are told in full."""
        return [*self.history.streams, self.cli_watcher.stream]

    # ---- what was seen --------------------------------------------------------------------------

    def outcomes(self):
        return collections.Counter(op.outcome for op in self.history.ops).most_common()

    def watcher_moves(self):
        return sum(watcher.moves for watcher in self.watchers)

    def events_lost(self):
        return sum(watcher.lost for watcher in self.watchers)

    def piped(self):
        return sum(writer.count() for writer, _ in self.bursts.done)

    def _ask_who_leads(self):
        while not self._over.wait(0.5):
            leader = self.cell.leader()
            if leader is not None and leader is not self._leader:
                self.leader_changes += self._leader is not None
                self._leader = leader


