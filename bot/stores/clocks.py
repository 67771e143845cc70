"""Checks that this machine's clock agrees with the database server's; each machine judges expiry by its own clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.links import Tell

_REPORTED_ABOVE = 2.0
_REFUSED_ABOVE = 30.0
"""Seconds of difference that are reported, and that are refused: sessions can be as short as minutes."""

_NOW = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8 AS now"


async def check_clock(
    database: Database, tell: Tell = lambda event, reason: None, *, now: Callable[[], float] = time.time
) -> None:
    """Raise StoreUnavailable if this machine's clock, `now`, is far from the database server's; `tell` if less far.

    An SQLite store is used by one machine, with one clock.
    """
    if database.dialect.name == "sqlite":
        return
    ahead = await database.read(partial(_ahead, now=now))
    direction = "ahead of" if ahead > 0 else "behind"
    problem = f"this machine's clock is {abs(ahead):.1f} s {direction} the database server's"
    if abs(ahead) > _REFUSED_ABOVE:
        raise StoreUnavailable(f"{problem}: it would end sessions at the wrong time; let NTP set the clocks of both")
    if abs(ahead) > _REPORTED_ABOVE:
        tell("clock differs", problem)


def _ahead(connection: Connection, now: Callable[[], float]) -> float:
    """Seconds that `now` is ahead of the server's clock; the duration of the query counts neither way."""
    before = now()
    row = connection.one(_NOW)
    after = now()
    assert row is not None
    theirs: float = row.now
    return max(before - theirs, 0.0) + min(after - theirs, 0.0)
