"""The settings of the bank client, under `plugin_settings: bank:` in config.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot import ConfigurationError, HttpLimits

_RANGES = {"seconds": (0.1, 60.0), "tries": (1, 10), "connections": (1, 1_000)}
_FILES = ("cafile", "certfile", "keyfile")


class BankSettings(Struct, frozen=True):
    """`seconds` is the deadline of a question to the bank with all its calls and retries, `tries` the most attempts per
    call, `connections` the most at a time. `url` is the bank's address if no `--bank-url` is given; `cafile`,
    `certfile` and `keyfile` are for its HTTPS, as paths relative to the project."""

    seconds: float = 3.0
    tries: int = 3
    connections: int = 32
    url: str | None = None
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None

    def files(self, project: Path) -> dict[str, str]:
        """The files for HTTPS, by their parameter names of `HttpClient`."""
        return {name: str(project / given) for name in _FILES if (given := getattr(self, name))}

    @property
    def limits(self) -> HttpLimits:
        """The limits of single calls: a call times out before its question does, so that the failure names the call."""
        return HttpLimits(
            deadline_seconds=self.seconds * 0.85,
            try_seconds=self.seconds * 0.4,
            connect_seconds=self.seconds * 0.3,
            tries=self.tries,
            connections=self.connections,
            waiting=4 * self.connections,
        )


def read_bank_settings(plugin_settings: Mapping[str, Any]) -> BankSettings:
    """The settings under `bank`, or the defaults; raises ConfigurationError listing everything that is wrong."""
    given = plugin_settings.get("bank", {})
    if not isinstance(given, Mapping):
        raise ConfigurationError(["config.yml: plugin_settings: bank: write keys and values under it"])
    problems = [problem for key, value in given.items() if (problem := _problem(str(key), value))]
    if problems:
        raise ConfigurationError([f"config.yml: plugin_settings: bank: {problem}" for problem in problems])
    return BankSettings(**given)


def _problem(key: str, value: Any) -> str | None:
    if key == "url":
        good = isinstance(value, str) and value.startswith(("http://", "https://"))
        return None if good else "url is an address that begins with http:// or https://"
    if key in _FILES:
        return None if isinstance(value, str) and value else f"{key} is the path of a PEM file"
    if key not in _RANGES:
        return f"there is no {key}; it takes {', '.join(BankSettings.__struct_fields__)}"
    low, high = _RANGES[key]
    kinds, noun = ((int, float), "number") if key == "seconds" else ((int,), "whole number")
    good = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
    return None if good else f"{key} is a {noun} from {low} to {high}"
