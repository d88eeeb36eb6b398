"""From the arguments of connect() to what the core wants."""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import Iterable, Optional, Union

from . import _wire
from ._clock import to_ms
from ._core import io
from ._core.endpoint import EndpointKind, parse_dns_server, parse_endpoint
from ._resolver import has_dnspython
from .errors import bad_argument

SECRET_BYTES = 16
ENDPOINTS_VARIABLE = "HOLDFAST_ENDPOINTS"
DNS_SERVERS_VARIABLE = "HOLDFAST_DNS_SERVERS"

Endpoints = Union[str, Iterable[str], None]


def _listed(given: Endpoints, variable: str) -> list[str]:
    """The items of "a,b", of several strings, or of the variable."""
    if given is None:
        given = os.environ.get(variable, "")
    items = given.split(",") if isinstance(given, str) else list(given)
    return [item.strip() for item in items if item.strip()]


def _need_dnspython(what: str) -> None:
    if not has_dnspython():
        raise bad_argument(f"{what} needs the package dnspython (Debian: python3-dnspython), which "
                           "is not installed.")


def endpoint_list(endpoints: Endpoints) -> list[str]:
    """The endpoints of "host:port,host:port", of several such, or of HOLDFAST_ENDPOINTS."""
    found = _listed(endpoints, ENDPOINTS_VARIABLE)
    if not found:
        raise bad_argument(f"At least one endpoint (host:port or srv:domain) is needed, or "
                           f"{ENDPOINTS_VARIABLE} be set.")
    for text in found:
        try:
            endpoint = parse_endpoint(text)
        except ValueError as wrong:
            raise bad_argument(f"{wrong}") from wrong
        if endpoint.kind is EndpointKind.SERVICE:
            _need_dnspython(f"The endpoint {text}")
    return found


def dns_server_list(servers: Endpoints) -> list[str]:
    """The same of DNS servers; empty: those of the system."""
    found = _listed(servers, DNS_SERVERS_VARIABLE)
    for text in found:
        try:
            parse_dns_server(text)
        except ValueError as wrong:
            raise bad_argument(f"{wrong}") from wrong
    if found:
        _need_dnspython("A choice of DNS servers")
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
        secret: Optional[bytes], cell_name: str, dns_servers: Endpoints) -> io.CoreOptions:
    lease_ms = to_ms(lease, "The lease")
    grace_ms = to_ms(grace, "The grace period")
    if not lease_ms or grace_ms is None:
        raise bad_argument("The lease must be above 0, and the grace period a number.")
    if previous is not None:
        previous = io.PreviousSession(previous[0], _secret(previous[1]))
    options = io.CoreOptions(
        endpoints=endpoint_list(endpoints), dns_servers=dns_server_list(dns_servers),
        seed=random.SystemRandom().getrandbits(64), cell_name=cell_name,
        lease_ms=lease_ms, grace_ms=grace_ms, open_timeout_ms=to_ms(timeout),
        client_name=client_name or os.path.basename(sys.argv[0]) or "python",
        host=host or socket.gethostname(), secret=_secret(secret), instance_name=instance_name,
        previous=previous)
    _wire.check(io.Request("open_session", {
        "lease_ms": lease_ms, "client_name": options.client_name, "host": options.host,
        "instance_name": instance_name, "previous": previous}), io.Head(cell_name=cell_name))
    return options


def cell_options(endpoints: Endpoints, cell_name: str, cell_id: Optional[bytes],
                 dns_servers: Endpoints) -> io.CoreOptions:
    if cell_id is not None and len(cell_id) != 16:
        raise bad_argument("A cell id has 16 bytes.")
    _wire.check(io.Request("sync"), io.Head(cell_name=cell_name))
    return io.CoreOptions(
        endpoints=endpoint_list(endpoints), dns_servers=dns_server_list(dns_servers),
        with_session=False,
        seed=random.SystemRandom().getrandbits(64), cell_name=cell_name, cell_id=cell_id or b"")
