"""Sorts of text that configuration asks for: time zones, networks, addresses of stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_STORE = re.compile(r"sqlite:///(?!:memory:$)[^?]+(\?.*)?|postgresql(\+psycopg)?://.+", re.DOTALL)


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


def _is_store(text: str) -> bool:
    return _STORE.fullmatch(text) is not None


SORTS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "timezone": ("`{}`, which is no time zone", _is_timezone),
    "network": ("`{}`, which is no address or network", _is_network),
    # a password may stand in it, so that it is not repeated
    "store": ("no URL of a store that can be used: SQLite or PostgreSQL", _is_store),
}
"""What to say of a text that is none of its sort, and how to tell."""
