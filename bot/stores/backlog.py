"""Counts the work that waits in the store, for the metrics."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bot.stores.connection import Connection
from bot.stores.times import moment


class Backlog(Struct, frozen=True):
    """How many replies wait to be delivered, how many outside changes have no known outcome, and since when."""

    deliveries: int
    effects: int
    oldest_effect: datetime | None


_SELECT = """
    SELECT (SELECT count(*) FROM outbox WHERE status = 'due') AS deliveries,
           (SELECT count(*) FROM effects WHERE status IN ('spending', 'unknown')) AS effects,
           (SELECT min(at) FROM effects WHERE status IN ('spending', 'unknown')) AS oldest"""


def backlog_of(connection: Connection) -> Backlog:
    """The current backlog of all workers together."""
    row = connection.one(_SELECT)
    assert row is not None
    return Backlog(row.deliveries, row.effects, None if row.oldest is None else moment(row.oldest))
