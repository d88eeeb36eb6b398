"""What endpoints stand for, by the system's resolver and DNS. SRV records, and DNS servers other
than the system's, need dnspython (Debian: python3-dnspython)."""

from __future__ import annotations

import functools
import queue
import socket
import threading
import time
from typing import Any, Callable, Sequence, Union

from ._core.endpoint import (
    SERVICE_NAME, Endpoint, EndpointKind, Place, host_and_port, parse_dns_server, parse_endpoint)

TIME_MAX_S = 5.0  # A lookup answers within this time, with what it has by then.
SERVER_S = 0.5  # After which the next DNS server is asked.
PLACES_MAX = 64  # Of one service; and of addresses of one name. More are passed over.

Found = Union[list[Place], str]  # The places, or why there are none.


class LookupFailure(Exception):
    """Says why."""


def has_dnspython() -> bool:
    try:
        import dns.resolver  # noqa: F401
    except ImportError:
        return False
    return True


def _start(run: Callable[[], None], name: str) -> None:
    threading.Thread(target=run, name=name, daemon=True).start()


class Resolver:
    """Each lookup has threads of its own: the system's resolver blocks, for longer than anybody
    would wait."""

    def __init__(self, dns_servers: Sequence[str]) -> None:
        self._servers = [parse_dns_server(text) for text in dns_servers]

    def look_up(self, endpoint: str, done: Callable[[Found], None]) -> None:
        """`done` is called once, on another thread."""
        def run() -> None:
            deadline = time.monotonic() + TIME_MAX_S
            try:
                found: Found = self._find(parse_endpoint(endpoint), deadline)
            except Exception as failure:  # Also: no thread to be had. An answer there must be.
                found = str(failure) or type(failure).__name__
            done(found)

        _start(run, "holdfast-lookup")

    def _find(self, endpoint: Endpoint, deadline: float) -> list[Place]:
        if endpoint.kind is EndpointKind.NAME:
            name = host_and_port(endpoint.host, endpoint.port)
            return self._with_addresses([(endpoint.host, endpoint.port, Place(name, []))], deadline)
        name = SERVICE_NAME + endpoint.host
        wanted = []
        for record in self._ask_dns(name, "SRV", deadline):
            target = record.target.to_text(omit_final_dot=True)
            if target in (".", "@", "") or record.port == 0:
                continue
            wanted.append((target, record.port, Place(
                host_and_port(target, record.port), [], record.priority, record.weight)))
        if not wanted:
            raise LookupFailure(f"{name}: the only SRV record says that there is no such service "
                                '(its target is ".")')
        return self._with_addresses(wanted[:PLACES_MAX], deadline)

    def _with_addresses(self, wanted: list[tuple[str, int, Place]],
                        deadline: float) -> list[Place]:
        """Those that have addresses, all looked up at once; those that have none, or take too long,
        are passed over while others have."""
        answers: queue.SimpleQueue[tuple[int, Union[list[str], str]]] = queue.SimpleQueue()

        def find(index: int, host: str, port: int) -> None:
            try:
                answers.put((index, self._addresses(host, port, deadline)))
            except LookupFailure as failure:
                answers.put((index, str(failure)))

        for index, (host, port, _) in enumerate(wanted):
            _start(functools.partial(find, index, host, port), "holdfast-lookup")
        places, failure = [], "no DNS server answered in time"
        for _ in wanted:
            try:
                index, found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(found, str):
                failure = found
            else:
                places.append(wanted[index][2]._replace(addresses=found[:PLACES_MAX]))
        if not places:
            raise LookupFailure(failure)
        return places

    def _addresses(self, host: str, port: int, deadline: float) -> list[str]:
        if not self._servers:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as failure:
                raise LookupFailure(f"{host}: {failure}") from failure
            return list(dict.fromkeys(host_and_port(entry[4][0], port) for entry in found))
        addresses, failures = [], []
        for kind in ("A", "AAAA"):
            try:
                addresses += [host_and_port(record.address, port)
                              for record in self._ask_dns(host, kind, deadline)]
            except LookupFailure as failure:
                failures.append(failure)
        if not addresses:
            raise failures[0]
        return addresses

    def _ask_dns(self, name: str, kind: str, deadline: float) -> list[Any]:
        import dns.exception
        import dns.resolver
        try:
            resolver = dns.resolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [address for address, _ in self._servers]
                resolver.nameserver_ports = dict(self._servers)
            resolver.timeout = SERVER_S
            return list(resolver.resolve(
                name, kind, search=True, lifetime=max(0.1, deadline - time.monotonic())))
        except dns.resolver.NXDOMAIN as failure:
            raise LookupFailure(f"{name}: there is no such name") from failure
        except dns.resolver.NoAnswer as failure:
            what = "SRV records" if kind == "SRV" else "address"
            raise LookupFailure(f"{name}: the name has no {what}") from failure
        except dns.exception.Timeout as failure:
            raise LookupFailure(f"{name}: no DNS server answered in time") from failure
        except Exception as failure:
            # Whatever strange bytes do to the library, the session goes on.
            raise LookupFailure(f"{name}: {failure or type(failure).__name__}") from failure
