"""Clients that do what users do, at random, and write down all of it."""

import random
import threading

from tests.chaos.history import OK, REFUSED, UNKNOWN, Event, Op, Stream, now
from tests.harness import Deadline, Session, api
from tests.harness.connection import Connection, Disconnected

ROOT = "/chaos"
REGISTERS = ROOT + "/registers"
LOCKS = ROOT + "/locks"
WORK = ROOT + "/work"
MARKER = ROOT + "/marker"  # Written to see that watchers hear.
HELD = LOCKS + "/held"  # Of the programs that use the C++ library.
QUEUE = ROOT + "/queue"
PAIR = ROOT + "/pair"
EPHEMERALS = ROOT + "/ephemerals"
LEASE_MS = 4000
SHORT_LEASE_MS = 1500  # Such sessions end in trouble that lasts.
ANSWER_S = 60.0  # Longer than any trouble lasts.
ERA_S = 8.0  # A register or lock is used for so long: the search for its order stays short.
REGISTERS_AT_A_TIME = 3
PAUSE_S = 0.04
INDEX_MAX = 2**31 - 1


class RecordingSession(Session):
    """A Session whose calls leave an Op each, and which knows when its end came without cause."""

    def __init__(self, history, endpoints, name, first, lease_ms):
        self._history = history
        self._alive_at = now()
        self._is_closing = False
        super().__init__(endpoints, lease_ms=lease_ms, name=name, first=first)

    def record(self, kind, path, call, **facts):
        """The reply of call(), or None for a refusal. Raises Gone when the session is of no use any
        more; what became of the call is unknown then.
        """
        op = Op(client=self.name, session=self.id, kind=kind, path=path, invoked=now(), **facts)
        self._history.add(op)
        connections = self._calls.connections
        try:
            reply = call(op)
        except api.LockServiceError as refusal:
            if refusal.code == api.ErrorCode.SESSION_EXPIRED:
                raise self._gone() from refusal
            # A copy may be refused at the door when an earlier one is on its way to the history.
            is_open = (refusal.code == api.ErrorCode.NO_SPACE
                       and self._calls.connections > connections)
            op.outcome, op.error = UNKNOWN if is_open else REFUSED, api.error_name(refusal)
            op.as_of = refusal.header.zxid if refusal.header is not None else 0
            op.generation = refusal.actual or 0
            op.returned = now()
            return None
        except AssertionError as failure:  # No answer for ANSWER_S.
            raise self._gone() from failure
        op.as_of, op.outcome = reply.header.zxid, OK
        op.returned = now()
        self._alive_at = op.invoked
        return reply

    def _gone(self):
        """The end of the session, at a moment that is not known: the cell takes what it held."""
        self.die()
        self._history.add(Op(client=self.name, session=self.id, kind="expire", path="",
                             invoked=self._alive_at))
        return Gone(self.name)

    def ask(self, method, request_type, **fields):
        return self._answer(method, self._request(request_type, **fields), ANSWER_S)

    def tell(self, method, request_type, guard=None, **fields):
        return self._answer(method, self._numbered(request_type, guard, **fields), ANSWER_S)

    def end(self):
        """Closes the session, and records that."""
        self._is_closing = True
        self.record("close", "", lambda op: self.ask("close_session", api.CloseSessionRequest))
        self.die()

    def acquire_for(self, op, wait_s, **fields):
        """The AcquireReply of a grant; notes in `op` when the wait was known to have begun."""
        request = self._numbered(
            api.AcquireRequest, None, wait_ms=int(wait_s * 1000), max_hold_ms=300,
            create=api.CreateMode.PERSISTENT, **fields)
        while True:
            reply = self._answer("acquire", request, ANSWER_S + wait_s)
            if reply.outcome == api.AcquireOutcome.GRANTED:
                return reply
            op.waiting_at = op.waiting_at or now()

    def _refused(self, refusal):
        is_gone = refusal.code == api.ErrorCode.SESSION_EXPIRED
        if is_gone and self.lease.runs() and not self._is_closing:
            self._history.complain(
                f"{self.name}: session {self.id:x} expired while its lease ran")
        super()._refused(refusal)


class Gone(Exception):
    """The session is over, or cannot be reached any more."""


class Client(threading.Thread):
    """Does step() until it is stopped, with a new session whenever the old one is gone."""

    lease_ms = LEASE_MS

    def __init__(self, history, endpoints, name, seed):
        super().__init__(name=name, daemon=True)
        self.sessions = 0
        self.dice = random.Random(f"{seed} {name}")
        self.history = history
        self._endpoints = endpoints
        self._stopping = threading.Event()
        self._failure = None

    def run(self):
        try:
            while not self._stopping.is_set():
                self._live()
        except Exception as failure:  # To be raised in the thread that calls join().
            self._failure = failure

    def _live(self):
        try:
            session = RecordingSession(
                self.history, self._endpoints, self.name, self.dice.randrange(100),
                self.lease_ms)
        except (AssertionError, api.LockServiceError):
            self._stopping.wait(1.0)  # No replica answered for long, or there is no space for it.
            return
        self.sessions += 1
        try:
            while not self._stopping.is_set():
                self.step(session)
                self._stopping.wait(self.dice.uniform(0, 2 * PAUSE_S))
            session.end()
        except Gone:
            pass

    def step(self, session):
        raise NotImplementedError

    def stop(self):
        self._stopping.set()

    def finish(self, seconds):
        """After stop(): waits for the end and raises what went wrong."""
        self.join(Deadline(seconds).left())
        assert not self.is_alive(), f"{self.name} has no answer"
        if self._failure is not None:
            raise self._failure


class RegisterClient(Client):
    """Reads and writes registers that all clients use, each for a short time."""

    count = 0

    def step(self, session):
        era = int(now() / ERA_S)
        path = f"{REGISTERS}/{era}-{self.dice.randrange(REGISTERS_AT_A_TIME)}"
        removing = path.endswith("0")  # Registers of one kind are removed too.
        self.dice.choice(
            [self.get] * 4 + [self.stale_get, self.create] + [self.set] * 3 + [self.swap] * 2
            + [self.remove] * removing)(session, path)

    def _new_value(self):
        self.count += 1
        return f"{self.name}/{self.count}"

    def get(self, session, path, kind="get", stale_ok=False):
        def call(op):
            reply = session.ask("get", api.GetRequest, path=path, stale_ok=stale_ok)
            op.value = reply.contents.decode()
            op.generation, op.zxid = reply.stat.content_generation, reply.stat.modified_zxid
            return reply

        return session.record(kind, path, call)

    def stale_get(self, session, path):
        self.get(session, path, "stale_get", True)

    def create(self, session, path):
        value = self._new_value()

        def call(op):
            reply = session.tell("create", api.CreateRequest, path=path, contents=value.encode(),
                                 create_parents=True)
            op.generation, op.zxid = reply.stat.content_generation, reply.stat.instance
            return reply

        session.record("create", path, call, value=value)

    def set(self, session, path, kind="set", expected=None):
        value = self._new_value()

        def call(op):
            reply = session.tell("set_contents", api.SetContentsRequest, path=path,
                                 contents=value.encode(), if_content_generation=expected)
            op.generation, op.zxid = reply.stat.content_generation, reply.stat.modified_zxid
            return reply

        session.record(kind, path, call, value=value, expected=expected)

    def swap(self, session, path):
        found = self.get(session, path)
        if found is not None:
            self.set(session, path, "swap", found.stat.content_generation)

    def remove(self, session, path):
        session.record("remove", path, lambda op: session.tell(
            "remove", api.RemoveRequest, path=path))


class LockClient(Client):
    """Takes a lock, exclusive or shared, works under its sequencer, gives it back or not."""

    lease_ms = SHORT_LEASE_MS

    def step(self, session):
        name = self.dice.choice(["exclusive", "mixed"])
        mode = self.dice.choice("xs") if name == "mixed" else "x"
        path = f"{LOCKS}/{name}{int(now() / ERA_S)}"
        grant = self._acquire(session, path, mode)
        if grant is None:
            return
        for _ in range(self.dice.randrange(3)):
            self._work(session, path, grant)
        self._stopping.wait(self.dice.uniform(0, 0.1))
        if self.dice.random() < 0.02:
            session.end()
            raise Gone(self.name)
        session.record("release", path, lambda op: session.tell(
            "release", api.ReleaseRequest, path=path), mode=mode)

    def _acquire(self, session, path, mode):
        wait_s = self.dice.choice([0.0, 0.5, 3.0])

        def call(op):
            reply = session.acquire_for(
                op, wait_s, path=path, mode=api.LockMode.SHARED if mode == "s"
                else api.LockMode.EXCLUSIVE)
            op.zxid, op.generation = reply.grant.acquisition, reply.grant.generation
            return reply

        reply = session.record("acquire", path, call, mode=mode)
        return reply.grant if reply is not None else None

    def _work(self, session, lock, grant):
        def call(op):
            reply = session.tell(
                "set_contents", api.SetContentsRequest, grant.sequencer, path=WORK,
                contents=f"{self.name} {grant.acquisition}".encode())
            op.generation, op.zxid = reply.stat.content_generation, reply.stat.modified_zxid
            return reply

        session.record("guarded", WORK, call, value=lock, fence=grant.acquisition)


class QueueClient(Client):
    """Puts entries into a folder, each once; writes two nodes in one multi; makes ephemeral nodes.

    A sequential node shows a request that was carried out twice, which a register would hide.
    """

    lease_ms = SHORT_LEASE_MS
    count = 0

    def step(self, session):
        self.count += 1
        self.dice.choice([self._enqueue] * 3 + [self._pair] * 5 + [self._ephemeral])(
            session, f"{self.name}/{self.count}")

    def _create(self, session, op_kind, path, value, **fields):
        def call(op):
            reply = session.tell(
                "create", api.CreateRequest, path=path, contents=value.encode(), **fields)
            op.path, op.zxid = reply.path, reply.stat.instance
            return reply

        session.record(op_kind, path, call, value=value)

    def _enqueue(self, session, value):
        self._create(session, "enqueue", f"{QUEUE}/n", value, sequential=True)

    def _ephemeral(self, session, value):
        self._create(session, "ephemeral", f"{EPHEMERALS}/n", value, sequential=True,
                     kind=api.NodeKind.EPHEMERAL)

    def _pair(self, session, value):
        """Both or none; a third of them cannot succeed, because of their last operation."""
        impossible = self.dice.randrange(3) == 0
        parts = [api.Op(set_contents=api.SetContentsOp(
            path=f"{PAIR}/{side}", contents=value.encode())) for side in ("left", "right")]
        if impossible:
            parts.append(api.Op(check_absent=api.CheckAbsentOp(path=PAIR)))

        def call(op):
            reply = session.tell("multi", api.MultiRequest, ops=parts)
            left, right = reply.results
            op.zxid, op.generation = left.stat.modified_zxid, left.stat.content_generation
            if right.stat.modified_zxid != op.zxid:
                self.history.complain(f"one multi wrote at two places of the history: {reply}")
            return reply

        done = session.record("multi", PAIR, call, value=value)
        if impossible and done is not None:
            self.history.complain(f"a multi was carried out whose last check fails: {done}")


class Watcher(threading.Thread):
    """Watches everything below ROOT, and goes on at another replica without a gap."""

    def __init__(self, history, endpoints, name, first):
        super().__init__(name=name, daemon=True)
        self.lost = 0  # How often the cell said EVENTS_LOST.
        self.moves = 0
        self.stream = Stream(name, 0, [])
        history.streams.append(self.stream)
        self._history = history
        self._endpoints = endpoints
        self._place = first
        self._secret = None
        self._session_id = 0
        self._received = None  # The last EventName.
        self._seen = 0
        self._stopping = threading.Event()

    def stop(self):
        self._stopping.set()

    def run(self):
        while not self._stopping.is_set():
            try:
                endpoint = self._endpoints[self._place % len(self._endpoints)]
                with Connection(endpoint, timeout_s=4.0) as connection:
                    self._follow(connection)
            except Disconnected:
                pass
            except api.LockServiceError as refusal:
                if refusal.code == api.ErrorCode.SESSION_EXPIRED:
                    self._session_id = 0
            self._place += 1
            self.moves += 1
            self._stopping.wait(PAUSE_S)

    def position(self):
        """The zxid up to which all events have been got."""
        return self._seen

    def _header(self):
        return api.RequestHeader(
            session_id=self._session_id, last_seen_zxid=self._seen, timeout_ms=3000)

    def _follow(self, connection):
        if self._session_id == 0:
            self._secret = random.randbytes(16)
            self._session_id = connection.open_session(api.OpenSessionRequest(
                header=self._header(), lease_ms=LEASE_MS, client_name=self.name, host="test",
                secret=self._secret)).session_id
        else:
            connection.resume_session(
                api.ResumeSessionRequest(header=self._header(), secret=self._secret))
        watching = connection.watch(api.WatchRequest(
            header=self._header(), watch_id=1, path=ROOT, recursive=True,
            kinds=set(api.EventKind._VALUES_TO_NAMES), after=self._received))
        if self._received is None:
            self.stream.active_from = watching.active_from_zxid
            self._received = api.EventName(watching.active_from_zxid - 1, INDEX_MAX)
        while not self._stopping.is_set():
            reply = connection.keep_alive(api.KeepAliveRequest(
                header=self._header(), acknowledged=self._received, max_wait_ms=500))
            self._take(reply)

    def _take(self, reply):
        moment = now()
        for event in reply.events:
            self.stream.events.append(recorded(event, moment))
            self.lost += event.kind == api.EventKind.EVENTS_LOST
        self._received = reply.delivered_through
        through = reply.header.events_through
        if not reply.more and (through.zxid, through.index) <= (
                self._received.zxid, self._received.index):
            self._seen = max(self._seen, reply.header.zxid)


def recorded(event, moment):
    return Event(
        zxid=event.name.zxid, index=event.name.index,
        kind=api.EventKind._VALUES_TO_NAMES[event.kind], path=event.path, received=moment,
        session=event.session_id or 0, owner=event.owner or 0,
        mode="s" if event.mode == api.LockMode.SHARED else "x",
        acquisition=event.acquisition or 0,
        generation=event.content_generation or event.generation or 0)


def prepare(endpoints):
    """The folders and nodes that the clients use."""
    with Session(endpoints, name="preparer") as session:
        for path in (REGISTERS, LOCKS, QUEUE, EPHEMERALS, WORK, MARKER, f"{PAIR}/left",
                     f"{PAIR}/right"):
            session.create(path, b"", create_parents=True)


