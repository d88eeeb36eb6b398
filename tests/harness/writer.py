"""Load: a client that pipelines writes and keeps account of every answer."""

import collections
import os
import socket
import struct
import threading
import time

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from tests.harness import api
from tests.harness.deadline import Deadline
from tests.harness.lease import Lease
from tests.harness.line import is_unsettled
from tests.harness.loopback import address

SILENCE_S = 3.0  # A connection with open requests is left after so much silence.
PAUSE_S = 0.02
GAP_S = 0.02

Write = collections.namedtuple("Write", "number path contents sent_at frame")
Gap = collections.namedtuple("Gap", "began_at ended_at")


def contents_of(path):
    """What a Writer writes at a path."""
    return f"contents of {path}".encode()


class Writer(threading.Thread):
    """Creates nodes /load/<name>/0000001, …2 and so on, `window` of them at a time.

    Each has contents_of(its path). After a broken connection it goes to the next endpoint, resumes
    its session and repeats all open requests in order. `acknowledged` maps each path to the zxid
    of the command that created it, as the cell told. stop() ends it after every open request was
    answered. A refusal that no repetition can mend ends the thread, and stop() raises it.
    """

    def __init__(self, endpoints, name, first=0, window=16, lease_ms=6000):
        super().__init__(name=name, daemon=True)
        self.folder = f"/load/{name}"
        self.acknowledged = {}
        self.gaps = []  # Times without any answer that were longer than GAP_S.
        self.lease = Lease()
        self._endpoints = list(endpoints)
        self._place = first % len(self._endpoints)
        self._window = window
        self._lease_ms = lease_ms
        self._secret = os.urandom(16)
        self._session_id = 0
        self._number = 0
        self._open = collections.OrderedDict()  # Number → Write, in the order of the numbers.
        self._repeated_through = 0  # The highest number that was ever sent again.
        self._stream = None
        self._answered_at = None
        self._stopping = threading.Event()
        self._failure = None

    def stop(self, seconds=30.0):
        """Returns when all that was sent is answered; fails if that takes longer."""
        self._stopping.set()
        self.join(Deadline(seconds).left())
        if self._failure is not None:
            raise self._failure
        assert not self.is_alive(), f"{self.name}: {len(self._open)} writes have no answer"

    def abandon(self):
        """Ends the thread whatever is open; for the end of a test that failed."""
        self._open.clear()
        self._stopping.set()
        self.join(10.0)

    def count(self):
        return len(self.acknowledged)

    def longest_gap(self, since, seconds):
        """The longest time without an answer that touches so many seconds from that moment, in
        seconds, without what lies before it.
        """
        return max((gap.ended_at - max(gap.began_at, since) for gap in self.gaps
                    if gap.began_at <= since + seconds and gap.ended_at >= since), default=0.0)

    # ---- the loop -------------------------------------------------------------------------------

    def run(self):
        try:
            while not (self._stopping.is_set() and not self._open):
                try:
                    self._work()
                except (OSError, EOFError, Unsettled):
                    self._leave()
                    time.sleep(PAUSE_S)
        except Exception as failure:  # To be raised in the thread that calls stop().
            self._failure = failure
        finally:
            self.lease.retire()
            self._leave()

    def _work(self):
        """Connects, and writes until something breaks or all is answered."""
        self._stream = Stream(self._endpoints[self._place])
        self._bind()
        self._repeated_through = max(self._open, default=self._repeated_through)
        self._stream.send([write.frame for write in self._open.values()])
        while not (self._stopping.is_set() and not self._open):
            if not self._stopping.is_set():
                self._fill()
            for number, reply in self._stream.receive(api.LockService.create_result):
                self._answer(number, reply)

    def _leave(self):
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._place = (self._place + 1) % len(self._endpoints)

    def _bind(self):
        sent_at = time.monotonic()
        header = api.RequestHeader(session_id=self._session_id, timeout_ms=2000)
        if self._session_id == 0:
            request = api.OpenSessionRequest(
                header=header, lease_ms=self._lease_ms, client_name=self.name, host="test",
                secret=self._secret)
            result = self._stream.ask(
                "open_session", api.LockService.open_session_args(request),
                api.LockService.open_session_result)
        else:
            result = self._stream.ask(
                "resume_session",
                api.LockService.resume_session_args(api.ResumeSessionRequest(header, self._secret)),
                api.LockService.resume_session_result)
        reply = settled(result)
        self._session_id = self._session_id or reply.session_id
        self.lease.extend(sent_at, reply.header.lease_ms)

    def _fill(self):
        frames = []
        while len(self._open) < self._window:
            write = self._next_write()
            self._open[write.number] = write
            frames.append(write.frame)
        self._stream.send(frames)

    def _next_write(self):
        self._number += 1
        path = f"{self.folder}/{self._number:07}"
        header = api.RequestHeader(
            session_id=self._session_id, request_number=self._number,
            answered_below=next(iter(self._open), self._number))
        request = api.CreateRequest(
            header=header, path=path, contents=contents_of(path), create_parents=True)
        frame = message("create", self._number, api.LockService.create_args(request))
        return Write(self._number, path, request.contents, time.monotonic(), frame)

    def _answer(self, number, result):
        reply = settled(result)
        write = self._open.pop(number)
        assert reply.path == write.path, f"{reply.path} is the answer to {write.path}"
        # The answer to a repeated request is that of the first time, with a later zxid.
        assert (reply.stat.instance == reply.header.zxid or number <= self._repeated_through
                and reply.stat.instance < reply.header.zxid), f"{write.path}: {reply}"
        self.acknowledged[write.path] = reply.stat.instance
        self.lease.extend(write.sent_at, reply.header.lease_ms)
        now = time.monotonic()
        if self._answered_at is not None and now - self._answered_at > GAP_S:
            self.gaps.append(Gap(self._answered_at, now))
        self._answered_at = now


class Unsettled(Exception):
    """An answer after which the open requests are to be repeated on a new connection."""


def settled(result):
    if result.error is None:
        return result.success
    if is_unsettled(result.error):
        raise Unsettled(result.error.message)
    raise result.error


def message(method, sequence_id, arguments):
    """A call as it goes over the wire, with its frame."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocolAccelerated(buffer)
    protocol.writeMessageBegin(method, TMessageType.CALL, sequence_id)
    arguments.write(protocol)
    protocol.writeMessageEnd()
    payload = buffer.getvalue()
    return struct.pack(">I", len(payload)) + payload


class Stream:
    """A connection on which answers come in any order."""

    def __init__(self, endpoint):
        self._socket = socket.create_connection(address(endpoint), timeout=SILENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def close(self):
        self._socket.close()

    def send(self, frames):
        if frames:
            self._socket.sendall(b"".join(frames))

    def ask(self, method, arguments, result_type):
        """One call and its answer, while nothing else is open."""
        self.send([message(method, 0, arguments)])
        while True:
            for _, result in self.receive(result_type):
                return result

    def receive(self, result_type):
        """Waits for bytes. The (sequence id, result) of each answer that is complete."""
        data = self._socket.recv(1 << 16)
        if not data:
            raise EOFError("the replica closed the connection")
        self._buffer += data
        answers = []
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from(">I", self._buffer)
            if len(self._buffer) < 4 + length:
                break
            answers.append(self._decode(bytes(self._buffer[4:4 + length]), result_type))
            del self._buffer[:4 + length]
        return answers

    @staticmethod
    def _decode(payload, result_type):
        protocol = TBinaryProtocolAccelerated(TMemoryBuffer(payload))
        _, kind, sequence_id = protocol.readMessageBegin()
        if kind != TMessageType.REPLY:
            raise EOFError("no reply but an exception of Thrift itself")
        result = result_type()
        result.read(protocol)
        return sequence_id, result
