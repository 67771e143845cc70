"""A PostgreSQL that goes away, freezes or ends a session: what is refused and reported, and that it recovers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest

from bot.errors import StoreUnavailable
from bot.sources import Sources
from bot.stores.clocks import check_clock
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import dialect_of
from bot.stores.faults import Conflict, Fault
from bot.stores.jobs import Job
from bot.stores.links import Health, Link
from bot.stores.postgres import PostgresTurns
from bot.stores.threads import Reader
from tests.stores.cluster import Cluster

PID = "SELECT pg_backend_pid() AS pid"
IS_THERE = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
INSERT = "INSERT INTO turns (conversation, seq, at, record) VALUES ('account 12345678', 1, 0, '')"


@pytest.fixture
def server(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """An operator's own session."""
    with psycopg.connect(f"host={cluster.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        yield connection


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Database]:
    database = Database.open(url, readers=1, **options)
    yield database
    await database.close()


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Freeze these processes of the server, with their connections open."""
    with ExitStack() as stack:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
        yield


async def pids(database: Database) -> list[int]:
    """The server's processes for the reader, the writer and the reads by key."""

    def together(connection: Connection, items: object) -> list[int]:
        return [connection.one(PID).pid]  # type: ignore[union-attr]

    def alone(connection: Connection) -> int:
        return int(connection.one(PID).pid)  # type: ignore[union-attr]

    return [await database.read(alone), await database.write(alone), await database.look_together(together, None)]


def wait_until_gone(server: psycopg.Connection[Any], pid: int) -> None:
    """Wait until the server ended this session."""
    deadline = time.monotonic() + 20
    while server.execute(IS_THERE, (pid,)).fetchone():
        assert time.monotonic() < deadline


async def test_write_is_retried_after_the_server_ended_its_idle_session(
    cluster: Cluster, server: psycopg.Connection[Any]
) -> None:
    url = f"{cluster.new_database()}%20-cidle_in_transaction_session_timeout%3D50"
    seen: list[int] = []

    def work(connection: Connection) -> int:
        seen.append(connection.one(PID).pid)  # type: ignore[union-attr]
        if len(seen) == 1:
            wait_until_gone(server, seen[0])
        return connection.run(INSERT)

    async with opened(url, patience=20.0) as database:
        assert await database.write(work) == 1
        assert len(seen) == 2
        assert database.failure is None


async def test_server_ends_transactions_that_idle_for_five_seconds(cluster: Cluster) -> None:
    async with opened(cluster.new_database()) as database:
        ask = "SELECT current_setting(:name) AS value"
        setting = await database.write(lambda c: c.one(ask, name="idle_in_transaction_session_timeout"))
        assert setting == ("5s",)


async def test_unexpected_error_does_not_stop_a_postgres_store(cluster: Cluster) -> None:
    strikes: list[Exception] = []

    class Surprising:
        def __init__(self, raw: Any) -> None:
            self._raw = raw

        def __getattr__(self, name: str) -> Any:
            return getattr(self._raw, name)

        def execute(self, sql: str, parameters: Any = None) -> Any:
            if sql == "COMMIT" and strikes:
                raise strikes.pop()
            return self._raw.execute(sql, parameters)

    async with opened(cluster.new_database(), wrap=Surprising) as database:
        strikes.append(ValueError("nobody foresaw this"))
        with pytest.raises(StoreUnavailable, match=r"the store failed: ValueError$"):
            await database.write(lambda c: c.run(INSERT))
        assert await database.write(lambda c: c.run(INSERT)) == 1


async def test_conflict_message_does_not_quote_values(cluster: Cluster) -> None:
    url = f"{cluster.new_database()}%20-clog_parameter_max_length_on_error%3D-1"
    secret = "INSERT INTO turns (conversation, seq, at, record) VALUES (:conversation, 1, 0, '')"
    async with opened(url) as database:
        await database.write(lambda c: c.run(secret, conversation="account 12345678"))
        with pytest.raises(Conflict) as caught:
            await database.write(lambda c: c.run(secret, conversation="account 12345678"))
        assert "12345678" in str(caught.value.__cause__), "the server's own error quotes it"
        assert "12345678" not in str(caught.value)
        assert "SQLSTATE 23505" in str(caught.value)


async def test_losing_and_regaining_the_server_is_reported_once_each(
    cluster: Cluster, server: psycopg.Connection[Any]
) -> None:
    reported: list[tuple[str, str]] = []
    async with opened(cluster.new_database(), tell=lambda *what: reported.append(what), patience=20.0) as database:
        for _ in range(2):
            for pid in await pids(database):
                server.execute("SELECT pg_terminate_backend(%s)", (pid,))
                wait_until_gone(server, pid)
        await pids(database)
    assert [event for event, _ in reported] == ["store lost", "store back"]
    assert "SQLSTATE 57P01" in reported[0][1]
    assert re.fullmatch(r"after \d+\.\d s", reported[1][1])


async def test_every_loss_and_return_of_the_server_is_announced_even_if_it_is_not_reported_again(
    cluster: Cluster, server: psycopg.Connection[Any]
) -> None:
    changes: list[bool] = []
    async with opened(cluster.new_database(), changed=lambda: changes.append(True), patience=20.0) as database:
        for number in (1, 2):
            _, writer, _ = await pids(database)
            server.execute("SELECT pg_terminate_backend(%s)", (writer,))
            wait_until_gone(server, writer)
            await database.write(lambda c: None)
            assert len(changes) == 2 * number


async def test_thread_resting_after_an_outage_works_again_once_another_reached_the_store(tmp_path: Path) -> None:
    dialect = dialect_of("sqlite:///t.db", tmp_path)
    engine, health = dialect.engine(), Health(lambda *_: None, has_server=True)
    is_away = True

    def connect() -> Connection:
        if is_away:
            raise Fault("lost", "the server is away")
        return Connection(dialect.raw(engine), dialect)

    def run_each(connection: Connection, items: Sequence[None]) -> Sequence[int]:
        return [connection.one("SELECT 7 AS n").n for _ in items]  # type: ignore[union-attr]

    async def ask(reader: Reader) -> int:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        reader.jobs.put(Job(run_each, None, future, loop, "", ""))
        return await future

    def started(name: str) -> Reader:
        reader = Reader(name, Link(connect), SimpleQueue(), health, 1.0)
        reader.start(connect=False)
        return reader

    resting, other = started("resting"), started("other")
    with pytest.raises(StoreUnavailable, match="the server is away"):
        await ask(resting)
    is_away = False
    assert await ask(other) == 7
    assert await ask(resting) == 7
    for reader in (resting, other):
        reader.stop()
        assert reader.join(20.0)


@pytest.mark.parametrize("number", range(3), ids=["read", "write", "look"])
async def test_unresponsive_server_fails_requests_until_it_is_back(cluster: Cluster, number: int) -> None:
    def work(connection: Connection) -> int:
        return connection.one("SELECT 7 AS n").n  # type: ignore[union-attr, no-any-return]

    ask: list[Callable[[Database], Any]] = [
        lambda database: database.read(work),
        lambda database: database.write(work),
        lambda database: database.look_together(lambda c, items: [work(c) for _ in items], None),
    ]
    async with opened(cluster.new_database(), server=True, patience=0.1) as database:
        with frozen((await pids(database))[number]):
            async with asyncio.timeout(20):
                with pytest.raises(StoreUnavailable):
                    await ask[number](database)
            async with asyncio.timeout(20):
                while True:
                    try:
                        assert await ask[number](database) == 7
                        break
                    except StoreUnavailable:  # it was lost a moment ago
                        await asyncio.sleep(0.01)


async def test_store_on_an_unresponsive_server_can_be_closed(cluster: Cluster) -> None:
    database = Database.open(cluster.new_database(), readers=1, server=True, patience=0.1)
    with frozen(*await pids(database)):
        asking = asyncio.create_task(pids(database))
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await database.close()
            with pytest.raises(StoreUnavailable):
                await asking


async def test_closing_a_store_with_a_stuck_thread_raises(cluster: Cluster) -> None:
    """Work that never ends simulates a statement that cannot be cut."""
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stuck(connection: Connection) -> None:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()

    database = Database.open(cluster.new_database(), readers=1, server=True, patience=0.05)
    asking = asyncio.create_task(database.read(stuck))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        await database.close()
    released.set()
    await asking


@pytest.mark.parametrize(("seconds", "problem"), [(20.0, "s ahead of"), (-20.0, "s behind")])
async def test_clock_difference_of_seconds_is_reported(cluster: Cluster, seconds: float, problem: str) -> None:
    """The longer the query takes, the smaller the difference seen; so the test only checks that there is one."""
    reports: list[str] = []
    async with opened(cluster.new_database()) as database:
        await check_clock(database, lambda _, reason: reports.append(reason))
        assert reports == []
        await check_clock(database, lambda _, reason: reports.append(reason), now=lambda: time.time() + seconds)
    assert len(reports) == 1
    assert problem in reports[0]


@pytest.mark.parametrize("seconds", [90.0, -90.0])
async def test_clock_difference_of_minutes_is_refused(cluster: Cluster, seconds: float) -> None:
    async with opened(cluster.new_database()) as database:
        with pytest.raises(StoreUnavailable, match="let NTP set"):
            await check_clock(database, now=lambda: time.time() + seconds)


async def test_manually_locked_row_does_not_delay_other_conversations(cluster: Cluster) -> None:
    url = cluster.new_database()
    schema = url.rsplit("%3D", 1)[1]
    store = PostgresTurns(Database.open(url, readers=1, patience=1.0), Sources(), poll=0.02)
    locked, free = [await store.conversation_id("p", "chat", sender) for sender in ("locked", "free")]

    async def held(conversation: str) -> str:
        async with store.hold(conversation):
            return conversation

    with psycopg.connect(f"host={cluster.folder} user=postgres dbname=postgres") as by_hand:
        by_hand.execute(f"SELECT 1 FROM {schema}.conversations WHERE id = %s FOR UPDATE", (locked,))
        waiting = asyncio.create_task(held(locked))
        async with asyncio.timeout(20):
            assert await asyncio.gather(*[held(free) for _ in range(5)]) == [free] * 5
        assert not waiting.done()
        by_hand.rollback()
        async with asyncio.timeout(20):
            assert await waiting == locked
    await store.close()
    await store.database.close()


async def test_manually_locked_row_does_not_stop_other_lease_renewals(cluster: Cluster) -> None:
    url = cluster.new_database()
    schema = url.rsplit("%3D", 1)[1]
    store = PostgresTurns(Database.open(url, readers=1, patience=1.0), Sources(), lease=0.6)
    locked, free = [await store.conversation_id("p", "chat", sender) for sender in ("locked", "free")]
    until = "SELECT lease_until FROM conversations WHERE id = :id"
    async with store.hold(locked), store.hold(free):
        with psycopg.connect(f"host={cluster.folder} user=postgres dbname=postgres") as by_hand:
            by_hand.execute(f"SELECT 1 FROM {schema}.conversations WHERE id = %s FOR UPDATE", (locked,))
            first = await store.database.read(lambda c: c.one(until, id=free))
            async with asyncio.timeout(20):
                while await store.database.read(lambda c: c.one(until, id=free)) == first:
                    await asyncio.sleep(0.01)
            by_hand.rollback()
    await store.close()
    await store.database.close()
