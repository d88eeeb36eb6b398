"""One replica: its folder, its log and its process."""

import shutil
import signal
import subprocess

from tests.harness import api
from tests.harness.connection import Connection, Disconnected
from tests.harness.process import Process
from tests.harness.programs import program


class Replica:
    """A replica of a cell, running or not. Made by Cell.

    `voters` and `observers` are the lists of members as this replica is told them.
    """

    def __init__(self, replica_id, folder, endpoint, cell):
        self.id = replica_id
        self.data = folder / str(replica_id)
        self.log = folder / f"{replica_id}.log"
        self.endpoint = endpoint
        self.voters = ""
        self.observers = ""
        self._cell = cell
        self._process = None

    # ---- its life -------------------------------------------------------------------------------

    def init(self):
        """Makes its folder. Fails with what holdfastd said if that refuses."""
        command = [program("holdfastd"), "init", "--cell", self._cell.name, "--cell-id",
                   self._cell.cell_id, "--id", str(self.id), "--voters", self.voters,
                   "--data", str(self.data)]
        if self.observers:
            command += ["--observers", self.observers]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")

    def start(self, *flags):
        """Starts the process, with the cell's flags and these."""
        assert not self.is_running(), f"replica {self.id} runs already"
        self._process = Process(
            [program("holdfastd"), "run", "--data", self.data, "--client-listen", self.endpoint,
             *self._cell.flags, *flags], self.log)

    def kill(self):
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()

    def terminate(self, seconds=20.0):
        """SIGTERM; returns the exit status."""
        return self._process.stop(seconds)

    def pause(self):
        """SIGSTOP: it does nothing any more, but its connections stay."""
        self._process.send(signal.SIGSTOP)

    def resume(self):
        """SIGCONT."""
        self._process.send(signal.SIGCONT)

    def wait_for_exit(self, seconds=20.0):
        """The exit status, once it has ended by itself."""
        return self._process.wait(seconds)

    def wipe(self):
        """Its disk is lost, and an empty one is in its place."""
        assert not self.is_running(), f"replica {self.id} still runs"
        shutil.rmtree(self.data)

    def is_running(self):
        return self._process is not None and self._process.is_running()

    @property
    def pid(self):
        return self._process.pid

    # ---- what it says ---------------------------------------------------------------------------

    def connect(self, protocol="binary", timeout_s=15.0):
        return Connection(self.endpoint, protocol, timeout_s)

    def status(self, timeout_s=1.0):
        """Its CellStatusReply, or None if it does not answer in time."""
        if not self.is_running():
            return None
        try:
            with self.connect(timeout_s=timeout_s) as connection:
                return connection.cell_status(api.CellStatusRequest(header=api.RequestHeader()))
        except Disconnected:
            return None

    def serves(self):
        """It answers linearizable requests, as it says itself."""
        status = self.status()
        return status is not None and status.replica.serving

    def leads(self):
        status = self.status()
        return (status is not None and status.replica.serving
                and status.replica.role == api.ReplicaRole.LEADER)

    def log_text(self, offset=0):
        """All that it has written since its first start, or from that offset of its log."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[offset:].decode(errors="replace")

    def log_size(self):
        """The offset for log_text() that shows only what comes from now on."""
        return self.log.stat().st_size if self.log.exists() else 0

    def __repr__(self):
        return f"replica {self.id}"
