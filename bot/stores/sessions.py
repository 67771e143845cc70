"""Customers' sessions, by the sha256 of their token."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from bot.stores.commits import LOCK_CUSTOMER
from bot.stores.connection import Connection, Row
from bot.stores.database import Database
from bot.stores.times import micros, moment


class SessionRow(Struct, frozen=True):
    """One token of a session. `token` is the sha256 (hex); `id` is public and stays over rotations.

    `replaces` is the hash of the previous token, until this one is first used.
    `bank_customer_id` and `account_number` are the customer's, filled by reads.
    """

    token: str
    id: str
    customer: str
    created_at: datetime
    idle_until: datetime
    absolute_until: datetime
    replaces: str | None = None
    bank_customer_id: str = ""
    account_number: str = ""


_SELECT = """
    SELECT s.token_hash, s.id, s.customer, s.created_at, s.idle_until, s.absolute_until, s.replaces,
           c.bank_customer_id, c.account_number
    FROM sessions s JOIN customers c ON c.id = s.customer
    WHERE c.disabled = 0 AND s.idle_until > :now AND s.absolute_until > :now
      AND (s.dies_at IS NULL OR s.dies_at > :now)"""
_BY_TOKEN = f"{_SELECT} AND s.token_hash = :token"
_BY_TOKENS = f"{_SELECT} AND s.token_hash = ANY(:tokens)"

_LOCK_CUSTOMER = f"{LOCK_CUSTOMER} AND code_hash = COALESCE(:hash, code_hash)"


class SessionStore:
    """The `sessions` table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._find = _find if database.dialect.name == "sqlite" else _find_together

    async def add(self, row: SessionRow, *, code_hash: str | None = None) -> bool:
        """Add a session; False when the customer is disabled, or has another hash than `code_hash` (None: any) by now.

        The check locks the customer's row, so that a code reset or a disabling comes either
        before, and is seen here, or after, and ends this session with the others.
        """

        def work(connection: Connection) -> bool:
            if not connection.run(_LOCK_CUSTOMER, id=row.customer, hash=code_hash):
                return False
            _insert(connection, row)
            return True

        return await self._database.write(work)

    async def live(self, token: str, now: datetime) -> SessionRow | None:
        """The session with this token hash, if it is live and its customer is not disabled: one indexed read."""
        row = await self._database.look_together(self._find, (token, micros(now)))
        return _session(row) if row else None

    async def settle_rotation(self, token: str, replaced: str) -> None:
        """End the token that the new one replaces, because the new one was used."""

        def work(connection: Connection) -> None:
            connection.run("DELETE FROM sessions WHERE token_hash = :token", token=replaced)
            connection.run("UPDATE sessions SET replaces = NULL WHERE token_hash = :token", token=token)

        await self._database.write(work)

    async def rotate(self, new: SessionRow, *, old_until: datetime) -> bool:
        """Add the new token beside the old one, which expires at `old_until`; False if the old one is gone.

        An unused token of an earlier rotation of the old one is dropped: a token has one successor.
        """

        def work(connection: Connection) -> bool:
            kept = connection.run(
                "UPDATE sessions SET dies_at = COALESCE(dies_at, :until) WHERE token_hash = :token",
                until=micros(old_until),
                token=new.replaces,
            )
            if not kept:
                return False
            connection.run("DELETE FROM sessions WHERE replaces = :token", token=new.replaces)
            _insert(connection, new)
            return True

        return await self._database.write(work)

    async def extend(self, token: str, idle_until: datetime) -> None:
        """Move the idle expiry forward."""
        sql = "UPDATE sessions SET idle_until = :until WHERE token_hash = :token AND idle_until < :until"
        await self._database.write(lambda connection: connection.run(sql, until=micros(idle_until), token=token))

    async def list(self, now: datetime, *, customer: str | None, limit: int) -> Sequence[SessionRow]:
        """The live sessions, newest first; a token that is being replaced is not shown beside its successor.

        `customer`: their id here or at the bank, None for all.
        """
        chosen = ""
        parameters: dict[str, int | str] = {"now": micros(now), "limit": limit}
        if customer is not None:
            chosen = " AND (s.customer = :customer OR c.bank_customer_id = :customer)"
            parameters["customer"] = customer
        sql = f"{_SELECT} AND s.dies_at IS NULL{chosen} ORDER BY s.created_at DESC, s.id LIMIT :limit"
        rows = await self._database.read(lambda connection: connection.all(sql, **parameters))
        return [_session(row) for row in rows]

    async def end(self, session_id: str) -> bool:
        """End a session, with all its tokens; False if there is none."""
        sql = "DELETE FROM sessions WHERE id = :id"
        return await self._database.write(lambda connection: end_sessions(connection, sql, id=session_id)) > 0

    async def count(self, now: datetime) -> int:
        """The number of live sessions."""
        sql = "SELECT COUNT(*) FROM sessions WHERE idle_until > :now AND absolute_until > :now AND dies_at IS NULL"
        rows = await self._database.read(lambda connection: connection.all(sql, now=micros(now)))
        return int(rows[0][0])

    async def clear(self, now: datetime) -> int:
        """Delete expired tokens; return how many."""
        sql = "DELETE FROM sessions WHERE idle_until <= :now OR absolute_until <= :now OR dies_at <= :now"
        return await self._database.write(lambda connection: connection.run(sql, now=micros(now)))


def end_sessions(connection: Connection, delete: str, **values: str) -> int:
    """Run a DELETE of sessions until it finds no more; return how many tokens it deleted.

    A PostgreSQL statement does not see the row that a rotation inserted while it waited for the rotated one, so that
    once is not enough. It ends, because nobody can rotate what was deleted here.
    """
    ended = 0
    while gone := connection.run(delete, **values):
        ended += gone
    return ended


def _find(connection: Connection, asked: Sequence[tuple[str, int]]) -> Sequence[Row | None]:
    """The live session of each token hash, at its time (microseconds)."""
    return [connection.one(_BY_TOKEN, token=token, now=now) for token, now in asked]


def _find_together(connection: Connection, asked: Sequence[tuple[str, int]]) -> Sequence[Row | None]:
    """As `_find`, with one PostgreSQL statement, at the latest of the times, which are some milliseconds apart."""
    tokens, times = zip(*asked, strict=True)
    found = {row.token_hash: row for row in connection.all(_BY_TOKENS, tokens=list(tokens), now=max(times))}
    return [found.get(token) for token in tokens]


def _insert(connection: Connection, row: SessionRow) -> None:
    connection.run(
        """INSERT INTO sessions (token_hash, id, customer, created_at, idle_until, absolute_until, replaces)
           VALUES (:token, :id, :customer, :created, :idle, :absolute, :replaces)""",
        token=row.token,
        id=row.id,
        customer=row.customer,
        created=micros(row.created_at),
        idle=micros(row.idle_until),
        absolute=micros(row.absolute_until),
        replaces=row.replaces,
    )


def _session(row: Row) -> SessionRow:
    return SessionRow(
        token=row.token_hash,
        id=row.id,
        customer=row.customer,
        created_at=moment(row.created_at),
        idle_until=moment(row.idle_until),
        absolute_until=moment(row.absolute_until),
        replaces=row.replaces,
        bank_customer_id=row.bank_customer_id,
        account_number=row.account_number,
    )
