"""A client that does what thrift/lockservice.thrift asks of a client, and no more."""

import os
import threading
import time

from tests.harness import api
from tests.harness.connection import Disconnected
from tests.harness.deadline import Deadline
from tests.harness.lease import Lease
from tests.harness.line import PAUSE_S, Line, is_unsettled

CALL_TIMEOUT_S = 3.0
ANSWER_S = 30.0


class Session:
    """A session with a call at a time, and a keep-alive on a connection of its own.

    Calls are repeated, at other replicas too, until they are answered: within 30 s or the test
    fails. `first` is the place of the endpoint to begin with. With keep_alive=False only the calls
    extend the lease.
    """

    def __init__(self, endpoints, lease_ms=6000, name="client", first=0, keep_alive=True,
                 protocol="binary"):
        self.id = 0
        self.name = name
        self.lease = Lease()
        self.last_zxid = 0
        self._lease_ms = lease_ms
        self._secret = os.urandom(16)
        self._number = 0
        self._busy = threading.Lock()
        self._calls = Line(endpoints, first, protocol, self._bind)
        self._contact = Line(endpoints, first, protocol, self._bind)
        self._leaving = threading.Event()
        self._keeper = None
        with self._busy:
            self._calls.repeat(
                "exists", self._request(api.ExistsRequest, path="/"), CALL_TIMEOUT_S,
                Deadline(ANSWER_S))
        if keep_alive:
            self._keeper = threading.Thread(target=self._keep_alive, daemon=True)
            self._keeper.start()

    # ---- the end --------------------------------------------------------------------------------

    def close(self):
        """Ends the session in the cell."""
        with self._busy:
            try:
                self._answer("close_session", self._request(api.CloseSessionRequest))
            except api.LockServiceError as refusal:
                if refusal.code != api.ErrorCode.SESSION_EXPIRED:
                    raise
        self.die()

    def die(self):
        """Says nothing more, as a client that is killed."""
        self._leaving.set()
        self._contact.shut_down()
        if self._keeper is not None:
            self._keeper.join()
        self._calls.close()
        self._contact.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    # ---- calls ----------------------------------------------------------------------------------

    def read(self, method, request_type, **fields):
        with self._busy:
            return self._answer(method, self._request(request_type, **fields))

    def change(self, method, request_type, guard=None, **fields):
        """A request that changes something, with a number of its own and perhaps a guard."""
        with self._busy:
            return self._answer(method, self._numbered(request_type, guard, **fields))

    def acquire(self, path, wait_s=0.0, **fields):
        """The LockGrant. Creates the node where it is missing."""
        fields.setdefault("create", api.CreateMode.PERSISTENT)
        with self._busy:
            ask = self._numbered(
                api.AcquireRequest, None, path=path, wait_ms=int(wait_s * 1000), max_hold_ms=1000,
                **fields)
            while True:
                reply = self._answer("acquire", ask, ANSWER_S + wait_s)
                if reply.outcome == api.AcquireOutcome.GRANTED:
                    return reply.grant

    def release(self, path, owner=0):
        return self.change("release", api.ReleaseRequest, path=path, owner=owner)

    def create(self, path, contents=b"", **fields):
        return self.change("create", api.CreateRequest, path=path, contents=contents, **fields)

    def set(self, path, contents, guard=None):
        return self.change(
            "set_contents", api.SetContentsRequest, guard, path=path, contents=contents)

    def get(self, path, stale_ok=False):
        return self.read("get", api.GetRequest, path=path, stale_ok=stale_ok)

    def check(self, sequencer):
        """A SequencerState."""
        reply = self.read(
            "check_sequencers", api.CheckSequencersRequest, sequencers=[sequencer])
        return reply.states[0]

    def sequencer(self, path, owner=0):
        reply = self.read("get_sequencer", api.GetSequencerRequest, path=path, owner=owner)
        return reply.grant.sequencer

    # ---- inside ---------------------------------------------------------------------------------

    def _header(self, **fields):
        return api.RequestHeader(
            session_id=self.id, last_seen_zxid=self.last_zxid,
            timeout_ms=int(CALL_TIMEOUT_S * 800), **fields)

    def _request(self, request_type, **fields):
        return request_type(header=self._header(), **fields)

    def _numbered(self, request_type, guard, **fields):
        self._number += 1
        header = self._header(
            request_number=self._number, answered_below=self._number, guard=guard)
        return request_type(header=header, **fields)

    def _answer(self, method, request, seconds=ANSWER_S):
        sent_at = time.monotonic()
        try:
            reply = self._calls.repeat(method, request, CALL_TIMEOUT_S, Deadline(seconds))
        except api.LockServiceError as refusal:
            self._refused(refusal)
            raise
        self._learn(reply.header, sent_at)
        return reply

    def _bind(self, connection):
        sent_at = time.monotonic()
        header = api.RequestHeader(
            session_id=self.id, last_seen_zxid=self.last_zxid,
            timeout_ms=int(CALL_TIMEOUT_S * 800))
        if self.id == 0:
            reply = connection.open_session(api.OpenSessionRequest(
                header=header, lease_ms=self._lease_ms, client_name=self.name, host="test",
                secret=self._secret))
            self.id = reply.session_id
        else:
            reply = connection.resume_session(
                api.ResumeSessionRequest(header=header, secret=self._secret))
        self._learn(reply.header, sent_at)

    def _learn(self, header, sent_at):
        self.last_zxid = max(self.last_zxid, header.zxid)
        self.lease.extend(sent_at, header.lease_ms)

    def _refused(self, refusal):
        if refusal.header is not None:
            self.last_zxid = max(self.last_zxid, refusal.header.zxid)
        if refusal.code == api.ErrorCode.SESSION_EXPIRED:
            self.lease.end()

    def _keep_alive(self):
        wait_s = self._lease_ms / 4000
        acknowledged = None
        while not self._leaving.is_set():
            sent_at = time.monotonic()
            try:
                reply = self._contact.once("keep_alive", api.KeepAliveRequest(
                    header=self._header(), acknowledged=acknowledged,
                    max_wait_ms=int(wait_s * 1000)), wait_s + 1.0)
                self._learn(reply.header, sent_at)
                acknowledged = reply.delivered_through
            except Disconnected:
                self._leaving.wait(PAUSE_S)
            except api.LockServiceError as refusal:
                self._refused(refusal)
                if not is_unsettled(refusal):
                    return
                self._contact.move_on()
                self._leaving.wait(PAUSE_S)
