"""The store contract on SQLite, and what is SQLite's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.stores.contract import StoreContract
from tests.stores.examples import Clock, Open


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
