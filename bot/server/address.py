"""The address a request comes from: the socket's, unless that is a proxy we were told to trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from bot.errors import ConfigurationError


class TrustedProxies:
    """The proxies whose X-Forwarded-For counts; addresses or networks. Raises ConfigurationError for anything else."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks = []
        for text in trusted:
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                raise ConfigurationError([f"server.trusted_proxies: {text!r} is no address or network"]) from None

    def client(self, request: web.Request) -> str:
        """The nearest address that is not a trusted proxy's; what stands left of it was made up by anyone."""
        address = request.remote or ""
        if not self._networks or not self._is_trusted(address):
            return address
        hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        for hop in reversed(hops):
            if not _is_address(hop):
                break
            address = hop
            if not self._is_trusted(hop):
                break
        return address

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
