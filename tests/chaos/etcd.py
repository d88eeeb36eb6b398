"""Three members of etcd on this machine."""

import os
import pathlib
import shutil
import tempfile
import urllib.request

from tests.harness.deadline import eventually
from tests.harness.loopback import Host
from tests.harness.process import Process

PROGRAM_VARIABLE = "HOLDFAST_ETCD"


def program():
    """The path of etcd: HOLDFAST_ETCD, or what is installed; None if there is none."""
    return os.environ.get(PROGRAM_VARIABLE) or shutil.which("etcd")


class EtcdCell:
    """Starts with its defaults: heartbeats of 100 ms, elections after 1 s."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-etcd-"))
        host = Host()
        self.endpoints = [host.endpoint() for _ in range(3)]
        peers = [f"http://{host.endpoint()}" for _ in range(3)]
        names = ["one", "two", "three"]
        members = ",".join(f"{name}={peer}" for name, peer in zip(names, peers))
        self._processes = [
            Process([program(), "--name", name, "--data-dir", self.folder / name,
                     "--listen-client-urls", f"http://{client}",
                     "--advertise-client-urls", f"http://{client}",
                     "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", members, "--initial-cluster-state", "new",
                     "--initial-cluster-token", self.folder.name],
                    self.folder / f"{name}.log")
            for name, client, peer in zip(names, self.endpoints, peers)]

    def wait_until_serving(self):
        for endpoint in self.endpoints:
            eventually(f"etcd at {endpoint} is healthy", lambda at=endpoint: _is_healthy(at), 60.0)

    def close(self):
        for process in self._processes:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_healthy(endpoint):
    try:
        with urllib.request.urlopen(f"http://{endpoint}/health", timeout=1.0) as reply:
            return b'"true"' in reply.read()
    except OSError:
        return False
