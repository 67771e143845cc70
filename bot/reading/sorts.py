"""Sorts of text that configuration asks for: time zones, networks, origins, tokens, addresses, stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

_STORE = re.compile(r"sqlite:///(?!:memory:$)[^?]+(\?.*)?|postgresql(\+psycopg)?://.+", re.DOTALL)

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d+))?")
_LEFT_OUT = {("http", "80"), ("https", "443")}
"""Ports that no browser writes into an origin."""


def _is_timezone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # unknown names raise a KeyError, malformed ones a ValueError
        return not available_timezones()  # where the system knows none at all, there is no telling
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    """Whether a browser may send this as a page's origin, which is compared letter by letter."""
    match = _ORIGIN.fullmatch(text)
    return text in ("*", "null") or (match is not None and match.groups() not in _LEFT_OUT)


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        may_be_called = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return False
    return may_be_called and text.isprintable() and " " not in text


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_token(text: str) -> bool:
    return _is_header(text) and " " not in text


def _is_store(text: str) -> bool:
    return _STORE.fullmatch(text) is not None


SORTS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "timezone": ("`{}`, which is no time zone", _is_timezone),
    "network": ("`{}`, which is no address or network", _is_network),
    "origin": ("`{}`, which no browser sends as an origin", _is_origin),
    # a secret may stand in these, so that they are not repeated
    "header": ("no value of a header: only letters, digits and signs of ASCII may stand in it", _is_header),
    "token": ("no token: only letters, digits and signs of ASCII may stand in it, without spaces", _is_token),
    "address": ("no address that can be called: `http://…` or `https://…`", _is_address),
    "store": ("no URL of a store that can be used: SQLite or PostgreSQL", _is_store),
}
"""What to say of a text that is none of its sort, and how to tell."""
