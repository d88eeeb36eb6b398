"""Calls without a session."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import Any, Optional

from . import _requests as requests
from . import _wire
from ._blocking import wait_for
from ._calls import CellCalls
from ._clock import to_ms
from ._core.io import Request
from ._options import Endpoints, cell_options
from ._runtime import Runtime

TIMEOUT_S = 30.0


class CellClient(CellCalls):
    """Reads, checks of sequencers and the operator's calls: nothing is written into the cell's
    history for it, and nothing has to be kept alive.

    One connection, made when it is needed. All members may be used from any thread at any time. A
    request that was not answered is repeated elsewhere until the time is over; break_lock() without
    an acquisition is not: when its connection breaks it raises CallTimeoutError with
    `outcome_pending`. `cell_name` and `cell_id` (16 bytes): other cells are refused with
    WrongCellError.
    """

    def __init__(self, endpoints: Endpoints = None, *, cell_name: str = "",
                 cell_id: Optional[bytes] = None, dns_servers: Endpoints = None) -> None:
        self._runtime = Runtime(cell_options(endpoints, cell_name, cell_id, dns_servers))
        self._paths = requests.Paths(cell_name)
        finalizer = weakref.finalize(self, Runtime.close_quietly, self._runtime)
        finalizer.atexit = False

    def close(self) -> None:
        """Calls that are open raise AcquireCancelledError."""
        self._runtime.shut_down()

    def __enter__(self) -> CellClient:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], raised: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def _ask(self, request: Request, timeout: Optional[float]) -> Any:
        _wire.check(request)
        timeout_ms = to_ms(TIMEOUT_S if timeout is None else timeout, "The timeout")
        return wait_for(
            self._runtime, lambda done: self._runtime.submit(request, timeout_ms, done))
