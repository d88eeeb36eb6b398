"""Carries out what the core says: one thread for the connection, one for callbacks."""

from __future__ import annotations

import atexit
import functools
import os
import selectors
import socket
import threading
import weakref
from collections import deque
from typing import Any, Callable, Deque, Optional

from . import _channel, _wire
from ._clock import now_ms
from ._core import io
from ._core.watch_table import WatchOptions
from ._outputs import Done, Input, Outputs, Pending
from ._resolver import Resolver
from ._threads import logger
from ._watch_state import WatchState
from .errors import ErrorCode, Failure
from .values import Loss, LossReason, SessionState

# The selector waits by a clock that may stand still; ours is looked at again at least this often.
WAIT_MAX_S = 1.0
JOIN_S = 2.0
CLOSE_AT_EXIT_MS = 2_000

class Runtime(Outputs):
    """All of it runs on the session's thread, but for what its section says."""

    def __init__(self, options: io.CoreOptions) -> None:
        super().__init__(options)
        self._with_session = options.with_session
        self._resolver = Resolver(options.dns_servers)
        self._is_shut_down = False
        self._has_failed = False
        self._inputs: Deque[tuple[Input, Optional[Done]]] = deque()
        # For _inputs and _is_shut_down. The garbage collector may close a session within it.
        self._mutex = threading.RLock()
        self._connection = 0
        self._channel: Optional[_channel.Channel] = None
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self.pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="holdfast-session", daemon=True)
        self._thread.start()
        _runtimes.add(self)

    # ---- for any thread --------------------------------------------------------------------------

    def runs_here(self) -> bool:
        """On one of the runtime's own threads, where nobody may wait for it."""
        return self._dispatcher.runs_here() or threading.current_thread() is self._thread

    def post_input(self, run: Input, refuse: Optional[Done] = None) -> None:
        """Runs it on the session's thread; `refuse` gets a Failure if there is none any more."""
        with self._mutex:
            if not self._is_shut_down:
                self._inputs.append((run, refuse))
                self._wake()
                return
        if refuse is not None:
            refuse(self._gone())

    def start(self, done: Done) -> None:
        """Opens the session: `done` gets its io.SessionFacts."""

        def run() -> None:
            self._on_opened = done
            self._core.start(now_ms())

        self.post_input(run, done)

    def submit(self, request: io.Request, timeout_ms: Optional[int], done: Done) -> None:
        self.post_input(
            lambda: self._add(self._core.call(now_ms(), request, timeout_ms), Pending(done)), done)

    def acquire(self, ask: io.AcquireAsk, on_waiting: Optional[Callable[[int], None]],
                done: Done) -> Callable[[], None]:
        """`done` gets a GuardState. Answers what withdraws the acquire: nothing if it is over."""
        call = 0

        def run() -> None:
            nonlocal call
            call = self._core.acquire(now_ms(), ask)
            self._add(call, Pending(done, on_waiting=on_waiting))

        self.post_input(run, done)
        # Inputs run in order, so that the call has its name by then.
        return lambda: self.post_input(lambda: self._core.withdraw(now_ms(), call))

    def release(self, guard: int, timeout_ms: Optional[int], done: Done) -> None:
        def run() -> None:
            self._guards.pop(guard, None)
            self._add(self._core.release(now_ms(), guard, timeout_ms), Pending(done))

        self.post_input(run, done)

    def watch(self, options: WatchOptions, state: WatchState, done: Done) -> None:
        """`done` gets io.WatchStarted, or a Failure."""

        def run() -> None:
            call, watch = self._core.watch(now_ms(), options)
            state.watch_id = watch
            self._watches[watch] = state
            self._add(call, Pending(done, watch=watch))

        self.post_input(run, done)

    def unwatch(self, state: WatchState) -> None:
        def run() -> None:
            self._watches.pop(state.watch_id, None)
            self._core.unwatch(now_ms(), state.watch_id)

        self.post_input(run)

    def close(self, timeout_ms: int, done: Done) -> None:
        """`done` is called on the session's thread."""
        self.post_input(
            lambda: self._add(self._core.close(now_ms(), timeout_ms), Pending(done, here=True)),
            done)

    def close_quietly(self) -> threading.Event:
        """Closes, then shuts down, without waiting. Answers what is set when that is done."""
        closed = threading.Event()

        def done(_: Any) -> None:
            self._shut_down_here()
            closed.set()

        self.post_input(
            lambda: self._add(
                self._core.close(now_ms(), CLOSE_AT_EXIT_MS), Pending(done, here=True)),
            lambda _: closed.set())
        return closed

    def add_listener(self, listener: Callable[[SessionState], None]) -> None:
        self.post_input(lambda: self._listeners.append(listener))

    def remove_listener(self, listener: Callable[[SessionState], None]) -> None:
        def run() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        self.post_input(run)

    def shut_down(self) -> None:
        """Says nothing more; what is open is answered. Waits for its threads, unless called on one
        of them."""
        self.post_input(self._shut_down_here)
        if not self.runs_here():
            self._thread.join(JOIN_S)
            self._dispatcher.join(JOIN_S)

    # ---- the loop --------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_shut_down:
                self._turn()
        except BaseException:
            # Nothing renews the lease any more, and held() must not outlive it.
            logger.exception("the session's thread failed")
            self._has_failed = True
            self._shut_down_here()
        finally:
            self._selector.close()
            self._wake_out.close()
            self._wake_in.close()
            self._dispatcher.stop()

    def _turn(self) -> None:
        self._carry_out_all()
        self._flush()
        if self._is_shut_down:
            return
        wake = self._core.wake_at()
        wait_s = WAIT_MAX_S if wake is None else min((wake - now_ms()) / 1000, WAIT_MAX_S)
        for key, mask in self._selector.select(max(0.0, wait_s)):
            if key.fileobj is self._wake_out:
                self._take_inputs()
            elif self._channel is not None and key.fileobj is self._channel.socket:
                if mask & selectors.EVENT_READ:
                    self._receive()
        self._core.tick(now_ms())

    def _wake(self) -> None:
        try:
            self._wake_in.send(b"w")
        except (BlockingIOError, OSError):
            pass  # It is awake, or ends.

    def _take_inputs(self) -> None:
        try:
            while self._wake_out.recv(4096):
                pass
        except BlockingIOError:
            pass
        while self._inputs and not self._is_shut_down:
            run, _ = self._inputs.popleft()
            run()
            self._carry_out_all()

    def _add(self, call: int, pending: Pending) -> None:
        """The core may have answered already: what it says is carried out afterwards."""
        self._pending[call] = pending

    def _gone(self) -> Failure:
        if self.pid != os.getpid():
            return Failure(ErrorCode.SESSION_EXPIRED,
                           "A session does not live on in a forked process.")
        if self._has_failed:
            return Failure(ErrorCode.SESSION_EXPIRED, "The session's thread failed; see the log.")
        if self._with_session:
            return Failure(ErrorCode.SESSION_EXPIRED, "The session was closed.")
        return Failure(ErrorCode.CANCELLED, "The client was closed.")

    def _shut_down_here(self) -> None:
        with self._mutex:
            if self._is_shut_down:
                return
            self._is_shut_down = True
            refused = [refuse for _, refuse in self._inputs if refuse is not None]
            self._inputs.clear()
        self.lease_deadline = 0
        if self.state is not SessionState.CLOSED:
            self.state = SessionState.EXPIRED
        self._hang_up()
        refused += [pending.done for pending in self._pending.values()]
        self._pending.clear()
        failure = self._gone()
        for done in refused:
            self.post_callback(functools.partial(done, failure))
        for watch in self._watches.values():
            self.post_callback(functools.partial(watch.tell_ended, failure))
        for guard in self._guards.values():
            if guard.on_lost(Loss(LossReason.EXPIRED, failure.message)):
                self.post_callback(guard.tell_lost)
        self._guards.clear()
        self._granting.clear()
        self._watches.clear()

    # ---- the connection --------------------------------------------------------------------------

    def _connect(self, output: io.Connect) -> None:
        connection = self._connection = output.connection

        def done(connected: Optional[socket.socket], why: str) -> None:
            def run() -> None:
                if connected is None:
                    self._core.on_closed(now_ms(), connection, why)
                elif self._connection != connection:
                    connected.close()
                else:
                    self._channel = _channel.Channel(connected)
                    self._selector.register(connected, selectors.EVENT_READ)
                    self._core.on_connected(now_ms(), connection)

            self.post_input(run, lambda _: connected.close() if connected is not None else None)

        _channel.connect(output.address, done)

    def _resolve(self, output: io.Resolve) -> None:
        def done(found: io.Found) -> None:
            self.post_input(lambda: self._core.on_resolved(now_ms(), output.endpoint, found))

        self._resolver.look_up(output.endpoint, done)

    def _disconnect(self, output: io.Disconnect) -> None:
        if output.connection == self._connection:
            self._hang_up()

    def _send(self, output: io.Send) -> None:
        if output.connection == self._connection and self._channel is not None:
            self._channel.send(_wire.encode(output.request, output.head, output.sequence_id))

    def _hang_up(self) -> None:
        self._connection = 0
        if self._channel is not None:
            self._selector.unregister(self._channel.socket)
            self._channel.close()
            self._channel = None

    def _lose_channel(self, why: str) -> None:
        connection = self._connection
        self._hang_up()
        self._core.on_closed(now_ms(), connection, why)

    def _receive(self) -> None:
        channel, connection = self._channel, self._connection
        assert channel is not None
        try:
            for message in channel.receive():
                sequence_id, answer = _wire.decode(message)
                self._core.on_answer(now_ms(), connection, sequence_id, answer)
                self._carry_out_all()
                if self._channel is not channel:
                    return
        except (OSError, EOFError, _wire.MalformedError) as failure:
            self._lose_channel(str(failure))

    def _flush(self) -> None:
        channel = self._channel
        if channel is None:
            return
        try:
            channel.flush()
        except OSError as failure:
            self._lose_channel(str(failure))
            return
        wanted = selectors.EVENT_READ
        if channel.wants_to_write():
            wanted |= selectors.EVENT_WRITE
        if self._selector.get_key(channel.socket).events != wanted:
            self._selector.modify(channel.socket, wanted)

    def _carry_out_all(self) -> None:
        while outputs := self._core.take():
            for output in outputs:
                _CARRY_OUT[type(output)](self, output)


_CARRY_OUT: dict[type, Callable[[Runtime, Any], None]] = {
    io.Connect: Runtime._connect,
    io.Disconnect: Runtime._disconnect,
    io.Send: Runtime._send,
    io.Opened: Runtime._opened,
    io.OpenFailed: Runtime._open_failed,
    io.LeaseMoved: Runtime._lease_moved,
    io.StateChanged: Runtime._state_changed,
    io.GuardMade: Runtime._guard_made,
    io.GuardDoubtful: Runtime._guard_doubtful,
    io.GuardCertain: Runtime._guard_certain,
    io.GuardLost: Runtime._guard_lost,
    io.GuardUnwanted: Runtime._guard_unwanted,
    io.Queued: Runtime._queued,
    io.EventsCame: Runtime._events_came,
    io.WatchEnded: Runtime._watch_ended,
    io.Answered: Runtime._answered,
    io.Resolve: Runtime._resolve,
}
_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()


def _forget_in_child() -> None:
    """After a fork the threads are gone and the connection is the parent's: the child must neither
    believe its locks nor say a word."""
    for runtime in list(_runtimes):
        runtime.lease_deadline = 0
        runtime.state = SessionState.EXPIRED
        runtime._is_shut_down = True
        runtime._mutex = threading.RLock()
        runtime._dispatcher.forget()
        if runtime._channel is not None:
            runtime._channel.close()  # The child's copy of the descriptor only.


def _close_at_exit() -> None:
    """Sessions that the program left open: their locks are free at once and not with the lease."""
    closed = [runtime.close_quietly() for runtime in list(_runtimes)]
    deadline = now_ms() + CLOSE_AT_EXIT_MS
    for event in closed:
        event.wait(max(0, deadline - now_ms()) / 1000)


os.register_at_fork(after_in_child=_forget_in_child)
atexit.register(_close_at_exit)
