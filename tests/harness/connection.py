"""A connection of the stock Thrift library."""

import logging
import socket

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TFramedTransport, TTransportException

from tests.harness import api
from tests.harness.loopback import address

# A replica that is down is no news here.
logging.getLogger("thrift.transport.TSocket").setLevel(logging.CRITICAL)

PROTOCOLS = {"binary": TBinaryProtocolAccelerated, "compact": TCompactProtocolAccelerated}


class Disconnected(Exception):
    """The connection failed, or no answer came in time; what became of the request is unknown."""


class Connection:
    """One request at a time over one connection, with Thrift's own generated client.

    `connection.acquire(request)` and so on answer the reply or raise LockServiceError; what the
    network does raises Disconnected, and the connection is of no use after that.
    """

    def __init__(self, endpoint, protocol="binary", timeout_s=15.0):
        self.endpoint = endpoint
        host, port = address(endpoint)
        self._socket = TSocket(host, port, socket_family=socket.AF_INET)
        self._socket.setTimeout(timeout_s * 1000)
        self._transport = TFramedTransport(self._socket)
        self._client = api.LockService.Client(PROTOCOLS[protocol](self._transport))
        self._guarded(self._transport.open)

    def __getattr__(self, method):
        call = getattr(self._client, method)
        return lambda request: self._guarded(call, request)

    def close(self):
        self._transport.close()

    def shut_down(self):
        """Ends a call that another thread waits in."""
        handle = self._socket.handle
        if handle is not None:
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It was not connected any more.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _guarded(self, call, *arguments):
        try:
            return call(*arguments)
        except api.LockServiceError:
            raise
        except (OSError, EOFError, TTransportException, TException) as failure:
            self._transport.close()
            raise Disconnected(f"{self.endpoint}: {failure}") from failure
