"""What credentials.yml says about the channels, as plugins get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from bot.errors import ConfigurationError


class NoSuchEntry(ConfigurationError, KeyError):
    """credentials.yml has no entry of this name: a KeyError that says so."""

    __str__ = ConfigurationError.__str__


class Credentials(dict[str, Mapping[str, Any]]):
    """The entries of credentials.yml as written, by channel; `[…]` raises NoSuchEntry for one that is not there."""

    def __missing__(self, name: str) -> NoReturn:
        raise NoSuchEntry([f"credentials.yml has no `{name}:`; add it, with the settings of that channel"])
