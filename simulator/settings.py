"""The settings that a simulated bank is started with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def utc_now() -> datetime:
    """The current time (aware, UTC) of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The settings of a simulated bank.

    They are the bot's credentials (`client_id`, `client_secret`), the key for injecting faults (`admin_key`), the
    bank's own file, its seed, and its clock (aware UTC). `requests_per_minute` applies per customer, across all their
    tokens; None: no limit.
    """

    client_id: str
    client_secret: str = field(repr=False)
    admin_key: str = field(repr=False)
    database: Path
    seed: int = 7
    now: Callable[[], datetime] = utc_now

    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A bank's base URL, the bot's credentials there, and the admin key if it is known."""

    url: str
    client_id: str
    secret: str = field(repr=False)
    admin_key: str = field(default="", repr=False)
