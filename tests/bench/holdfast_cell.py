"""Holdfast under measurement."""

import os
import subprocess

from tests.bench.system import System
from tests.harness import api
from tests.harness.connection import Connection, Disconnected
from tests.harness.loopback import Host
from tests.harness.process import Process
from tests.harness.programs import bin_dir, program


class HoldfastCell(System):
    """With its defaults: `voters`, then observers."""

    name = "holdfast"

    def __init__(self, voters, folder, observers=0):
        super().__init__(voters + observers, folder)
        host = Host()
        self._endpoints = [host.endpoint() for _ in range(self.size)]
        members = [f"{place + 1}={host.endpoint()}" for place in range(self.size)]
        told = ["--voters", ",".join(members[:voters])]
        if observers:
            told += ["--observers", ",".join(members[voters:])]
        cell_id = os.urandom(16).hex()
        for place in range(self.size):
            subprocess.run(
                [program("holdfastd"), "init", "--cell", "bench", "--cell-id", cell_id,
                 "--id", str(place + 1), *told, "--data", self.data(place)],
                check=True, capture_output=True)

    def data(self, place):
        return self.folder / str(place + 1)

    def endpoint(self, place):
        return self._endpoints[place]

    def start_server(self, place):
        self.processes[place] = Process(
            [program("holdfastd"), "run", "--data", self.data(place),
             "--client-listen", self.endpoint(place)], self.folder / f"{place + 1}.log")

    def _status(self, place):
        """What the replica says of itself and of the cell; None if it does not answer."""
        process = self.processes[place]
        if process is None or not process.is_running():
            return None
        try:
            with Connection(self.endpoint(place), "binary", 1.0) as connection:
                request = api.CellStatusRequest(header=api.RequestHeader())
                return connection.cell_status(request)
        except Disconnected:
            return None

    def is_serving(self, place):
        status = self._status(place)
        return status is not None and status.replica.serving

    def sessions(self):
        """How many the cell has."""
        return self._status(self.wait_for_leader()).state.sessions

    def leader(self):
        for place in range(self.size):
            status = self._status(place)
            if (status is not None and status.replica.serving
                    and status.replica.role == api.ReplicaRole.LEADER):
                return place
        return None

    @staticmethod
    def generator_program():
        return bin_dir() / "holdfast_bench"
