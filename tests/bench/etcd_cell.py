"""etcd under measurement."""

import json
import os
import urllib.request

from tests.bench.system import System
from tests.harness.loopback import Host
from tests.harness.process import Process
from tests.harness.programs import ROOT

PROGRAM_VARIABLE = "HOLDFAST_ETCD"
GENERATOR = ROOT / "build/bench/etcd_bench"
SECONDS_MAX = 3.0


class EtcdCell(System):
    """With its defaults."""

    name = "etcd"

    def __init__(self, size, folder):
        super().__init__(size, folder)
        host = Host()
        self._endpoints = [host.endpoint() for _ in range(size)]
        self._peers = [f"http://{host.endpoint()}" for _ in range(size)]

    def data(self, place):
        return self.folder / f"s{place + 1}"

    def endpoint(self, place):
        return self._endpoints[place]

    def start_server(self, place):
        client = f"http://{self.endpoint(place)}"
        peer = self._peers[place]
        members = ",".join(f"s{place + 1}={peer}" for place, peer in enumerate(self._peers))
        self.processes[place] = Process(
            [os.environ[PROGRAM_VARIABLE], "--name", f"s{place + 1}",
             "--data-dir", self.data(place),
             "--listen-client-urls", client, "--advertise-client-urls", client,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", members, "--initial-cluster-token", self.folder.name,
             "--initial-cluster-state", "new", "--logger", "zap"],
            self.folder / f"{place + 1}.log")

    def _ask(self, place, path, request=None):
        """The answer of its HTTP gateway; None if there is none."""
        process = self.processes[place]
        if process is None or not process.is_running():
            return None
        data = None if request is None else json.dumps(request).encode()
        try:
            with urllib.request.urlopen(f"http://{self.endpoint(place)}{path}", data,
                                        SECONDS_MAX) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def is_serving(self, place):
        health = self._ask(place, "/health")
        return health is not None and health.get("health") == "true"

    def leader(self):
        for place in range(self.size):
            status = self._ask(place, "/v3/maintenance/status", {})
            if status is not None and status.get("leader", "0") == status["header"]["member_id"]:
                return place
        return None

    @staticmethod
    def generator_program():
        return GENERATOR
