"""Parses IP addresses and networks; an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is read as the IPv4 address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MAPPED_PREFIX = 96
"""Bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2)."""


def address_of(text: str) -> Address | None:
    """The address, or None if the text is not one."""
    try:
        return _unmapped(ip_address(text))
    except ValueError:
        return None


def network_of(text: str) -> Network:
    """The network, or the network of a single address; raises ValueError if the text is neither."""
    network = ip_network(text, strict=False)
    first = _unmapped(network.network_address)
    if first.version == network.version or network.prefixlen < _MAPPED_PREFIX:
        return network
    return ip_network((first, network.prefixlen - _MAPPED_PREFIX))


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
