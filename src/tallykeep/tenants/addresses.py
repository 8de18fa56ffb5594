"""Addresses of clients, and the networks that a key may be used from; IPv4 within IPv6 counts as IPv4."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tallykeep.tenants.callers import Network

_MAPPED_PREFIX = 96  # ::ffff:0:0/96, RFC 4291, section 2.5.5.2
_SITE_PREFIX = 64  # what one client is given of IPv6 at least, RFC 6177
_MAX_LENGTH = 64


def read_network(text: str) -> Network:
    """Read `192.0.2.0/24`, `2001:db8::/32` or a single address; raise ValueError, which says what is wrong."""
    network = ip_network(text.strip())
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    if mapped is None or network.prefixlen < _MAPPED_PREFIX:
        return network
    return ip_network((mapped, network.prefixlen - _MAPPED_PREFIX))


def is_within(networks: Iterable[Network], address: str | None) -> bool:
    """Return whether one of these networks has the address; one that cannot be read, or none, is in no network."""
    client = _read_address(address or "")
    return client is not None and any(client in network for network in networks)


def are_all_within(networks: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether each of these networks lies within one of the others; there has to be one, for none means any."""
    inner, outer = [list(map(read_network, each)) for each in (networks, others)]
    return bool(inner) and all(any(_is_subnet(each, other) for other in outer) for each in inner)


def _is_subnet(network: Network, other: Network) -> bool:
    first, last = network.network_address, network.broadcast_address
    return network.version == other.version and first in other and last in other


@lru_cache(maxsize=10_000)
def as_one_client(address: str | None) -> str:
    """Return what an address is counted as: itself, and of IPv6 its /64, in which one client has all there are."""
    client = _read_address(address or "")
    if client is None:
        return (address or "")[:_MAX_LENGTH]
    return str(client if client.version == 4 else ip_network((client, _SITE_PREFIX), strict=False))


def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if address.version == 6 else None) or address
