"""The network between the replicas, as a program: it carries each packet from one network device to
another, late or not at all.

Every node has a device of its own (a TUN device), so the kernels' TCP does what it does in the
world: it sends again, waits longer and longer, gives up. Unlike tc's netem this needs nothing of
the kernel but TUN, and a rule can be for one direction between two nodes.

Usage: switch NODE=FD …, where NODE is the last number of the node's address. A line of JSON on the
standard input is the table of rules: {"1>2": {"drop": 0.1, "delay_s": 0.2, "jitter_s": 0.1}}. Each
is answered with a line of counts since the start.
"""

import heapq
import json
import os
import random
import selectors
import sys
import time

PACKET_BYTES_MAX = 1 << 16
BATCH = 64
QUEUE_MAX = 20_000  # Packets under way; more are dropped, as by any network.


class Switch:
    def __init__(self, devices):
        self._devices = devices  # Node → file descriptor.
        self._rules = {}
        self._late = []  # A heap of (moment, number, node, packet).
        self._number = 0
        self.counts = {"carried": 0, "dropped": 0, "delayed": 0}

    def set_rules(self, table):
        self._rules = {tuple(map(int, way.split(">"))): rule for way, rule in table.items()}

    def take(self, source):
        """Reads what a node sends."""
        for _ in range(BATCH):
            try:
                packet = os.read(self._devices[source], PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:  # Version 4; the last byte of the destination names the node.
                self._carry(source, packet[19], packet)

    def _carry(self, source, target, packet):
        if target not in self._devices:
            return
        rule = self._rules.get((source, target))
        if rule is None:
            self._give(target, packet)
        elif random.random() < rule["drop"] or len(self._late) >= QUEUE_MAX:
            self.counts["dropped"] += 1
        elif rule["delay_s"] == 0.0:
            self._give(target, packet)
        else:
            self.counts["delayed"] += 1
            self._number += 1
            moment = time.monotonic() + rule["delay_s"] + random.uniform(0.0, rule["jitter_s"])
            heapq.heappush(self._late, (moment, self._number, target, packet))

    def _give(self, target, packet):
        self.counts["carried"] += 1
        try:
            os.write(self._devices[target], packet)
        except OSError:
            self.counts["dropped"] += 1  # The node's queue is full.

    def give_late(self):
        """Delivers what is due. Seconds until the next is, or None."""
        while self._late:
            wait = self._late[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, target, packet = heapq.heappop(self._late)
            self._give(target, packet)
        return None


def main(arguments):
    devices = {int(node): int(fd) for node, fd in (entry.split("=") for entry in arguments)}
    switch = Switch(devices)
    selector = selectors.DefaultSelector()
    for node, fd in devices.items():
        os.set_blocking(fd, False)
        selector.register(fd, selectors.EVENT_READ, node)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select(switch.give_late()):
            if key.data is not None:
                switch.take(key.data)
                continue
            line = sys.stdin.readline()
            if not line:
                return
            switch.set_rules(json.loads(line))
            print(json.dumps(switch.counts), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
