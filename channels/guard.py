"""Which addresses a URL given by a customer may lead to: public ones, and nothing of ours.

One parser decides and connects (pyreqwest's, the WHATWG rules), so `https://127.1/`, `https://0x7f000001/`
and a backslash before an `@` mean the same to the check as to the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from pyreqwest.http import Url

from app.errors import Problem

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to numeric addresses; raises OSError when the name does not resolve."""

PORTS: Final = frozenset({443})

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_INSIDE_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain")


async def resolve(host: str, port: int) -> list[str]:
    """Every address the system's resolver knows, in its order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the open internet. An IPv4 address inside an IPv6 one is what counts."""
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _inner(ip)
        if inner is not None:
            ip = inner
        elif ip.is_site_local:
            return False
    # `is_global` alone lets multicast through and, before Python 3.13, some reserved blocks.
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def parse(url: str) -> Url | None:
    try:
        return Url(url)
    except ValueError:
        return None


def check_url(url: str, *, ports: Collection[int] = PORTS, allow_private: bool = False) -> Problem | None:
    """What is wrong with a customer's URL as far as can be told without the network; None = nothing.

    `allow_private` is for loopback providers in tests and the demo: it also allows http and any port.
    """
    parsed = parse(url)
    if parsed is None or not parsed.host_str:
        return Problem("url_malformed", "This is not a complete web address.", "url", "Write https://host/path.")
    if parsed.username or parsed.password is not None:
        return Problem(
            "url_userinfo",
            "A web address must not hold a user name or password.",
            "url",
            "Leave out the part before @.",
        )
    if parsed.fragment is not None:
        return Problem("url_fragment", "A web address for calls has no part after #.", "url", "Leave out the # part.")
    if allow_private:
        return None
    if parsed.scheme != "https":
        return Problem("url_not_https", "Only https is called.", "url", "Use an address that begins with https://.")
    if parsed.port_or_known_default not in ports:
        allowed = ", ".join(str(port) for port in sorted(ports))
        return Problem("url_port", f"Only port {allowed} is called.", "url", "Use the standard port.")
    host = parsed.host_str
    if is_numeric(host) and not is_public(host.strip("[]")):
        return _inside()
    name = f".{host.rstrip('.')}"
    if host.endswith(".") or name.endswith(_INSIDE_NAMES):
        return _inside()
    return None


def is_numeric(host: str) -> bool:
    """Whether a host as the URL parser wrote it is an address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def check_addresses(addresses: Collection[str]) -> Problem | None:
    """Refuse a name unless every one of its addresses is public: one inside is how rebinding starts."""
    return None if addresses and all(is_public(address) for address in addresses) else _inside()


def _inside() -> Problem:
    return Problem(
        "address_refused",
        "This address points inside a private network.",
        "url",
        "Use an address that is reachable from the public internet.",
    )
