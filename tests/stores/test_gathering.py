"""Which jobs share a COMMIT: those that are on their way; no job waits for any other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.stores.connection import Connection
from bot.stores.database import Database

INSERT = "INSERT INTO turns (conversation, seq, at, record) VALUES (:name, :seq, 0, :record)"


@pytest.fixture
async def database(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path)
    yield database
    await database.close()


async def turns(database: Database, name: str, count: int) -> None:
    """One client: a turn after another, each a round of the loop after the last one's answer."""
    for seq in range(1, count + 1):
        await asyncio.sleep(0)

        def work(connection: Connection, seq: int = seq) -> int:
            return connection.run(INSERT, name=name, seq=seq, record=b"x")

        await database.write(work, order=name)


@pytest.mark.parametrize("clients", [8, 32, 64, 100])
async def test_concurrent_clients_share_commits(database: Database, clients: int):
    await asyncio.gather(*(turns(database, f"c{n}", 20) for n in range(clients)))
    statistics = database.statistics()
    assert statistics.writes == clients * 20
    assert statistics.commits <= statistics.writes / min(clients / 2, 20)


async def test_single_client_gets_one_commit_per_turn(database: Database):
    await turns(database, "c", 20)
    assert database.statistics().commits == 20


async def test_clients_waiting_for_a_slow_bank_do_not_delay_the_others(database: Database):
    bank = asyncio.Event()

    async def asks(name: str) -> None:
        await turns(database, name, 1)
        await bank.wait()
        await turns(database, f"{name} again", 1)

    asking = [asyncio.create_task(asks(f"asks-{n}")) for n in range(40)]
    async with asyncio.timeout(20):
        await turns(database, "other", 5)
    assert not any(task.done() for task in asking)
    bank.set()
    await asyncio.gather(*asking)


async def test_event_loops_do_not_wait_for_each_other(database: Database):
    """A loop that ended with jobs on their way blocks nobody."""

    def elsewhere(number: int) -> None:
        asyncio.run(turns(database, f"elsewhere-{number}", 10))

    async def given_up() -> None:
        asyncio.get_running_loop().create_task(database.write(lambda c: c.one("SELECT 1"), order="gone"))
        await asyncio.sleep(0)

    await asyncio.to_thread(asyncio.run, given_up())
    async with asyncio.timeout(20):
        await asyncio.gather(
            turns(database, "here", 10), *(asyncio.to_thread(elsewhere, number) for number in range(3))
        )


async def test_more_writes_than_a_batch_holds_are_all_committed(database: Database):
    await asyncio.gather(*(turns(database, f"c{n}", 2) for n in range(700)))
    assert database.statistics().writes == 1_400
