"""Internet addresses as they are written; an IPv4 one is the same when IPv6 carries it (`::ffff:192.0.2.1`)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_CARRIED = 96
"""So many bits stand before an IPv4 address that IPv6 carries (RFC 4291, 2.5.5.2)."""


def address_of(text: str) -> Address | None:
    """The address; None for what is none."""
    try:
        return _plain(ip_address(text))
    except ValueError:
        return None


def network_of(text: str) -> Network:
    """The network, or the one address; raises ValueError for what is neither."""
    network = ip_network(text, strict=False)
    first = _plain(network.network_address)
    if first.version == network.version or network.prefixlen < _CARRIED:
        return network
    return ip_network((first, network.prefixlen - _CARRIED))


def _plain(address: Address) -> Address:
    return getattr(address, "ipv4_mapped", None) or address
