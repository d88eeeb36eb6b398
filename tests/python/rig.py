"""The core of the package (holdfast._core) with time, messages and the cell in the test's hand."""

from tests.python.package import holdfast  # noqa: F401
from holdfast._core import io
from holdfast._core.core import Core
from holdfast._core.endpoint import Place
from holdfast.errors import ErrorCode, Failure
from holdfast.replies import Done
from holdfast.values import EventName, LockGrant

SESSION = 7
LEASE_MS = 12_000


def grant(acquisition, path="/l"):
    return LockGrant(f"sequencer of {path} {acquisition}", acquisition, acquisition)


def failure(code, **facts):
    return Failure(ErrorCode[code], f"says {code}", **facts)


class Rig:
    """Carries out what the core says: remembers it, and answers when the test says so."""

    def __init__(self, **options):
        options.setdefault("endpoints", ["a:1", "b:1", "c:1"])
        options.setdefault("lease_ms", LEASE_MS)
        self.core = Core(io.CoreOptions(**options))
        self.now = 1_000_000
        self.connection = 0  # The present one; 0 for none.
        self.endpoints = []  # All addresses that were tried.
        self.resolves = True
        self.resolving = []  # Endpoints that the test has to look up.
        self.open = []  # Requests of the present connection without an answer, as io.Send.
        self.sent = []  # All that were ever sent, as io.Send.
        self.answers = {}  # By call.
        self.outputs = []  # All others.

    def take(self):
        outputs = self.core.take()
        for output in outputs:
            if isinstance(output, io.Connect):
                self.connection = output.connection
                self.endpoints.append(output.address)
            elif isinstance(output, io.Resolve):
                # At once, by an address that is written as the endpoint is; else the test does.
                if self.resolves:
                    self.core.on_resolved(self.now, output.endpoint,
                                          [Place(output.endpoint, [output.endpoint])])
                else:
                    self.resolving.append(output.endpoint)
            elif isinstance(output, io.Disconnect):
                self.connection, self.open = 0, []
            elif isinstance(output, io.Send):
                assert output.connection == self.connection
                self.open.append(output)
                self.sent.append(output)
            elif isinstance(output, io.Answered):
                assert output.call not in self.answers, "answered twice"
                self.answers[output.call] = output.outcome
            else:
                self.outputs.append(output)
        if outputs:
            self.take()

    def said(self, kind):
        """Those outputs of a kind that were not looked at yet."""
        found = [output for output in self.outputs if isinstance(output, kind)]
        self.outputs = [output for output in self.outputs if not isinstance(output, kind)]
        return found

    # ---- time and the connection -----------------------------------------------------------------

    def pass_ms(self, milliseconds):
        """The time passes, with a tick whenever the core wants one."""
        end = self.now + milliseconds
        while True:
            wake = self.core.wake_at()
            if wake is None or wake >= end:
                break
            self.now = max(self.now, wake)
            self.core.tick(self.now)
            self.take()
        self.now = end
        self.core.tick(self.now)
        self.take()

    def pass_with_pings(self, milliseconds):
        """As pass_ms(), at a replica that answers signs of life."""
        end = self.now + milliseconds
        while self.now < end:
            self.pass_ms(min(50, end - self.now))
            while "cell_status" in self.methods():
                self.reply("cell_status", Done(5))

    def connected(self):
        self.core.on_connected(self.now, self.connection)
        self.take()

    def lose_connection(self, why="reset"):
        self.core.on_closed(self.now, self.connection, why)
        self.take()

    def wait_for_connection(self):
        """Until it is asked for."""
        while not self.connection:
            self.pass_ms(1)

    def reconnect(self):
        """Until the session is resumed on a new connection."""
        self.wait_for_connection()
        self.connected()
        self.reply("resume_session", Done(0), lease_ms=LEASE_MS)

    # ---- messages --------------------------------------------------------------------------------

    def request(self, method, place=0):
        """The open request of that method, as io.Send."""
        return [send for send in self.open if send.request.method == method][place]

    def methods(self):
        return [send.request.method for send in self.open]

    def reply(self, method, body, *, zxid=0, lease_ms=0, through=EventName(), place=0):
        send = self.request(method, place)
        self.open.remove(send)
        facts = io.Facts(zxid, through, lease_ms)
        self.core.on_answer(
            self.now, self.connection, send.sequence_id, io.Answer(method, facts, body))
        self.take()

    def events(self, *events, through=None, more=False, zxid=0):
        """The answer to the keep-alive, which extends the lease."""
        last = through or (events[-1].name if events else EventName())
        self.reply("keep_alive", io.KeptAlive(list(events), last, more), zxid=zxid or last.zxid,
                   lease_ms=LEASE_MS, through=last)

    def told(self):
        """The program has heard all events so far."""
        for came in self.said(io.EventsCame):
            self.core.on_told(self.now, came.through)
            self.take()

    # ---- calls -----------------------------------------------------------------------------------

    def opened(self):
        """With an open session."""
        self.core.start(self.now)
        self.take()
        self.connected()
        self.reply("open_session", io.SessionOpened(SESSION, LEASE_MS, "cell", bytes(16)), zxid=7)
        assert self.said(io.Opened)
        return self

    def call(self, method, timeout_ms=None, **fields):
        call = self.core.call(self.now, io.Request(method, fields), timeout_ms)
        self.take()
        return call

    def acquire(self, path="/l", owner=1, wait_ms=None, **options):
        call = self.core.acquire(self.now, io.AcquireAsk(path, owner, wait_ms=wait_ms, **options))
        self.take()
        return call

    def release(self, guard, timeout_ms=None):
        call = self.core.release(self.now, guard, timeout_ms)
        self.take()
        return call

    def held(self, acquisition=100, path="/l", owner=1, **options):
        """The guard of a lock that was granted."""
        call = self.acquire(path, owner, **options)
        self.reply("acquire", io.Acquired(grant(acquisition, path)), zxid=acquisition)
        return self.answers.pop(call).guard

    def watch(self, path, kinds, active_from=10, **options):
        call, watch = self.core.watch(
            self.now, holdfast._core.watch_table.WatchOptions(path, frozenset(kinds), **options))
        self.take()
        self.reply("watch", io.WatchSet(active_from))
        assert self.answers.pop(call) == io.WatchStarted(watch, active_from)
        return watch
