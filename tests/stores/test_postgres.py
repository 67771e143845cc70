"""The store contract on PostgreSQL, and what several workers need of it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.engine.protocols import Loaded
from bot.errors import ConfigurationError, SequenceConflict, StoreUnavailable
from bot.sources import Sources
from bot.stores import leases, sessions
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.erasing import delete_all_of
from bot.stores.postgres import PostgresTurns
from bot.stores.turns import SqlTurns, open_turns
from tests.stores.cluster import Cluster, running_cluster
from tests.stores.contract import StoreContract
from tests.stores.examples import Clock, Open, turn


class TestPostgres(StoreContract):
    @pytest.fixture
    async def open_store(self, cluster: Cluster, clock: Clock) -> AsyncIterator[Open]:
        opened: list[SqlTurns] = []
        url = cluster.new_database()

        async def open_one() -> SqlTurns:
            opened.append(open_turns(Database.open(url, readers=2), clock.sources()))
            return opened[-1]

        yield open_one
        for store in opened:
            await store.close()
            await store.database.close()


class Workers:
    """Several stores on one database, as with several workers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[PostgresTurns] = []
        self.tell: Callable[[str, str], None] = lambda event, reason: None

    def start(self, **options: float) -> PostgresTurns:
        database = Database.open(self.url, readers=2, tell=self.tell)
        self.opened.append(PostgresTurns(database, Sources(), **options))
        return self.opened[-1]


@pytest.fixture
async def workers(cluster: Cluster) -> AsyncIterator[Workers]:
    workers = Workers(cluster.new_database())
    yield workers
    for store in workers.opened:
        await store.close()
        await store.database.close()


async def test_waiting_worker_is_woken_when_the_turn_commits(workers: Workers):
    one, two = workers.start(), workers.start(poll=60.0)
    conversation = await one.conversation_id("p", "chat", "")
    order: list[str] = []

    async def second() -> None:
        async with two.hold(conversation) as fence:
            order.append("second holds")
            await two.commit(turn(conversation, 2, fence=fence))

    async with one.hold(conversation) as fence:
        waiting = asyncio.create_task(second())
        await wait_until_wanted(one, conversation)
        order.append("first commits")
        await one.commit(turn(conversation, 1, fence=fence))
        async with asyncio.timeout(20):
            await waiting
    assert order == ["first commits", "second holds"]


async def test_waiting_worker_is_woken_when_the_turn_is_given_up(workers: Workers):
    one, two = workers.start(), workers.start(poll=60.0)
    conversation = await one.conversation_id("p", "chat", "")

    async with one.hold(conversation) as first_fence:
        waiting = asyncio.create_task(hold_once(two, conversation))
        await wait_until_wanted(one, conversation)
    async with asyncio.timeout(20):
        assert await waiting > first_fence


async def test_waiting_worker_polls_when_notices_fail(workers: Workers):
    one, two = workers.start(), workers.start(poll=0.02)
    two._notices._conninfo = "host=/nowhere connect_timeout=1"
    conversation = await one.conversation_id("p", "chat", "")

    async with one.hold(conversation):
        waiting = asyncio.create_task(hold_once(two, conversation))
        await wait_until_wanted(one, conversation)
    async with asyncio.timeout(20):
        await waiting


async def test_dead_worker_loses_its_lease_and_cannot_commit(workers: Workers):
    one, two = workers.start(lease=0.2), workers.start(poll=0.02)
    conversation = await one.conversation_id("p", "chat", "")
    dead = (await one._acquire(conversation)).fence  # nobody renews this one
    async with asyncio.timeout(20), two.hold(conversation) as fence:
        with pytest.raises(SequenceConflict):
            await one.commit(turn(conversation, 1, fence=dead))
        await two.commit(turn(conversation, 1, fence=fence))


async def test_waiting_worker_gives_up_when_its_patience_is_over(workers: Workers):
    one, two = workers.start(), workers.start(patience=0.1, poll=0.02)
    conversation = await one.conversation_id("p", "chat", "")
    async with one.hold(conversation):
        with pytest.raises(StoreUnavailable):
            async with two.hold(conversation):
                pass


async def test_conversation_fetched_with_the_lease_equals_the_loaded_one(workers: Workers):
    store = workers.start()
    conversation = await store.conversation_id("p", "chat", "")
    async with store.hold(conversation, "m1") as fence:
        assert await store.load(conversation, "m1") == Loaded(0, None, None, has_reminders=True)
        await store.commit(turn(conversation, 1, fence=fence))
    async with store.hold(conversation, "m1"):
        before = store.database.statistics().statements
        with_lease = replace(await store.load(conversation, "m1"), has_reminders=False)  # it does not check for them
        assert store.database.statistics().statements == before
        assert await store.load(conversation, "m1") == with_lease
        assert await store.load(conversation, "other") == Loaded(1, with_lease.snapshot, with_lease.last_turn_at)


async def test_long_snapshots_are_compressed_with_lz4(workers: Workers):
    store = workers.start()
    ways = "SELECT 1 FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
    if await store.database.read(lambda c: c.one(ways)) is None:
        pytest.skip("this PostgreSQL knows no lz4: it is older than 14, or was built without")
    conversation = await store.conversation_id("p", "chat", "")
    async with store.hold(conversation) as fence:
        await store.commit(turn(conversation, 1, fence=fence, snapshot=b'{"said": "hello"}' * 500))
    ask = "SELECT pg_column_compression(snapshot) FROM conversations"
    assert await store.database.read(lambda c: c.one(ask)) == ("lz4",)


async def test_slow_turn_keeps_its_lease(workers: Workers):
    one, two = workers.start(lease=0.3), workers.start(lease=0.3, poll=0.02)
    conversation = await one.conversation_id("p", "chat", "")

    async with one.hold(conversation) as fence:
        waiting = asyncio.create_task(hold_once(two, conversation))
        done, _ = await asyncio.wait([waiting], timeout=1.0)
        assert not done
        await one.commit(turn(conversation, 1, fence=fence))
    async with asyncio.timeout(20):
        await waiting


async def test_lease_renewal_continues_after_an_unexpected_error(workers: Workers):
    reported: list[tuple[str, str]] = []
    workers.tell = lambda event, reason: reported.append((event, reason))
    one, two = workers.start(lease=0.3), workers.start(lease=0.3, poll=0.02)
    conversation = await one.conversation_id("p", "chat", "")
    async with one.hold(conversation):
        await one.database.write(lambda c: c.run("ALTER TABLE conversations RENAME TO away"))
        async with asyncio.timeout(20):
            while not reported:
                await asyncio.sleep(0.02)
        await one.database.write(lambda c: c.run("ALTER TABLE away RENAME TO conversations"))
    assert reported[0][0] == "store work failed"
    assert reported[0][1].startswith("renewing leases: ")

    async with one.hold(conversation):
        waiting = asyncio.create_task(hold_once(two, conversation))
        done, _ = await asyncio.wait([waiting], timeout=1.0)
        assert not done
    async with asyncio.timeout(20):
        await waiting


async def test_listening_for_notices_continues_after_an_unexpected_error(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
):
    reported: list[tuple[str, str]] = []
    workers.tell = lambda event, reason: reported.append((event, reason))
    one = workers.start()
    listen, notices = one._notices._wake_for_each, one._notices

    async def fail_once(connection: Any) -> None:
        monkeypatch.setattr(notices, "_wake_for_each", listen)
        raise RuntimeError

    monkeypatch.setattr(notices, "_wake_for_each", fail_once)
    async with notices.expected("c"):
        pass
    async with asyncio.timeout(20):
        await notices._listening.wait()
    assert reported == [("store work failed", "listening for other workers: RuntimeError")]


async def test_error_of_one_shared_read_is_not_raised_in_others(workers: Workers):
    database = workers.start().database

    def fail(connection: Connection, items: Sequence[int]) -> Sequence[int]:
        raise ArithmeticError

    def double(connection: Connection, items: Sequence[int]) -> Sequence[int]:
        return [2 * item for item in items]

    works = [double, fail, double, fail]
    results = await asyncio.gather(
        *(database.look_together(work, number) for number, work in enumerate(works)), return_exceptions=True
    )
    assert [one if isinstance(one, int) else type(one) for one in results] == [0, ArithmeticError, 4, ArithmeticError]


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_racing_duplicates_over_workers_are_answered_once_each(workers: Workers, count: int):
    stores = [workers.start() for _ in range(count)]
    lines = [asyncio.Lock() for _ in stores]
    conversation = await stores[0].conversation_id("p", "chat", "")
    computed = 0

    async def answer(number: int) -> bytes:
        """What the engine does, in short. Every message comes twice, to two workers."""
        nonlocal computed
        store, name = stores[number % count], f"m{number // 2}"
        async with lines[number % count]:
            while True:
                async with store.hold(conversation, name) as fence:
                    loaded = await store.load(conversation, name)
                    if loaded.stored is not None:
                        return loaded.stored.body
                    computed += 1
                    body = b"%d by %d" % (loaded.seq + 1, number)
                    commit = turn(
                        conversation, loaded.seq + 1, message_id=name, fence=fence, body=body, fingerprint=name
                    )
                    with contextlib.suppress(SequenceConflict):
                        await store.commit(commit)
                        return body

    async with asyncio.timeout(60):
        bodies = await asyncio.gather(*[answer(number) for number in range(200)])
    assert all(bodies[n] == bodies[n + 1] for n in range(0, 200, 2))
    assert len(set(bodies)) == 100
    history = await stores[0].turns(conversation, limit=200)
    assert [t.seq for t in history] == list(range(1, 101))
    assert computed <= 102  # apart from one whose lease expired on a slow machine


async def hold_once(store: PostgresTurns, conversation: str) -> int:
    """Wait for the conversation, and let go of it; returns its fencing number."""
    async with store.hold(conversation) as fence:
        return fence


async def wait_until_wanted(store: SqlTurns, conversation: str) -> None:
    """Wait until another worker has asked for the conversation."""
    sql = "SELECT lease_wanted FROM conversations WHERE id = :id"
    async with asyncio.timeout(20):
        while not await store.database.read(lambda c: c.one(sql, id=conversation).lease_wanted):
            await asyncio.sleep(0.005)


async def test_store_reconnects_after_the_server_restarts():
    with running_cluster() as cluster:
        store = PostgresTurns(Database.open(cluster.new_database(), readers=1, patience=20.0), Sources())
        conversation = await store.conversation_id("p", "chat", "")
        cluster.stop("fast")
        load = asyncio.create_task(store.load(conversation))
        other = asyncio.create_task(store.conversation_id("p", "chat", "2"))
        await asyncio.to_thread(cluster.start)
        assert (await load).seq == 0
        assert await other != conversation
        await store.close()
        await store.database.close()


def test_unreachable_server_stops_the_start(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Database.open(f"postgresql+psycopg://postgres@/x?host={tmp_path}")


async def test_workers_can_migrate_an_empty_database_concurrently(cluster: Cluster):
    url = cluster.new_database()
    opened = await asyncio.gather(*[asyncio.to_thread(Database.open, url, readers=1) for _ in range(4)])
    for database in opened:
        await database.close()


@pytest.mark.parametrize(
    "sql", [leases._TAKE, leases._TAKE_UNLOCKED, leases._COMMIT, leases._RENEW, sessions._BY_TOKENS]
)
async def test_statements_of_every_turn_read_by_index_only(workers: Workers, sql: str):
    store = workers.start()
    names = set(re.findall(r"(?<!:):([a-z_]+)", sql))
    values: dict[str, object] = {name: [None] for name in names} | {"length": 1, "now": 1}
    rows = await store.database.read(lambda c: c.all(f"EXPLAIN {sql}", **{name: values[name] for name in names}))
    plan = "\n".join(row[0] for row in rows)
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan


async def test_held_conversation_is_deleted_after_its_turn(workers: Workers):
    one, two = workers.start(), workers.start()
    conversation = await one.conversation_id("customer:1", "customer", "")
    async with one.hold(conversation) as fence:
        assert await delete_all_of(two.database, "customer:1", patience=0) == (0, [conversation])
        deleting = asyncio.create_task(delete_all_of(two.database, "customer:1", patience=10))
        await asyncio.sleep(0.1)
        await one.commit(turn(conversation, 1, fence=fence))
    assert await deleting == (1, [])


async def test_releasing_a_lost_lease_keeps_the_next_holders_lease(workers: Workers):
    one, two = workers.start(lease=0.2), workers.start(poll=0.02)
    conversation = await one.conversation_id("p", "chat", "")
    lost = (await one._acquire(conversation)).fence  # nobody renews this one
    async with asyncio.timeout(20), two.hold(conversation) as fence:
        await one._release(conversation, lost)
        until = "SELECT lease_until FROM conversations WHERE id = :id"
        assert (await one.database.read(lambda c: c.one(until, id=conversation))).lease_until > 0
        await two.commit(turn(conversation, 1, fence=fence))
