"""ZooKeeper under measurement."""

import socket

from tests.bench.system import System
from tests.harness.loopback import Host, address
from tests.harness.process import Process
from tests.harness.programs import bin_dir

CLASS_PATH = "/etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar"
TEXT_SECONDS_MAX = 2.0


class ZooKeeperCell(System):
    """With its defaults, but for the addresses, and for the number of connections from one address,
    which would forbid a thousand clients on one machine. The JVM chooses its heap itself, as with
    Debian's own script."""

    name = "zookeeper"

    def __init__(self, size, folder):
        super().__init__(size, folder)
        host = Host()
        self._endpoints = [host.endpoint() for _ in range(size)]
        quorum = [f"server.{place + 1}={host.endpoint()}:{host.port()}" for place in range(size)]
        for place in range(size):
            self._configure(place, host, quorum if size > 1 else [])

    def _configure(self, place, host, quorum):
        folder = self.folder / str(place + 1)
        folder.mkdir()
        (folder / "myid").write_text(f"{place + 1}\n")
        name, port = address(self._endpoints[place])
        lines = ["tickTime=2000", "initLimit=10", "syncLimit=5", f"dataDir={folder}",
                 f"clientPort={port}", f"clientPortAddress={name}", "maxClientCnxns=0",
                 f"admin.serverAddress={name}", f"admin.serverPort={host.port()}", *quorum]
        self._configuration(place).write_text("\n".join(lines) + "\n")

    def _configuration(self, place):
        return self.folder / f"{place + 1}.cfg"

    def data(self, place):
        return self.folder / str(place + 1)

    def endpoint(self, place):
        return self._endpoints[place]

    def start_server(self, place):
        self.processes[place] = Process(
            ["java", "-cp", CLASS_PATH, f"-Dzookeeper.log.dir={self.folder}",
             "org.apache.zookeeper.server.quorum.QuorumPeerMain", self._configuration(place)],
            self.folder / f"{place + 1}.log")

    def _mode(self, place):
        """"leader", "follower", "standalone", or empty: it answers this only when it serves."""
        process = self.processes[place]
        if process is None or not process.is_running():
            return ""
        try:
            with socket.create_connection(address(self.endpoint(place)),
                                          TEXT_SECONDS_MAX) as connection:
                connection.sendall(b"srvr")
                answer = connection.makefile("rb").read().decode(errors="replace")
        except OSError:
            return ""
        modes = [line[6:] for line in answer.splitlines() if line.startswith("Mode: ")]
        return modes[0] if modes else ""

    def is_serving(self, place):
        return self._mode(place) != ""

    def leader(self):
        for place in range(self.size):
            if self._mode(place) in ("leader", "standalone"):
                return place
        return None

    @staticmethod
    def generator_program():
        return bin_dir() / "zookeeper_bench"
