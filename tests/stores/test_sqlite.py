"""The store contract on SQLite, and what only SQLite has."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.sources import Sources
from bot.stores import erasing
from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.stores.contract import StoreContract
from tests.stores.examples import Clock, Open, turn


class TestSqlite(StoreContract):
    @pytest.fixture
    async def open_store(self, tmp_path: Path, clock: Clock) -> AsyncIterator[Open]:
        opened: list[SqlTurns] = []

        async def open_one() -> SqlTurns:
            opened.append(SqlTurns(Database.open("sqlite:///t.db", project=tmp_path, readers=2), clock.sources()))
            return opened[-1]

        yield open_one
        for store in opened:
            await store.database.close()


async def test_deleting_fails_while_a_reader_keeps_the_log_from_being_emptied(tmp_path: Path) -> None:
    store = SqlTurns(Database.open("sqlite:///t.db", project=tmp_path), Sources())
    await store.commit(turn(await store.conversation_id("key:k", "chat", ""), 1))
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM turns").fetchone()
        with pytest.raises(BotError, match="run the command again"):
            await erasing.delete_all_of(store.database, "key:k", patience=0)
    assert await erasing.delete_all_of(store.database, "key:k", patience=0) == (0, [])
    assert (tmp_path / "t.db-wal").stat().st_size == 0
    await store.database.close()
