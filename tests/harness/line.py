"""A session's way to the cell, whatever happens to single connections."""

import time

from tests.harness import api
from tests.harness.connection import Connection, Disconnected

PAUSE_S = 0.03


class Line:
    """One connection at a time, bound to the session, made anew at the next endpoint when it broke.

    `bind(connection)` opens or resumes the session on a new connection.
    """

    def __init__(self, endpoints, first, protocol, bind):
        self.endpoints = list(endpoints)
        self._place = first % len(self.endpoints)
        self._protocol = protocol
        self._bind = bind
        self._connection = None
        self.connections = 0  # How many were made so far.

    @property
    def endpoint(self):
        """Where it is connected, or will be tried next."""
        return self.endpoints[self._place]

    def once(self, method, request, timeout_s):
        """One attempt. Raises Disconnected, after which the next attempt is made elsewhere."""
        try:
            if self._connection is None:
                self.connections += 1
                connection = Connection(self.endpoint, self._protocol, timeout_s)
                try:
                    self._bind(connection)
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
            return getattr(self._connection, method)(request)
        except Disconnected:
            self.move_on()
            raise

    def repeat(self, method, request, timeout_s, deadline):
        """The answer of the first attempt that has one.

        The same request is sent again after everything that does not settle what became of it.
        Raises LockServiceError for what does.
        """
        while True:
            try:
                return self.once(method, request, timeout_s)
            except Disconnected as failure:
                reason = str(failure)
            except api.LockServiceError as refusal:
                if not is_unsettled(refusal):
                    raise
                reason = f"{self.endpoint}: {api.error_name(refusal)}: {refusal.message}"
                self.move_on()
            if deadline.passed():
                raise AssertionError(f"{method} not answered in {deadline.seconds:g} s: {reason}")
            time.sleep(PAUSE_S)

    def move_on(self):
        """The next attempt is made on a new connection, at the next endpoint."""
        self.close()
        self._place = (self._place + 1) % len(self.endpoints)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def shut_down(self):
        """Lets a call that another thread waits in end at once, as Disconnected."""
        connection = self._connection
        if connection is not None:
            connection.shut_down()


def is_unsettled(refusal):
    """The request was not carried out, or may have been: it is to be repeated as it is."""
    was_too_slow = refusal.code == api.ErrorCode.TIMEOUT and refusal.retryable
    return refusal.outcome_pending or was_too_slow or refusal.code in (
        api.ErrorCode.NO_QUORUM, api.ErrorCode.BEHIND, api.ErrorCode.SESSION_NOT_BOUND)
