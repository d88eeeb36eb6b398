"""A cell of real processes on this machine."""

import os
import pathlib
import shutil
import tempfile

from tests.harness.deadline import eventually
from tests.harness.loopback import Host
from tests.harness.proxy import Network
from tests.harness.replica import Replica

LOG_LINES_SHOWN = 80


class Cell:
    """Voters 1 … n, then observers, each with its folder below a temporary one.

    `flags` go to every `holdfastd run`. With `with_links` every path from one replica to another
    goes through a Link of its own, so that cut() and mend() work. Nothing is started by the
    constructor; close() ends and removes everything.
    """

    def __init__(self, voters=3, observers=0, flags=(), with_links=False, name="test"):
        self.name = name
        self.cell_id = os.urandom(16).hex()
        self.flags = list(flags)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-cell-"))
        self._host = Host()
        self._network = Network() if with_links else None
        self._links = {}
        self.voters = [self._make(number) for number in range(1, voters + 1)]
        self.observers = [
            self._make(number) for number in range(voters + 1, voters + observers + 1)]
        self.replicas = self.voters + self.observers
        self._peer_endpoints = {replica.id: self._host.endpoint() for replica in self.replicas}
        self._introduce()

    def _make(self, replica_id):
        return Replica(replica_id, self.folder, self._host.endpoint(), self)

    def _introduce(self):
        for one in self.replicas:
            one.voters = ",".join(self._seen_from(one, other) for other in self.voters)
            one.observers = ",".join(self._seen_from(one, other) for other in self.observers)

    def _seen_from(self, one, other):
        """How `one` is told to reach `other`: id=host:port."""
        endpoint = self._peer_endpoints[other.id]
        if self._network is not None and one is not other:
            listen = self._host.endpoint()
            self._links[one.id, other.id] = self._network.link(listen, endpoint)
            endpoint = listen
        return f"{other.id}={endpoint}"

    # ---- life -----------------------------------------------------------------------------------

    def init(self):
        for replica in self.replicas:
            replica.init()

    def start(self):
        """Starts all that do not run."""
        for replica in self.replicas:
            if not replica.is_running():
                replica.start()

    def kill(self):
        """SIGKILL for all, as when the power goes."""
        for replica in self.replicas:
            replica.kill()

    def close(self):
        try:
            self.kill()
            if self._network is not None:
                self._network.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- state ----------------------------------------------------------------------------------

    @property
    def endpoints(self):
        return [replica.endpoint for replica in self.replicas]

    def peer_endpoint(self, replica):
        """Where its peers reach it."""
        return self._peer_endpoints[replica.id]

    def running(self):
        return [replica for replica in self.replicas if replica.is_running()]

    def leader(self, among=None):
        """The replica that leads with a quorum behind it, as it says itself; None if there is none.

        Of several that say so (one of them is cut off) the one of the latest epoch.
        """
        claims = {}
        for replica in among or self.running():
            status = replica.status()
            if status is not None and status.replica.leader_id == replica.id:
                if status.replica.serving:
                    claims[status.replica.current_epoch] = replica
        return claims[max(claims)] if claims else None

    def wait_for_leader(self, among=None, seconds=20.0):
        return eventually("a replica leads", lambda: self.leader(among), seconds)

    def followers(self):
        """The running voters that do not lead."""
        leader = self.leader()
        return [replica for replica in self.voters if replica.is_running() and replica != leader]

    def wait_until_serving(self, replicas=None, seconds=30.0):
        """Until those replicas (default: all that run) serve. Returns the leader."""
        for replica in replicas or self.running():
            eventually(f"{replica} serves", replica.serves, seconds)
        return self.wait_for_leader(replicas)

    # ---- links ----------------------------------------------------------------------------------

    def cut(self, one, other):
        """No byte passes between the two any more, in either direction."""
        self._links[one.id, other.id].cut()
        self._links[other.id, one.id].cut()

    def mend(self, one, other):
        self._links[one.id, other.id].mend()
        self._links[other.id, one.id].mend()

    def isolate(self, replica):
        """Cuts it off from all other replicas. Clients still reach it."""
        for other in self.replicas:
            if other is not replica:
                self.cut(replica, other)

    def rejoin_network(self, replica):
        """The end of isolate()."""
        for other in self.replicas:
            if other is not replica:
                self.mend(replica, other)

    def network(self):
        """For links to the clients' side, made by the test."""
        if self._network is None:
            self._network = Network()
        return self._network

    def spare_endpoint(self):
        return self._host.endpoint()

    # ---- help with failures ---------------------------------------------------------------------

    def logs(self):
        """The end of each replica's log, for people."""
        parts = []
        for replica in self.replicas:
            lines = replica.log_text().splitlines()
            parts.append(f"---- the log of {replica}, last of {len(lines)} lines")
            parts.extend(lines[-LOG_LINES_SHOWN:])
        return "\n".join(parts)
