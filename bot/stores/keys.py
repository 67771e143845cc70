"""Keys of backends and operators, by the sha256 of their secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from bot.stores.connection import Row
from bot.stores.database import Database
from bot.stores.times import micros, moment


class KeyRow(Struct, frozen=True):
    """One key: its public id, its scopes, and what it is for."""

    id: str
    hash: str
    scopes: tuple[str, ...]
    label: str
    created_at: datetime
    revoked_at: datetime | None


class KeyStore:
    """The `keys` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: KeyRow) -> None:
        """Add a key."""
        sql = "INSERT INTO keys (id, name, hash, scopes, created_at) VALUES (:id, :name, :hash, :scopes, :created)"
        values = {"id": row.id, "name": row.label, "hash": row.hash, "scopes": " ".join(row.scopes)}
        await self._database.write(lambda connection: connection.run(sql, created=micros(row.created_at), **values))

    async def by_hash(self, key_hash: str) -> KeyRow | None:
        """The key with this hash, unless it is revoked."""
        sql = "SELECT * FROM keys WHERE hash = :hash AND revoked_at IS NULL"
        row = await self._database.look(lambda connection: connection.one(sql, hash=key_hash))
        return _key(row) if row else None

    async def list(self) -> Sequence[KeyRow]:
        """All keys, oldest first."""
        sql = "SELECT * FROM keys ORDER BY created_at, id"
        return [_key(row) for row in await self._database.read(lambda connection: connection.all(sql))]

    async def revoke(self, key_id: str, now: datetime) -> bool:
        """Revoke a key; False if there is no live one with this id."""
        sql = "UPDATE keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
        return await self._database.write(lambda connection: connection.run(sql, id=key_id, now=micros(now))) > 0


def _key(row: Row) -> KeyRow:
    revoked = moment(row.revoked_at) if row.revoked_at is not None else None
    return KeyRow(row.id, row.hash, tuple(row.scopes.split()), row.name, moment(row.created_at), revoked)
