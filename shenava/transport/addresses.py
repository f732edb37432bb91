"""Which addresses may be called: those of the public internet, and what an administrator permits."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from crm.ports.transport import ForbiddenAddressError, UnreachableError

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) to numeric addresses, best first; raises OSError where the name has none."""

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")


def system_resolver(host: str, port: int) -> list[str]:
    """What the system's resolver says, also for spellings such as 0x7f.1 that it takes for numbers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet, and so does any address hidden in it."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_global(each) for each in (ip, *_hidden(ip)))


def _global(ip: IPv4Address | IPv6Address) -> bool:
    # is_global is False for some of the addresses that stand for another one; those are judged by it alone
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip in NAT64):
        return True
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _hidden(ip: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64, compatible."""
    if isinstance(ip, IPv4Address):
        return
    if ip.ipv4_mapped:
        yield ip.ipv4_mapped
    if ip.sixtofour:
        yield ip.sixtofour
    if ip.teredo:
        yield from ip.teredo
    if ip in NAT64 or ip in COMPATIBLE:
        yield IPv4Address(int(ip) & 0xFFFFFFFF)


class Guard:
    """Turns a host and a port into addresses that may be connected to.

    `allow` holds ``host:port`` as an administrator wrote it: a name permits whatever it
    resolves to, a number (``127.0.0.1:8080``, ``[::1]:8080``) permits that address under any name.
    """

    def __init__(self, allow: frozenset[str] = frozenset(), resolve: Resolver = system_resolver) -> None:
        self._allow = frozenset(entry.strip().lower().replace("[", "").replace("]", "") for entry in allow)
        self._resolve = resolve

    def check(self, url: str) -> None:
        """See :meth:`crm.ports.transport.Transport.check`."""
        self.addresses(*self.target(url))

    def target(self, url: str) -> tuple[str, int]:
        """Host and port of a URL that names both in an allowed scheme, else ForbiddenAddressError."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise ForbiddenAddressError(url[:200], f"it is not an address ({error})") from None
        if parts.scheme not in PORTS:
            raise ForbiddenAddressError(url[:200], "it begins with none of http, https, ws and wss")
        if not host:
            raise ForbiddenAddressError(url[:200], "it names no host")
        return host, port

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, resolved once; all of them must be permitted, else ForbiddenAddressError.

        One private address among public ones is refused too: it is how a name is turned on the inside.
        """
        name = host.strip("[]").rstrip(".").lower()
        target = f"{name}:{port}"
        try:
            found = self._resolve(name, port)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(target, f"its name has no address ({error})") from None
        if not found:
            raise UnreachableError(target, "its name has no address")
        if target not in self._allow:
            for address in found:
                if not is_public(address) and f"{address}:{port}" not in self._allow:
                    raise ForbiddenAddressError(target, f"{address} is not on the public internet")
        return list(found)
