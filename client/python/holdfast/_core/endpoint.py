"""What a program writes to say where replicas are, and what that stands for."""

from __future__ import annotations

import enum
import ipaddress
import re
from typing import NamedTuple

SERVICE_PREFIX = "srv:"
SERVICE_NAME = "_holdfast._tcp."
NAME_BYTES_MAX = 253
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


class EndpointKind(enum.Enum):
    ADDRESS = "address"  # 10.0.0.1:7101, [fd00::1]:7101
    NAME = "name"  # r1.example.com:7101; all of its addresses are replicas.
    SERVICE = "service"  # srv:main.example.com: SRV records of _holdfast._tcp.main.example.com.


class Endpoint(NamedTuple):
    kind: EndpointKind
    host: str  # Without brackets; of a service its domain.
    port: int  # 0 of a service.


class Place(NamedTuple):
    """One replica, or several that cannot be told apart: what an endpoint stands for at the moment.

    `name` is host:port as it was written or stands in the SRV record; `addresses` are not empty.
    The lowest priority is tried first; weights give each place its share among those of one
    priority.
    """

    name: str
    addresses: list[str]
    priority: int = 0
    weight: int = 0


def host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _malformed(text: str, why: str) -> ValueError:
    return ValueError(f"{text!r} is no endpoint: {why}; it must be host:port, [address]:port or "
                      "srv:domain")


def is_v4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def is_v6(host: str) -> bool:
    """With or without a zone: fe80::1%eth0."""
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    # Digits alone at the end: an address that is none, as 10.0.0.256.
    return (len(host) <= NAME_BYTES_MAX and all(_LABEL.fullmatch(label) for label in labels)
            and not labels[-1].isdigit())


def parse_endpoint(text: str) -> Endpoint:
    """ValueError with a sentence that names the text and the forms."""
    domain = text.removeprefix(SERVICE_PREFIX)
    if domain != text and not domain.isdigit():  # A host may be called srv.
        if domain.startswith("_"):
            raise _malformed(text, f"the records are those of {SERVICE_NAME}domain, and only the "
                             "domain is written")
        if not _is_name(domain) or len(domain) + len(SERVICE_NAME) > NAME_BYTES_MAX:
            raise _malformed(text, "what follows srv: is no domain")
        return Endpoint(EndpointKind.SERVICE, domain, 0)
    if text.startswith(SERVICE_NAME):
        raise _malformed(text, "records are asked for with srv:")
    host, colon, digits = text.rpartition(":")
    if not colon:
        raise _malformed(text, "it has no port")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 10
    if not is_number or not 0 < int(digits) < 65536:
        raise _malformed(text, "a port is a number from 1 to 65535")
    port = int(digits)
    if host.startswith("[") and host.endswith("]"):
        if not is_v6(host[1:-1]):
            raise _malformed(text, "what stands in brackets is no IPv6 address")
        return Endpoint(EndpointKind.ADDRESS, host[1:-1], port)
    if is_v4(host):
        return Endpoint(EndpointKind.ADDRESS, host, port)
    if ":" in host:
        raise _malformed(text, "an IPv6 address stands in brackets")
    if not _is_name(host):
        raise _malformed(text, "it has no host")
    return Endpoint(EndpointKind.NAME, host, port)


def parse_dns_server(text: str) -> tuple[str, int]:
    """An address, with ":port" if that is not 53; else ValueError."""
    if is_v4(text) or is_v6(text):
        return text, 53
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        endpoint = None
    if endpoint is None or endpoint.kind is not EndpointKind.ADDRESS:
        raise ValueError(f"{text!r} is no DNS server; it must be an address, address:port or "
                         "[address]:port")
    return endpoint.host, endpoint.port
