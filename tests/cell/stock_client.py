"""A whole client with nothing but Debian's python3-thrift and the generated code.

Takes the lock /locks/report, says "HOLDS <sequencer>", waits for a line on standard input, and
then: asks for its sequencer again at whatever replica answers, writes /report under it, releases.

Usage: stock_client.py binary|compact ENDPOINT,… FOLDER-OF-GENERATED-CODE
"""

import logging
import os
import sys
import time

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TFramedTransport, TTransportException

sys.path.insert(0, sys.argv[3])
from holdfast.api import LockService  # noqa: E402
from holdfast.api.ttypes import (  # noqa: E402
    AcquireOutcome, AcquireRequest, CheckSequencersRequest, CreateMode, ErrorCode,
    GetSequencerRequest, LockServiceError, OpenSessionRequest, ReleaseRequest, RequestHeader,
    ResumeSessionRequest, SequencerState, SetContentsRequest)

logging.getLogger("thrift.transport.TSocket").setLevel(logging.CRITICAL)  # Some replicas are down.

LOCK = "/locks/report"
REPEATED = (ErrorCode.NO_QUORUM, ErrorCode.BEHIND, ErrorCode.SESSION_NOT_BOUND)


class Client:
    """A session that goes from replica to replica until each request is answered."""

    def __init__(self, endpoints, protocol):
        self._endpoints = endpoints
        self._protocol = protocol
        self._secret = os.urandom(16)
        self._session_id = 0
        self._number = 0
        self._api = None
        self._transport = None

    def connect(self):
        host, port = self._endpoints[0].rsplit(":", 1)
        socket = TSocket(host, int(port))
        socket.setTimeout(3000)
        self._transport = TFramedTransport(socket)
        self._transport.open()
        self._api = LockService.Client(self._protocol(self._transport))
        header = RequestHeader(session_id=self._session_id)
        if self._session_id == 0:
            self._session_id = self._api.open_session(OpenSessionRequest(
                header=header, lease_ms=10_000, client_name="stock client", host="here",
                secret=self._secret)).session_id
        else:
            self._api.resume_session(ResumeSessionRequest(header=header, secret=self._secret))

    def number(self):
        """The header of a request that changes something."""
        self._number += 1
        return RequestHeader(session_id=self._session_id, request_number=self._number,
                             answered_below=self._number)

    def header(self):
        return RequestHeader(session_id=self._session_id)

    def call(self, method, request):
        ends_at = time.monotonic() + 20
        while True:
            try:
                if self._api is None:
                    self.connect()
                return getattr(self._api, method)(request)
            except (OSError, EOFError, TTransportException):
                if time.monotonic() > ends_at:
                    raise
            except LockServiceError as refusal:
                if not (refusal.code in REPEATED or refusal.outcome_pending):
                    raise
            self._transport.close()
            self._api = None
            self._endpoints.append(self._endpoints.pop(0))
            time.sleep(0.05)

    def open(self):
        self.call("check_sequencers", CheckSequencersRequest(
            header=RequestHeader(), sequencers=["none"]))

    def acquire(self):
        ask = AcquireRequest(header=self.number(), path=LOCK, wait_ms=10_000,
                             create=CreateMode.PERSISTENT)
        while True:
            reply = self.call("acquire", ask)
            if reply.outcome == AcquireOutcome.GRANTED:
                return reply.grant.sequencer


def main(protocol, endpoints):
    protocols = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
    client = Client(endpoints.split(","), protocols[protocol])
    client.open()
    sequencer = client.acquire()
    check = CheckSequencersRequest(header=client.header(), sequencers=[sequencer, "nonsense"])
    states = client.call("check_sequencers", check).states
    assert states == [SequencerState.VALID, SequencerState.MALFORMED], states
    print("HOLDS", sequencer, flush=True)

    sys.stdin.readline()
    ask = GetSequencerRequest(header=client.header(), path=LOCK)
    print("STILL HOLDS", client.call("get_sequencer", ask).grant.sequencer, flush=True)
    guarded = client.number()
    guarded.guard = sequencer
    client.call("set_contents", SetContentsRequest(
        header=guarded, path="/report", contents=b"written under the lock"))
    print("WROTE", flush=True)
    client.call("release", ReleaseRequest(header=client.number(), path=LOCK))
    print("RELEASED", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
