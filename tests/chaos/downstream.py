"""A server that knows nothing of leases and keeps one set of numbers, as Jepsen's test of etcd has
it: a client reads the whole set, adds its number and writes the whole set back. Only the lock that
the clients hold meanwhile keeps one from undoing what another has written.
"""

import json
import socket
import socketserver
import threading


class Downstream:
    """The server, on a port of 127.0.0.1 of its own.

    With `checks` it keeps the highest number that any request under the lock came with, and refuses
    each that comes with a lower one: reads too, because what was read under a newer lock must not
    be undone by a write under an older one.
    """

    def __init__(self, checks):
        self.refused = 0
        self._checks = checks
        self._highest = 0
        self._elements = []
        self._mutex = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.answer = self._answer
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    def elements(self):
        with self._mutex:
            return list(self._elements)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request):
        with self._mutex:
            if self._checks:
                if request["fence"] < self._highest:
                    self.refused += 1
                    return {"refused": True}
                self._highest = request["fence"]
            if request["do"] == "write":
                self._elements = request["elements"]
            return {"elements": self._elements}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Connection(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(json.dumps(self.server.answer(json.loads(line))).encode() + b"\n")


class Refused(Exception):
    """The request came under a lock that another has got since."""


class DownstreamClient:
    """One connection. `fence` is the number that grows with each acquisition of the lock."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("rb")

    def read(self, fence):
        return self._ask(do="read", fence=fence)

    def write(self, elements, fence):
        return self._ask(do="write", fence=fence, elements=elements)

    def _ask(self, **request):
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        reply = json.loads(self._lines.readline())
        if "refused" in reply:
            raise Refused
        return reply["elements"]
