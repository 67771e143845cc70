"""What every store must do; a test class inherits this and says how to open one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.stores.turns import SqlTurns
from tests.stores.contract_erasing import ErasingContract
from tests.stores.contract_turns import TurnContract
from tests.stores.contract_work import WorkContract
from tests.stores.examples import Clock, Open, begin_conversation_of_entries


class StoreContract(TurnContract, WorkContract, ErasingContract):
    """Inherit and provide the fixture `open_store`: a function that opens the same store again on each call."""

    @pytest.fixture
    async def open_store(self, clock: Clock) -> AsyncIterator[Open]:
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    async def store(self, open_store: Open) -> SqlTurns:
        store = await open_store()
        await store.database.write(begin_conversation_of_entries)
        return store

    @pytest.fixture
    async def conversation(self, store: SqlTurns) -> str:
        return await store.conversation_id("customer:1", "chat", "")
