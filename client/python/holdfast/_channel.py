"""One connection to one replica."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Callable, Iterator, Optional

from ._core.endpoint import parse_endpoint
from ._wire import FRAME_BYTES_MAX

READ_BYTES = 64 * 1024
CONNECT_S = 1.0
_LENGTH = struct.Struct(">i")


def connect(address: str, done: Callable[[Optional[socket.socket], str], None]) -> None:
    """To "10.0.0.1:7101" or "[fd00::1]:7101", in a thread of its own because it may block; `done`
    is called there with the socket, or with None and the reason."""

    def run() -> None:
        try:
            there = parse_endpoint(address)
            [(family, kind, protocol, _, place)] = socket.getaddrinfo(
                there.host, there.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            connected = socket.socket(family, kind, protocol)
        except (OSError, ValueError) as failure:
            return done(None, str(failure))
        try:
            connected.settimeout(CONNECT_S)
            connected.connect(place)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setblocking(False)
        except OSError as failure:
            connected.close()
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
