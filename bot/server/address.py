"""The address a request comes from: the socket's, unless that is a trusted proxy's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aiohttp import web

from bot.auth.addresses import address_of, network_of
from bot.errors import ConfigurationError

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+", re.ASCII)


class TrustedProxies:
    """The proxies whose X-Forwarded-For counts; addresses or networks. Raises ConfigurationError for anything else.

    `on_unreadable` is called with the first of them that sends something other than an address: all its clients count
    as one.
    """

    def __init__(self, trusted: Sequence[str], on_unreadable: Callable[[str], None] = lambda _: None) -> None:
        self._on_unreadable = on_unreadable
        self._is_reported = False
        self._networks = []
        for text in trusted:
            try:
                self._networks.append(network_of(text))
            except ValueError:
                raise ConfigurationError([f"server.trusted_proxies: {text!r} is not an address or network"]) from None

    def client(self, request: web.Request) -> str:
        """The nearest address that is not a trusted proxy's; anything to its left may be forged."""
        address = request.remote or ""
        if not self._networks or not self._is_trusted(address):
            return address
        hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        for hop in reversed(hops):
            given = _address(hop)
            if given is None:
                self._report_once(address)
                break
            address = given
            if not self._is_trusted(given):
                break
        return address

    def _report_once(self, proxy: str) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._on_unreadable(proxy)

    def _is_trusted(self, address: str) -> bool:
        parsed = address_of(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _address(hop: str) -> str | None:
    """The address in a proxy's entry, which may be quoted, bracketed or have a port; None if there is none."""
    text = hop.strip('"')
    with_port = _WITH_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port[1] or with_port[2] or ""
    return text if address_of(text) else None
