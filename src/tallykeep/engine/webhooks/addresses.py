"""Which addresses an event may be sent to: those of the public internet, unless the operator allows private ones."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# A name and a port to the addresses it has now; raises OSError where it has none.
Resolve = Callable[[str, int], Awaitable[list[str]]]

_RESOLVE_SECONDS = 5.0
# A name server that never answers keeps a thread for as long as the system's resolver waits: more than are in flight.
_threads = ThreadPoolExecutor(64, "resolve")

# IANA's registry of special-purpose addresses, and those of cloud services that are public by number only.
_REFUSED_V4 = {
    IPv4Network(network): what
    for network, what in (
        ("0.0.0.0/8", "unspecified"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "shared by carriers (CGNAT)"),
        ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local, as cloud metadata is"),
        ("172.16.0.0/12", "private"), ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"), ("192.168.0.0/16", "private"), ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"), ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"), ("168.63.129.16/32", "a cloud's own service"),
    )
}  # fmt: skip
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = {
    IPv6Network(network): what
    for network, what in (
        ("::/128", "unspecified"), ("::1/128", "loopback"), ("::ffff:0:0/96", "an IPv4 address in disguise"),
        ("::/96", "an IPv4 address in disguise"), ("64:ff9b::/96", "a translated IPv4 address"),
        ("64:ff9b:1::/48", "a translated IPv4 address"), ("100::/64", "discarded"), ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"), ("2001:db8::/32", "for documentation"), ("2002::/16", "6to4"),
        ("3fff::/20", "for documentation"), ("fc00::/7", "unique local"), ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"), ("ff00::/8", "multicast"),
    )
}  # fmt: skip


class TargetRefusedError(Exception):
    """An event is not sent to this host; the message says why."""


def why_refused(address: str) -> str | None:
    """Say what an address is if it is none of the public internet; None where it is."""
    known = ip_address(address)
    if isinstance(known, IPv4Address):
        return next((what for network, what in _REFUSED_V4.items() if known in network), None)
    if refused := next((what for network, what in _REFUSED_V6.items() if _plain(known) in network), None):
        return refused
    return None if _plain(known) in _GLOBAL_V6 else "reserved"


def _plain(address: IPv6Address) -> IPv6Address:
    """Return the address without the name of an interface."""
    return IPv6Address(int(address))


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver; raise OSError where it knows no address, or does not answer within 5 seconds."""
    looking_up = asyncio.get_running_loop().run_in_executor(
        _threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            return list(dict.fromkeys(str(entry[4][0]) for entry in await looking_up))
    except TimeoutError:
        raise OSError("no answer from the name server") from None


async def checked_addresses(host: str, port: int, resolve: Resolve, *, allow_private: bool) -> list[str]:
    """Return the addresses that the host has now, each of them checked.

    One that may not be sent to refuses the host, by TargetRefusedError, which says what it is; so is one without any.
    """
    try:
        addresses = await resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise TargetRefusedError(f"the host {host} has no address that can be found: {_reason(error)}") from None
    if not addresses:
        raise TargetRefusedError(f"the host {host} has no address that can be found")
    for address in addresses if not allow_private else ():
        if refused := why_refused(address):
            # Which address it is, is nobody's business who asks from outside.
            raise TargetRefusedError(
                f"the host {host} has an address that is {refused}; events go to public addresses only"
            )
    return addresses


def _reason(error: OSError | UnicodeError) -> str:
    return str(getattr(error, "strerror", None) or error)
