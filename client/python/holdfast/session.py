"""Sessions."""

from __future__ import annotations

import queue
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Collection, Iterable, Optional

from . import _requests as requests
from . import ops, _wire
from ._blocking import refuse_on_dispatcher, value_of, wait_for
from ._calls import CellCalls
from ._clock import now_ms, to_ms
from ._core.io import CoreOptions, Request
from ._core.watch_table import WatchOptions
from ._owners import this_thread_owner
from ._requests import Guard
from ._runtime import Runtime
from ._watch_state import WatchState
from .errors import CallTimeoutError, bad_argument
from .lock import Lock, LockOptions
from .replies import Created, MultiDone, Written
from .values import (
    NODE_EVENTS, CreateMode, Event, EventKind, EventName, Loss, SessionState)
from .watch import Watch

if TYPE_CHECKING:
    from .config import ConfigValue, ConfigWatch
    from .election import Election

CLOSE_S = 5.0

Listener = Callable[[SessionState], None]


def open_runtime(options: CoreOptions, on_state: Optional[Listener],
                 done: Callable[[Any], None]) -> Runtime:
    """Starts to open a session; `done` gets its facts, or a Failure."""
    runtime = Runtime(options)
    if on_state is not None:
        runtime.add_listener(on_state)
    runtime.start(done)
    return runtime


class SessionFacts:
    """What can be asked of a session in every form: by any thread, at any time, without waiting."""

    _runtime: Runtime
    _secret: bytes

    @property
    def id(self) -> int:
        return self._runtime.facts.session_id

    @property
    def secret(self) -> bytes:
        """16 bytes, for `previous` of the program's next run. Whoever has it can speak for the
        session."""
        return self._secret

    @property
    def cell_name(self) -> str:
        return self._runtime.facts.cell_name

    @property
    def cell_id(self) -> bytes:
        """16 bytes."""
        return self._runtime.facts.cell_id

    @property
    def lease(self) -> float:
        """Seconds, as the cell granted it."""
        return self._runtime.facts.lease_ms / 1000

    @property
    def state(self) -> SessionState:
        """LIVE, JEOPARDY, EXPIRED or CLOSED at this moment."""
        state = self._runtime.state
        # The clock may be ahead of the thread that watches it.
        if state is SessionState.LIVE and self.remaining() == 0:
            return SessionState.JEOPARDY
        return state

    def remaining(self) -> float:
        """Seconds until jeopardy without further contact; 0 unless live."""
        return max(0, self._runtime.lease_deadline - now_ms()) / 1000

    def add_listener(self, listener: Listener) -> None:
        """`listener(state)` is called on the dispatcher, in the order of things: JEOPARDY and SAFE
        each time, EXPIRED or CLOSED once."""
        self._runtime.add_listener(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Nothing if it is none."""
        self._runtime.remove_listener(listener)


class Session(SessionFacts, CellCalls):
    """The presence of this program in the cell: locks, ephemeral nodes and watches live in it.

    Made by holdfast.connect(). Keeps itself alive and connected, on a thread of its own. All
    members may be used from any thread at any time; blocking calls not in a callback (they are
    refused there with BadArgumentError: they would wait for themselves). A context manager: closes.

    Callbacks run on one thread, the dispatcher, in the order in which things happened; what they
    raise is logged (logger "holdfast"). They must not take long: an event is told before the answer
    of any call that shows a later state, so answers wait for them.
    """

    def __init__(self, runtime: Runtime, secret: bytes) -> None:
        self._runtime = runtime
        self._secret = secret
        self._paths = requests.Paths(runtime.facts.cell_name)
        finalizer = weakref.finalize(self, Runtime.close_quietly, runtime)
        finalizer.atexit = False  # The runtime sees to that itself.

    def close(self, timeout: float = CLOSE_S) -> None:
        """Gives everything back at once, without lock-delays: locks are lost (CLOSED), ephemeral
        nodes go. CallTimeoutError says only that the cell was not heard within `timeout` seconds;
        the session is closed here in any case. Nothing if it is over already."""
        refuse_on_dispatcher(self._runtime)
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        was_open = self._runtime.state in (SessionState.LIVE, SessionState.JEOPARDY)
        self._runtime.close(to_ms(timeout) or 0, answers.put)
        outcome = answers.get()
        self._runtime.shut_down()
        if was_open:
            value_of(outcome)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        """Closes. That the cell was not heard is no error here: the lease ends by itself."""
        try:
            self.close()
        except CallTimeoutError:
            pass

    def _ask(self, request: Request, timeout: Optional[float]) -> Any:
        _wire.check(request)
        timeout_ms = to_ms(timeout, "The timeout")
        return wait_for(
            self._runtime, lambda done: self._runtime.submit(request, timeout_ms, done))

    # ---- locks -----------------------------------------------------------------------------------

    def lock(self, path: str, *, wait: Optional[float] = None, shared: bool = False,
             lock_delay: float = 0.0, description: str = "", owner: Optional[int] = None,
             create: CreateMode = CreateMode.PERSISTENT, lost_at_jeopardy: bool = False,
             interrupt: bool = False, on_lost: Optional[Callable[[Loss], None]] = None,
             on_jeopardy: Optional[Callable[[], None]] = None,
             on_safe: Optional[Callable[[], None]] = None) -> Lock:
        """The lock of a node; nothing is asked of the cell before acquire() or `with`.

        `wait`: seconds to stand in the queue, 0 to try, None without limit.
        `shared`: with others who hold it shared, else alone.
        `lock_delay`: 0 to 60 s; how long the lock stays closed to others when this session expires
        while holding it.
        `description`: for people who look at the lock, at most 1,024 bytes.
        `owner`: which logical thread asks; by default the calling one. See holdfast.new_owner().
        `create`: whether a missing node is created, and which kind.
        `lost_at_jeopardy`: gives the lock up for good when the lease is not confirmed in time,
        instead of at expiry only.
        `interrupt`: when the lock is lost, LockLost is raised into the body of the `with` block, at
        the next call or loop of its Python code; calls into C that wait (sleep, sockets) are not
        interrupted. Without it the loss is raised by check() and at the end of the block.
        `on_lost`, once, and `on_jeopardy`, `on_safe`, each time, are called on the dispatcher.
        """
        options = LockOptions(
            path=self._paths(path), shared=shared, wait=wait, lock_delay=lock_delay, owner=owner,
            description=description, create=CreateMode(create), lost_at_jeopardy=lost_at_jeopardy,
            interrupt=interrupt, on_lost=on_lost, on_jeopardy=on_jeopardy, on_safe=on_safe)
        _wire.check(Request("acquire", {
            "path": options.path, "owner": owner or 0, "description": description}))
        return Lock(self, options)

    def write_lock(self, path: str, **options: Any) -> Lock:
        """lock(shared=False)."""
        return self.lock(path, shared=False, **options)

    def read_lock(self, path: str, **options: Any) -> Lock:
        """lock(shared=True)."""
        return self.lock(path, shared=True, **options)

    # ---- data: see CellCalls for reads -----------------------------------------------------------

    def create(self, path: str, contents: bytes = b"", *, ephemeral: bool = False,
               until_free: bool = False, sequential: bool = False, create_parents: bool = False,
               guard: Guard = None, timeout: Optional[float] = None) -> Created:
        """Creates a node.

        `ephemeral`: it goes with this session. `until_free`: it goes with its lock's last holder,
        waiter and lock-delay, and its last child. `sequential`: the path is the start of the name;
        `.path` of the answer has the number. `guard`: a lock or a sequencer, without which being
        valid at that very point of the history nothing is changed (StaleSequencerError).
        NodeExistsError, NoNodeError (no parent), NoChildrenForEphemeralsError. Carried out exactly
        once, whatever happens to connections and leaders.
        """
        kind = requests.kind_of(ephemeral, until_free)
        created: Created = self._ask(requests.create(
            self._paths(path), contents, kind, sequential, create_parents, guard), timeout)
        return created

    def set(self, path: str, contents: bytes, *, if_generation: Optional[int] = None,
            if_instance: Optional[int] = None, guard: Guard = None,
            timeout: Optional[float] = None) -> Written:
        """Replaces the contents of a node, at most 256 KiB.

        `if_generation`: only if the contents have that generation (`.stat.content_generation`),
        else BadGenerationError. `if_instance`: only if the node is that one, else
        StaleInstanceError.
        `guard`: as of create(). NoNodeError. Exactly once.
        """
        written: Written = self._ask(requests.set_contents(
            self._paths(path), contents, if_generation, if_instance, guard), timeout)
        return written

    def delete(self, path: str, *, if_generation: Optional[int] = None,
               if_instance: Optional[int] = None, owner: Optional[int] = None, guard: Guard = None,
               timeout: Optional[float] = None) -> int:
        """Removes a node without children. Answers the zxid.

        `owner`: a lock that this owner of this session holds does not stand against it, and goes
        with the node; by default the calling thread. NoNodeError, NotEmptyError, LockHeldError,
        LockDelayedError; conditions and guard as of set().
        """
        zxid: int = self._ask(requests.delete(
            self._paths(path), if_generation, if_instance,
            this_thread_owner() if owner is None else owner, guard), timeout).zxid
        return zxid

    def multi(self, operations: Iterable[ops.Op], *, guard: Guard = None,
              timeout: Optional[float] = None) -> MultiDone:
        """Does all operations of holdfast.ops, or none: then with the error of the first that was
        refused, whose `failure.op_index` says which. At most 1,024, and 1 MiB in all."""
        done: MultiDone = self._ask(
            requests.multi(operations, self._paths, this_thread_owner(), guard), timeout)
        return done

    # ---- watches ---------------------------------------------------------------------------------

    def watch(self, path: str, callback: Optional[Callable[[Event], None]] = None, *,
              kinds: Collection[EventKind] = NODE_EVENTS, recursive: bool = False,
              after: Optional[EventName] = None) -> Watch:
        """Watches a path, at which there need not be a node, and with `recursive` everything below.

        `callback(event)` is called on the dispatcher for each event; without one, take them from
        the Watch. `kinds`: NODE_EVENTS, LOCK_EVENTS, or any EventKinds. `after`: begin with the
        first event after that one (`event.name`), to go on with an earlier watch. Keep the answer:
        a watch that nobody has goes on until the session ends.
        """
        options = watch_options(self._paths(path), kinds, recursive, after)
        return self._start_watch(WatchState(callback), options)

    def _start_watch(self, state: WatchState, options: WatchOptions) -> Watch:
        started = wait_for(self._runtime, lambda done: self._runtime.watch(options, state, done))
        state.active_from = started.active_from
        return Watch(self, state)

    # ---- recipes ---------------------------------------------------------------------------------

    def election(self, path: str, **options: Any) -> Election:
        """The election of a leader among those who campaign for a path. See Election."""
        from .election import Election
        return Election(self, self._paths(path), **options)

    def config(self, path: str,
               on_change: Optional[Callable[[ConfigValue], None]] = None) -> ConfigWatch:
        """The contents of a node, always as last known. See ConfigWatch."""
        from .config import ConfigWatch
        return ConfigWatch(self, self._paths(path), on_change)

    def __repr__(self) -> str:
        return f"<holdfast.Session {self.id:#x} {self.state.value}>"


def watch_options(path: str, kinds: Collection[EventKind], recursive: bool,
                  after: Optional[EventName]) -> WatchOptions:
    wanted = frozenset(EventKind(kind) for kind in kinds)
    if not wanted:
        raise bad_argument("A watch wants at least one kind of event.")
    options = WatchOptions(path, wanted, recursive, EventName(*after) if after else None)
    _wire.check(Request("watch", {
        "path": path, "kinds": set(wanted), "recursive": recursive, "after": options.after}))
    return options
