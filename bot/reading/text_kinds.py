"""Kinds of text in configuration files: time zones, networks, origins, tokens, URLs, stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

_STORE = re.compile(r"sqlite:///(?!:memory:$)[^?]+(\?.*)?|postgresql(\+psycopg)?://.+", re.DOTALL)

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d+))?")
_DEFAULT_PORTS = {("http", "80"), ("https", "443")}
"""Browsers leave these out of an origin."""


def _is_timezone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # unknown names raise a KeyError, malformed ones a ValueError
        return not available_timezones()  # accept any name if the system has no time zones at all
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    """Whether a browser may send this as a page's origin, which is compared character by character."""
    if text in ("*", "null"):
        return True
    match = _ORIGIN.fullmatch(text)
    return match is not None and match.groups() not in _DEFAULT_PORTS


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        is_complete = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return False
    return is_complete and text.isprintable() and " " not in text


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_token(text: str) -> bool:
    return _is_header(text) and " " not in text


def _is_store(text: str) -> bool:
    return _STORE.fullmatch(text) is not None


TEXT_KINDS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "timezone": ("`{}`, which is not a known time zone", _is_timezone),
    "network": ("`{}`, which is not an IP address or network", _is_network),
    "origin": ("`{}`, which no browser sends as an origin", _is_origin),
    # these may contain secrets, so they are not repeated
    "header": ("not a valid header value: only printable ASCII characters are allowed", _is_header),
    "token": ("not a valid token: only printable ASCII characters are allowed, without spaces", _is_token),
    "address": ("not a URL that can be called: write `http://…` or `https://…`", _is_address),
    "store": ("not the URL of a supported store: use SQLite or PostgreSQL", _is_store),
}
"""The message about a text that is not of its kind (after "is"), and the check."""
