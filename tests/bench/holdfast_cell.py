"""Holdfast under measurement."""

import os
import subprocess

from tests.bench.system import System
from tests.harness import api
from tests.harness.connection import Connection, Disconnected
from tests.harness.loopback import Host
from tests.harness.process import Process
from tests.harness.programs import program


class HoldfastCell(System):
    """With its defaults."""

    name = "holdfast"

    def __init__(self, size, folder):
        super().__init__(size, folder)
        host = Host()
        self._endpoints = [host.endpoint() for _ in range(size)]
        voters = ",".join(f"{place + 1}={host.endpoint()}" for place in range(size))
        cell_id = os.urandom(16).hex()
        for place in range(size):
            subprocess.run(
                [program("holdfastd"), "init", "--cell", "bench", "--cell-id", cell_id,
                 "--id", str(place + 1), "--voters", voters, "--data", self.data(place)],
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
        process = self.processes[place]
        if process is None or not process.is_running():
            return None
        try:
            with Connection(self.endpoint(place), "binary", 1.0) as connection:
                request = api.CellStatusRequest(header=api.RequestHeader())
                return connection.cell_status(request).replica
        except Disconnected:
            return None

    def is_serving(self, place):
        status = self._status(place)
        return status is not None and status.serving

    def leader(self):
        for place in range(self.size):
            status = self._status(place)
            if status is not None and status.serving and status.role == api.ReplicaRole.LEADER:
                return place
        return None

    def generator(self):
        return [program("holdfast_bench")]
