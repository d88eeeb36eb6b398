"""From the arguments of connect() to what the core wants."""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import Iterable, Optional, Union

from . import _wire
from ._channel import split
from ._clock import to_ms
from ._core import io
from .errors import bad_argument

SECRET_BYTES = 16
ENDPOINTS_VARIABLE = "HOLDFAST_ENDPOINTS"

Endpoints = Union[str, Iterable[str], None]


def endpoint_list(endpoints: Endpoints) -> list[str]:
    """The endpoints of "host:port,host:port", of several such, or of HOLDFAST_ENDPOINTS."""
    if endpoints is None:
        endpoints = os.environ.get(ENDPOINTS_VARIABLE, "")
    given = endpoints.split(",") if isinstance(endpoints, str) else list(endpoints)
    found = [endpoint.strip() for endpoint in given if endpoint.strip()]
    if not found:
        raise bad_argument(
            f"At least one endpoint (host:port) is needed, or {ENDPOINTS_VARIABLE} be set.")
    for endpoint in found:
        try:
            split(endpoint)
        except ValueError as wrong:
            raise bad_argument(f"{wrong}") from wrong
    return found


def _secret(secret: Optional[bytes]) -> bytes:
    if secret is None:
        return os.urandom(SECRET_BYTES)
    if len(secret) != SECRET_BYTES:
        raise bad_argument(f"The secret of a session has {SECRET_BYTES} bytes.")
    return bytes(secret)


def session_options(
        endpoints: Endpoints, lease: float, grace: float, timeout: Optional[float],
        client_name: str, host: str, instance_name: str, previous: Optional[io.PreviousSession],
        secret: Optional[bytes], cell_name: str) -> io.CoreOptions:
    lease_ms = to_ms(lease, "The lease")
    grace_ms = to_ms(grace, "The grace period")
    if not lease_ms or grace_ms is None:
        raise bad_argument("The lease must be above 0, and the grace period a number.")
    if previous is not None:
        previous = io.PreviousSession(previous[0], _secret(previous[1]))
    options = io.CoreOptions(
        endpoints=endpoint_list(endpoints), seed=random.SystemRandom().getrandbits(64),
        cell_name=cell_name, lease_ms=lease_ms, grace_ms=grace_ms,
        open_timeout_ms=to_ms(timeout),
        client_name=client_name or os.path.basename(sys.argv[0]) or "python",
        host=host or socket.gethostname(), secret=_secret(secret), instance_name=instance_name,
        previous=previous)
    _wire.check(io.Request("open_session", {
        "lease_ms": lease_ms, "client_name": options.client_name, "host": options.host,
        "instance_name": instance_name, "previous": previous}), io.Head(cell_name=cell_name))
    return options


def cell_options(endpoints: Endpoints, cell_name: str, cell_id: Optional[bytes]) -> io.CoreOptions:
    if cell_id is not None and len(cell_id) != 16:
        raise bad_argument("A cell id has 16 bytes.")
    _wire.check(io.Request("sync"), io.Head(cell_name=cell_name))
    return io.CoreOptions(
        endpoints=endpoint_list(endpoints), with_session=False,
        seed=random.SystemRandom().getrandbits(64), cell_name=cell_name, cell_id=cell_id or b"")
