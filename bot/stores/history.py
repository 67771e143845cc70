"""Past turns: paging, archiving, and purging what is kept only for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from bot.engine.protocols import StoredTurn
from bot.progress import Progress
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.times import moment

_CHUNK = 500
"""Rows that one transaction moves or deletes, so that turns never wait long behind it."""

_READ = 200
"""How many turns are in memory at a time when all of a conversation's turns are read."""

# Both halves come in order from their index, so that the cost is that of a page, whatever the history's length.
_PAGE = """
    SELECT seq, at, record FROM turns WHERE conversation = :conversation AND seq {within}
    UNION ALL
    SELECT seq, at, record FROM archive WHERE conversation = :conversation AND seq {within}
    ORDER BY seq {order} LIMIT :limit"""

_BEFORE = _PAGE.format(within="< :edge", order="DESC")
_AFTER = _PAGE.format(within="> :edge", order="ASC")
_LARGEST = 2**62


def turns(
    connection: Connection, conversation: str, before: int | None, after: int | None, limit: int
) -> Sequence[StoredTurn]:
    """A page of turns, oldest first, archived or not: the first ones after `after`, else the last before `before`."""
    if after is not None:
        rows = connection.all(_AFTER, conversation=conversation, edge=after, limit=limit)
    else:
        edge = _LARGEST if before is None else before
        rows = connection.all(_BEFORE, conversation=conversation, edge=edge, limit=limit)
        rows.reverse()
    return [StoredTurn(row.seq, moment(row.at), row.record) for row in rows]


async def all_turns(database: Database, conversation: str, last: int = _LARGEST) -> AsyncIterator[StoredTurn]:
    """The conversation's turns up to the number `last`, oldest first, read a page at a time."""
    after = 0
    while after < last:
        limit = min(_READ, last - after)
        page = await database.scan(partial(turns, conversation=conversation, before=None, after=after, limit=limit))
        if not page:
            return
        for turn in page:
            yield turn
        after = page[-1].seq


async def turns_since(database: Database, conversation: str, since: datetime) -> AsyncIterator[StoredTurn]:
    """The conversation's turns from `since` on, latest first, read a page at a time."""
    before: int | None = None
    while True:
        page = await database.scan(partial(turns, conversation=conversation, before=before, after=None, limit=_READ))
        recent = [turn for turn in page if turn.at >= since]
        for turn in reversed(recent):
            yield turn
        if len(recent) < _READ:
            return
        before = page[0].seq


def archive_some(connection: Connection, conversation: str, cutoff: int) -> int:
    """Move some of a conversation's oldest turns from before `cutoff` to the archive; return how many, 0 at the end."""
    sql = "SELECT seq, at FROM turns WHERE conversation = :conversation ORDER BY seq LIMIT :limit"
    old = [row.seq for row in connection.all(sql, conversation=conversation, limit=_CHUNK) if row.at < cutoff]
    if not old:
        return 0
    span = {"conversation": conversation, "first": old[0], "last": old[-1]}
    chosen = "FROM turns WHERE conversation = :conversation AND seq BETWEEN :first AND :last"
    connection.run(
        f"INSERT INTO archive (conversation, seq, at, record) SELECT conversation, seq, at, record {chosen}", **span
    )
    return connection.run(f"DELETE {chosen}", **span)


async def conversations(database: Database, progress: Progress) -> AsyncIterator[str]:
    """The ids of all conversations, read a page at a time; each is reported to `progress`."""
    last, number = "", 0
    count = await database.scan(partial(count_of, table="conversations"))
    while names := await database.scan(partial(_after, last=last)):
        for name in names:
            progress(f"conversation {number + 1:,} of {count:,}", min(number / count, 1.0))
            yield name
            number += 1
        last = names[-1]


class ConversationRow(Struct, frozen=True):
    """One conversation: whose it is (`customer:…`, `key:…`), its sender if a backend names one, and its times."""

    id: str
    principal: str
    channel: str
    sender: str
    turns: int
    created_at: datetime
    last_turn_at: datetime | None


def listed(connection: Connection, last: str, principal: str | None) -> Sequence[ConversationRow]:
    """A page of conversations after the id `last`, by id: a principal's, or everybody's."""
    chosen = "" if principal is None else "AND principal = :principal"
    sql = f"""SELECT id, principal, channel, sender, seq, created_at, last_turn_at FROM conversations
        WHERE id > :last {chosen} ORDER BY id LIMIT :limit"""  # noqa: S608 - constants
    of = {} if principal is None else {"principal": principal}
    return [
        ConversationRow(
            row.id,
            row.principal,
            row.channel,
            row.sender,
            row.seq,
            moment(row.created_at),
            None if row.last_turn_at is None else moment(row.last_turn_at),
        )
        for row in connection.all(sql, last=last, limit=_CHUNK, **of)
    ]


def count_of(connection: Connection, table: str) -> int:
    """The number of rows in a table."""
    (row,) = connection.all(f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608 - one of our tables
    count: int = row.n
    return count


def _after(connection: Connection, last: str) -> Sequence[str]:
    sql = "SELECT id FROM conversations WHERE id > :last ORDER BY id LIMIT :limit"
    return [row.id for row in connection.all(sql, last=last, limit=_CHUNK)]


def purge_answered(connection: Connection, cutoff: int, after: int) -> tuple[int, int]:
    """Delete some answered messages from before `cutoff` with numbers above `after`.

    Returns how many were deleted, and the next `after`: 0 when there are no more.
    """
    sql = "SELECT number, arrived_at, status FROM inbox WHERE number > :after ORDER BY number LIMIT :limit"
    rows = connection.all(sql, after=after, limit=_CHUNK)
    old = [{"number": row.number} for row in rows if row.arrived_at < cutoff and row.status == "done"]
    connection.many("DELETE FROM inbox WHERE number = :number", old)
    is_last = not rows or rows[-1].arrived_at >= cutoff
    return len(old), 0 if is_last else rows[-1].number


def purge_sent(connection: Connection, cutoff: int, after: int) -> tuple[int, int]:
    """Delete some replies that were taken (or refused) before `cutoff`, as `purge_answered` does."""
    sql = "SELECT number, created_at, sent_at FROM outbox WHERE number > :after ORDER BY number LIMIT :limit"
    rows = connection.all(sql, after=after, limit=_CHUNK)
    old = [{"number": row.number} for row in rows if row.sent_at is not None and row.sent_at < cutoff]
    connection.many("DELETE FROM outbox WHERE number = :number", old)
    is_last = not rows or rows[-1].created_at >= cutoff
    return len(old), 0 if is_last else rows[-1].number
