"""Many clients on one conversation, over one, two and four workers, with the lock and without: one history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.engine.engine import Engine
from bot.engine.protocols import TurnCommit
from bot.errors import SequenceConflict
from bot.sources import Sources
from bot.stores import leases
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.leases import Asked, Held, Refused
from bot.stores.postgres import PostgresTurns
from bot.stores.turns import SqlTurns, open_turns
from tests.durability.history import Seen, bombard, counting_engine, violations, without_lock
from tests.stores.cluster import Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster():
    with running_cluster() as running:
        yield running


OpenStore = Callable[[str], Any]


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStore]:
    """Opens one worker's store at a URL."""
    async with AsyncExitStack() as stack:

        def open_one(url: str) -> SqlTurns:
            database = Database.open(url, readers=2)
            stack.push_async_callback(database.close)
            store = open_turns(database, Sources())
            stack.push_async_callback(store.close)
            return store

        yield open_one


async def history_of(
    engines: list[Engine], clients: int, each: int, *, copies: int = 2
) -> tuple[list[Seen], list[int]]:
    """What was seen, and the turns that are stored."""
    store = engines[0].store
    conversation = await store.conversation_id("key:history", "rest", "u")
    async with asyncio.timeout(110):
        seen = await bombard(engines, conversation, clients, each, copies)
    return seen, [turn.seq for turn in await store.turns(conversation, limit=10_000)]


async def test_a_thousand_concurrent_messages_make_one_history(open_store: OpenStore, memory: Path):
    engine = counting_engine(open_store(f"sqlite:///{memory}/t.db"), Sources())
    seen, stored = await history_of([engine], clients=500, each=1)
    assert len(seen) == 1_000
    assert violations(seen) == []
    assert stored == list(range(1, 501))


@pytest.mark.parametrize("workers", [1, 2, 4])
async def test_workers_on_one_database_make_one_history(open_store: OpenStore, cluster: Cluster, workers: int):
    url = cluster.new_database()
    engines = [counting_engine(open_store(url), Sources()) for _ in range(workers)]
    seen, stored = await history_of(engines, clients=500, each=1)
    assert len(seen) == 1_000
    assert violations(seen) == []
    assert stored == list(range(1, 501))


async def test_constraint_keeps_one_history_without_the_lock(open_store: OpenStore, memory: Path):
    engine = without_lock(counting_engine(open_store(f"sqlite:///{memory}/t.db"), Sources()))
    seen, stored = await history_of([engine], clients=8, each=12)
    assert violations(seen) == []
    assert stored == list(range(1, 97))


class WithoutLease(PostgresTurns):
    """A store whose leases expire as soon as they are granted: everybody holds every conversation."""

    def _ask_together(self, connection: Connection, asked: Sequence[Asked]) -> Sequence[Held | Refused | KeyError]:
        return leases.take(connection, asked, 0.0)


async def test_fence_and_constraint_keep_one_history_without_lock_and_lease(cluster: Cluster):
    async with AsyncExitStack() as stack:
        url, engines = cluster.new_database(), []
        for _ in range(2):
            database = Database.open(url, readers=2)
            stack.push_async_callback(database.close)
            store = WithoutLease(database, Sources())
            stack.push_async_callback(store.close)
            engines.append(without_lock(counting_engine(store, Sources())))
        seen, stored = await history_of(engines, clients=4, each=12)
    assert violations(seen) == []
    assert stored == list(range(1, 49))


class LastWriterWins(SqlTurns):
    """A store without the constraint: a turn that comes too late gets the next number."""

    async def commit(self, commit: TurnCommit) -> None:
        while True:
            try:
                return await super().commit(commit)
            except SequenceConflict:
                commit = replace(commit, seq=(await self.load(commit.conversation)).seq + 1)


async def test_checker_detects_a_store_without_the_constraint(memory: Path):
    database = Database.open(f"sqlite:///{memory}/t.db", readers=2)
    engine = without_lock(counting_engine(LastWriterWins(database, Sources()), Sources()))
    seen, _ = await history_of([engine], clients=8, each=3, copies=1)
    await database.close()
    assert violations(seen) != []


def test_checker_detects_impossible_histories():
    good = [Seen(0, 1, "a", 1, 1), Seen(0.5, 2, "b", 2, 2), Seen(3, 4, "c", 3, 3), Seen(3, 5, "b", 2, 2)]
    assert violations(good) == []
    assert "not 1 to 3" in violations([*good[:2], Seen(3, 4, "c", 4, 4)])[0], "a gap"
    assert "turns 1 and 3" in violations([*good, Seen(6, 7, "a", 3, 3)])[0], "two answers to one message"
    assert "turn 3 said 2" in violations([*good[:2], Seen(3, 4, "c", 3, 2)])[0], "a lost update"
    late = [Seen(0, 1, "a", 2, 2), Seen(2, 3, "b", 1, 1)]
    assert "after turn 2 was answered" in violations(late)[0], "out of order"
    assert violations([Seen(0, 3, "a", 2, 2), Seen(2, 4, "b", 1, 1)]) == [], "side by side, any order will do"
