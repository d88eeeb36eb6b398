"""Addresses for listeners that no other program on this machine has."""

import random
import socket


class Host:
    """A loopback address of our own, with ports for listeners.

    The whole of 127.0.0.0/8 is loopback. Outgoing connections come from 127.0.0.1, so on an address
    of our own a port that was found free stays free while its replica is down, which no choice
    among the ports of 127.0.0.1 could promise.
    """

    def __init__(self):
        dice = random.SystemRandom()
        self.name = f"127.{dice.randint(64, 254)}.{dice.randint(0, 254)}.{dice.randint(1, 254)}"
        self._given = set()

    def port(self):
        """A port on which nothing listens, another one each time."""
        while True:
            with socket.socket() as probe:
                probe.bind((self.name, 0))
                port = probe.getsockname()[1]
            if port not in self._given:
                self._given.add(port)
                return port

    def endpoint(self):
        return f"{self.name}:{self.port()}"


def address(endpoint):
    """(host, port) of "host:port"."""
    host, port = endpoint.rsplit(":", 1)
    return host, int(port)
