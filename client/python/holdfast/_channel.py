"""One connection to one replica."""

from __future__ import annotations

import random
import socket
import struct
import threading
from typing import Callable, Iterator, Optional

from ._wire import FRAME_BYTES_MAX

READ_BYTES = 64 * 1024
CONNECT_S = 1.0
_LENGTH = struct.Struct(">i")


def split(endpoint: str) -> tuple[str, int]:
    """The host and port of "host:port" or "[address]:port"; ValueError if it is neither."""
    host, colon, port = endpoint.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"not an endpoint; it must be host:port: {endpoint!r}")
    return host, int(port)


def _connect_to_any(host: str, port: int) -> socket.socket:
    """To one of the addresses of the name, in any order, so that one that does not answer is not
    in the way of the others each time."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    random.shuffle(found)
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in found:
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(CONNECT_S / len(found))
            connected.connect(address)
            return connected
        except OSError as refused:
            connected.close()
            failure = refused
    raise failure


def connect(endpoint: str, done: Callable[[Optional[socket.socket], str], None]) -> None:
    """Resolves the name and connects, in a thread of its own because both may block; `done` is
    called there with the socket, or with None and the reason."""

    def run() -> None:
        try:
            connected = _connect_to_any(*split(endpoint))
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setblocking(False)
        except (OSError, ValueError, UnicodeError) as failure:
            done(None, str(failure) or type(failure).__name__)
        else:
            done(connected, "")

    threading.Thread(target=run, name="holdfast-connect", daemon=True).start()


class Channel:
    """A connected socket that cuts what comes into messages and keeps what does not go yet.

    OSError and EOFError mean that the connection is of no use any more.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._incoming = bytearray()
        self._outgoing = bytearray()

    def wants_to_write(self) -> bool:
        return bool(self._outgoing)

    def send(self, frame: bytes) -> None:
        """Keeps it for flush(): several calls of one turn go together."""
        self._outgoing += frame

    def flush(self) -> None:
        """Sends as much as goes at once."""
        while self._outgoing:
            try:
                count = self.socket.send(self._outgoing)
            except BlockingIOError:
                return
            del self._outgoing[:count]

    def receive(self) -> Iterator[bytes]:
        """Reads what has come, and yields the messages that are whole."""
        try:
            piece = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        if not piece:
            raise EOFError("closed by the replica")
        self._incoming += piece
        while len(self._incoming) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._incoming)
            if not 0 < length <= FRAME_BYTES_MAX:
                raise EOFError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._incoming) < end:
                return
            message = bytes(self._incoming[_LENGTH.size:end])
            del self._incoming[:end]
            yield message

    def close(self) -> None:
        self.socket.close()
