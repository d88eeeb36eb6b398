"""The network of a cell: packets between namespaces where that is allowed, else a proxy.

Both know nodes (replicas by their ids, and CLIENTS, where this program and all clients are) and
rules for each direction between two of them.
"""

import collections
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import threading

from tests.harness.deadline import eventually
from tests.harness.loopback import Host
from tests.harness.programs import ROOT
from tests.harness.proxy import Network

CLIENTS = 254
PREFIX = "198.18.0."  # Of the range for tests of networks (RFC 2544), in a namespace of our own.
CLIENT_PORT = 7101
PEER_PORT = 7201
TUN_SET_INTERFACE = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
INSIDE_VARIABLE = "HOLDFAST_CHAOS_INSIDE"

# `drop`: the share of what is lost, from 0 to 1.
Rule = collections.namedtuple("Rule", "drop delay_s jitter_s", defaults=(0.0, 0.0, 0.0))
CUT = Rule(drop=1.0)


def combine(tables):
    """One table of rules of several that hold at once."""
    combined = {}
    for table in tables:
        for way, rule in table.items():
            other = combined.get(way, Rule())
            combined[way] = Rule(max(rule.drop, other.drop), rule.delay_s + other.delay_s,
                                 rule.jitter_s + other.jitter_s)
    return combined


def go_inside(module):
    """Runs the module again in network and mount namespaces of its own, if that is allowed, and
    does not return then. They go with their last process: nothing stays behind, whatever happens.
    """
    tools = ["unshare", "nsenter", "ip", "mkfs.ext4", "mount"]
    if is_inside() or not all(map(shutil.which, tools)):
        return
    inside = ["unshare", "--mount", "--net", "--propagation", "private"]
    allowed = subprocess.run([*inside, "test", "-w", "/dev/net/tun"], capture_output=True)
    if allowed.returncode == 0:
        os.environ[INSIDE_VARIABLE] = "1"
        os.execvp("unshare", [*inside, sys.executable, "-B", "-m", module, *sys.argv[1:]])


def is_inside():
    return INSIDE_VARIABLE in os.environ


class Namespaces:
    """Each replica in a network namespace of its own, with one device; all wired to switch.py."""

    kind = "network namespaces"

    def __init__(self, replica_ids):
        run("ip", "link", "set", "lo", "up")
        self._mutex = threading.Lock()
        self._keepers = {node: Keeper() for node in replica_ids}
        self._devices = {node: self._make_device(node) for node in [*replica_ids, CLIENTS]}
        self._switch = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", "-m", "tests.chaos.switch",
             *(f"{node}={fd}" for node, fd in self._devices.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            pass_fds=list(self._devices.values()), start_new_session=True)
        self.set_rules({})

    def _make_device(self, node):
        name = f"node{node}"
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(
            fd, TUN_SET_INTERFACE, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
        if node != CLIENTS:
            run("ip", "link", "set", name, "netns", str(self._keepers[node].pid))
        inside = self.prefix(node)
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{PREFIX}{node}/24", "dev", name)
        run(*inside, "ip", "link", "set", name, "mtu", "9000", "up")
        return fd

    def prefix(self, node):
        """What a command begins with that runs at the node."""
        return [] if node == CLIENTS else ["nsenter", "-t", str(self._keepers[node].pid), "-n"]

    def client_listen(self, node):
        return f"{PREFIX}{node}:{CLIENT_PORT}"

    def client_endpoint(self, node):
        return self.client_listen(node)

    def peer_endpoint(self, _, node):
        """Where the first replica reaches the second (itself: where it listens)."""
        return f"{PREFIX}{node}:{PEER_PORT}"

    def set_rules(self, table):
        """Returns what was done to packets so far: {"dropped": …, "delayed": …, "carried": …}."""
        ways = {f"{one}>{other}": rule._asdict() for (one, other), rule in table.items()}
        with self._mutex:
            self._switch.stdin.write(json.dumps(ways) + "\n")
            self._switch.stdin.flush()
            return json.loads(self._switch.stdout.readline())

    def close(self):
        self._switch.kill()
        self._switch.wait()
        self._switch.stdin.close()
        self._switch.stdout.close()
        for fd in self._devices.values():
            os.close(fd)
        for keeper in self._keepers.values():
            keeper.close()


class Keeper:
    """A process that does nothing but keep a network namespace."""

    def __init__(self):
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"],
            stdin=subprocess.DEVNULL, start_new_session=True)
        ours = os.readlink("/proc/self/ns/net")
        eventually("a namespace is made", lambda: self._namespace() not in (None, ours))

    @property
    def pid(self):
        return self._child.pid

    def _namespace(self):
        try:
            return os.readlink(f"/proc/{self.pid}/ns/net")
        except OSError:
            return None

    def close(self):
        self._child.kill()
        self._child.wait()


class Proxies:
    """All on loopback, with a link for each way from one to another. What would be lost waits, and
    loss breaks connections, since a proxy sees bytes and no packets.
    """

    kind = "proxies (network namespaces are not allowed here)"

    def __init__(self, replica_ids):
        host = Host()
        self._network = Network()
        self._counts = {"carried": 0, "dropped": 0, "delayed": 0}
        self._table = {}
        self._client = {node: host.endpoint() for node in replica_ids}
        self._peer = {node: host.endpoint() for node in replica_ids}
        self._entries = {}
        self._links = {}
        for one in [CLIENTS, *replica_ids]:
            for other in replica_ids:
                if one != other:
                    target = (self._client if one == CLIENTS else self._peer)[other]
                    self._entries[one, other] = host.endpoint()
                    self._links[one, other] = self._network.link(
                        self._entries[one, other], target)

    def prefix(self, _):
        return []

    def client_listen(self, node):
        return self._client[node]

    def client_endpoint(self, node):
        return self._entries[CLIENTS, node]

    def peer_endpoint(self, one, node):
        return self._peer[node] if one == node else self._entries[one, node]

    def set_rules(self, table):
        """The counts are of the links that were cut, reset and slow by earlier tables."""
        for (one, other), link in self._links.items():
            there, back = (self._table.get(way, Rule()) for way in ((one, other), (other, one)))
            self._counts["dropped"] += max(there.drop, back.drop) > 0.0
            self._counts["delayed"] += max(there.delay_s, back.delay_s) > 0.0
            there, back = (table.get(way, Rule()) for way in ((one, other), (other, one)))
            link.let(there.drop < 1.0, back.drop < 1.0)
            link.delay(max(there.delay_s, back.delay_s))
            if 0.0 < max(there.drop, back.drop) < 1.0:
                link.reset()
        self._table = table
        return dict(self._counts)

    def close(self):
        self._network.stop()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
