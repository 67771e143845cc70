"""The settings of the bank client, under `plugin_settings: bank:` in config.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot import HttpLimits, Settings

_FILES = ("cafile", "certfile", "keyfile")
_FILE = {
    "type": "string",
    "minLength": 1,
    "description": "The path of a PEM file.",
    "examples": ["certificates/ca.pem"],
}


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


def bank_schema(settings: Settings) -> dict[str, Any]:
    """The JSON schema of the section: a question takes no longer than an action may."""
    most = min(60.0, settings.limits.action_seconds)
    range_of_seconds = f"Write 0.1 to {most:g}; above that, `limits: action_seconds:` ends the question."
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "seconds": {"type": "number", "minimum": 0.1, "maximum": most, "cures": {"number": range_of_seconds}},
            "tries": {"type": "integer", "minimum": 1, "maximum": 10},
            "connections": {"type": "integer", "minimum": 1, "maximum": 1_000},
            "url": {"type": "string", "pattern": "^https?://", "examples": ["url: https://bank.example"]},
            **dict.fromkeys(_FILES, _FILE),
        },
    }


def read_bank_settings(plugin_settings: Mapping[str, Any]) -> BankSettings:
    """The settings under `bank`, which follow the schema, or the defaults."""
    return BankSettings(**plugin_settings.get("bank", {}))
