"""Deletes conversations completely: turns, answers and pending work. A server may be running meanwhile.

One statement checks and deletes the conversation's row, so that a turn under way either committed before, and is
deleted too, or finds its conversation gone and commits nothing. A conversation is left alone while a worker on
PostgreSQL holds it, and while the outcome of an outside change is unknown: its user must still be told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.errors import BotError
from bot.progress import Progress, silent
from bot.stores import history
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.times import micros

_AT_ONCE = 100
"""How many conversations one transaction deletes, so that turns never wait long behind it."""

_RETRY_EVERY = 0.25
"""Seconds until what cannot be done yet is tried again."""

_BUSY = (
    "the rows are deleted, but other processes kept reading the store for {seconds:.0f} seconds, so that its log "
    "(the file with -wal) may still have them: run the command again"
)
_PATIENCE = 5.0
"""Seconds to wait for processes that read the store when old conversations are deleted."""

_CLOCK = {
    "sqlite": "0",  # nobody holds conversations there
    "postgresql": "(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000)::bigint",
}

_DELETE = """
    DELETE FROM conversations WHERE id = :id AND lease_until <= {clock}
    AND NOT EXISTS (SELECT 1 FROM effects e
        WHERE e.conversation = conversations.id AND e.status IN ('spending', 'unknown'))"""

_OLD = """
    AND COALESCE(last_turn_at, created_at) < :before
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = conversations.id AND i.status = 'accepted')
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = conversations.id AND o.status = 'due')
    AND NOT EXISTS (SELECT 1 FROM reminders r WHERE r.conversation = conversations.id)"""

_BY_CONVERSATION = ("turns", "archive", "inbox", "reminders")
_WITHOUT_INDEX = ("outbox", "effects")
"""Scanned completely for a conversation's rows, so that this is done once for all that are deleted together."""

_BY_PRINCIPAL = "SELECT id FROM conversations WHERE principal = :principal ORDER BY id"


async def delete_old(database: Database, older_than: datetime, *, progress: Progress = silent) -> int:
    """Delete the conversations whose last turn was before `older_than`; return how many.

    Those with pending work stay: an accepted message, a reply to deliver, a reminder, an open effect.
    """
    deleted: list[str] = []
    names: list[str] = []
    async for name in history.conversations(database, progress):
        names.append(name)
        if len(names) == _AT_ONCE:
            deleted += await _delete(database, names, before=micros(older_than))
            names = []
    deleted += await _delete(database, names, before=micros(older_than))
    await _finish(database, deleted, patience=_PATIENCE)
    return len(deleted)


async def delete_all_of(database: Database, principal: str, *, patience: float) -> tuple[int, Sequence[str]]:
    """Delete all conversations of a principal who begins no more turns; return how many, and the ids of those left.

    `patience` is how long (seconds) to wait for turns under way and for effects without an outcome, and then again
    for other processes that read the store; raises BotError if they still do.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    deleted: list[str] = []
    while left := await conversations_of(database, principal):
        before = len(deleted)
        for start in range(0, len(left), _AT_ONCE):
            deleted += await _delete(database, left[start : start + _AT_ONCE])
        if len(deleted) - before == len(left):
            continue
        if loop.time() > until:
            break
        await asyncio.sleep(_RETRY_EVERY)
    await _finish(database, deleted, patience=patience)
    return len(deleted), left


async def conversations_of(database: Database, principal: str) -> Sequence[str]:
    """The ids of a principal's conversations."""
    rows = await database.scan(lambda connection: connection.all(_BY_PRINCIPAL, principal=principal))
    return [row.id for row in rows]


async def _delete(database: Database, names: Sequence[str], *, before: int | None = None) -> Sequence[str]:
    """Delete those of the conversations that may be deleted, with all that is theirs; return their ids."""
    sql = _DELETE.format(clock=_CLOCK[database.dialect.name])
    limits = {}
    if before is not None:
        sql += _OLD
        limits["before"] = before

    def work(connection: Connection) -> Sequence[str]:
        if database.dialect.name == "sqlite":
            connection.all("PRAGMA secure_delete = ON")  # what was deleted is overwritten in the file
        gone = [name for name in sorted(names) if connection.run(sql, id=name, **limits)]
        _delete_rest(connection, gone)
        return gone

    began = time.monotonic()
    gone = await database.write(work) if names else []
    if len(names) == _AT_ONCE:
        await asyncio.sleep(time.monotonic() - began)  # turns that waited behind this batch go before the next
    return gone


def _delete_rest(connection: Connection, names: Sequence[str]) -> None:
    if not names:
        return
    rows = [{"id": name} for name in names]
    for table in _BY_CONVERSATION:
        connection.many(f"DELETE FROM {table} WHERE conversation = :id", rows)  # noqa: S608 - our own names
    ids = {f"id_{number}": name for number, name in enumerate(names)}
    placeholders = ", ".join(f":{parameter}" for parameter in ids)
    for table in _WITHOUT_INDEX:
        connection.run(f"DELETE FROM {table} WHERE conversation IN ({placeholders})", **ids)  # noqa: S608 - as above


async def _finish(database: Database, deleted: Sequence[str], *, patience: float) -> None:
    """Delete messages that PostgreSQL accepted during the deletion, and what SQLite's log still has of it all."""
    rows = [{"id": name} for name in deleted]
    await database.write(lambda c: c.many("DELETE FROM inbox WHERE conversation = :id", rows))
    if database.dialect.name == "sqlite":
        await _empty_log(database, patience)


async def _empty_log(database: Database, patience: float) -> None:
    """Empty SQLite's log; raises BotError if other processes keep reading it for `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        (row,) = await database.read(partial(Connection.all, sql="PRAGMA wal_checkpoint(TRUNCATE)"))
        if not row.busy:
            return
        if time.monotonic() > until:
            raise BotError(_BUSY.format(seconds=patience))
        await asyncio.sleep(_RETRY_EVERY)
