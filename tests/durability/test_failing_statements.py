"""Every statement fails once, before or after it took effect: a client that asks again gets each turn once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns, open_turns
from tests.durability.script import answer, retry
from tests.stores.cluster import Cluster, running_cluster

TURNS = 2
Fail = Callable[[Any], Exception]


@pytest.fixture(scope="module")
def cluster():
    with running_cluster() as running:
        yield running


class Plan:
    """Which statement fails, counted over all connections, and whether it takes effect first."""

    def __init__(self, fail: Fail) -> None:
        self.fail = fail
        self.at, self.after, self.seen = 0, False, 0

    def arm(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.seen = at, after, 0

    def wrap(self, raw: Any) -> Any:
        return Flaky(raw, self)


class Flaky:
    """A driver's connection of which one statement fails."""

    def __init__(self, raw: Any, plan: Plan) -> None:
        self._raw, self._plan = raw, plan

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, parameters: Any = None) -> Any:
        self._plan.seen += 1
        fails = self._plan.seen == self._plan.at
        if fails and not self._plan.after:
            raise self._plan.fail(self._raw)
        done = self._raw.execute(sql, parameters) if parameters else self._raw.execute(sql)
        if fails:
            raise self._plan.fail(self._raw)
        return done


def connection_lost(raw: Any) -> Exception:
    """The server went away: what was sent before may or may not have happened."""
    raw.close()
    return psycopg.OperationalError("server closed the connection unexpectedly")


def database_busy(raw: Any) -> Exception:
    """Another process holds the lock."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


@asynccontextmanager
async def opened(url: str, plan: Plan) -> AsyncIterator[SqlTurns]:
    database = Database.open(url, readers=1, wrap=plan.wrap)
    store = open_turns(database, Sources())
    yield store
    await store.close()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def flaky(request: pytest.FixtureRequest, memory: Path) -> AsyncIterator[tuple[SqlTurns, Plan]]:
    if request.param == "sqlite":
        plan, url = Plan(database_busy), f"sqlite:///{memory}/t.db"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        plan, url = Plan(connection_lost), cluster.new_database()
    async with opened(url, plan) as store:
        yield store, plan


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_each_statement_fails_once_and_every_turn_happens_once(flaky: tuple[SqlTurns, Plan], after: bool):
    store, plan = flaky
    for at in range(1, 100):
        plan.arm(at, after=after)
        conversation = await retry(lambda at=at: store.conversation_id("p", "chat", str(at)))
        replies = [await retry(lambda n=n, c=conversation: answer(store, c, n)) for n in range(1, TURNS + 1)]
        reached = plan.seen >= at
        plan.arm(0, after=False)
        assert [json.loads(reply)["turn"] for reply in replies] == list(range(1, TURNS + 1)), f"statement {at}"
        assert [t.seq for t in await store.turns(conversation)] == list(range(1, TURNS + 1)), f"statement {at}"
        assert [await answer(store, conversation, n) for n in range(1, TURNS + 1)] == replies, f"statement {at}"
        if not reached:
            break
    assert 10 < at < 99


async def test_the_harness_sees_a_client_that_asks_again_under_another_id(cluster: Cluster):
    """The control: without the message id, an acknowledgement that was lost doubles the turn."""
    plan = Plan(connection_lost)
    async with opened(cluster.new_database(), plan) as store:
        for at in range(1, 25):
            conversation = await store.conversation_id("p", "chat", str(at))
            numbers = iter(range(1, 100))
            plan.arm(at, after=True)
            for _ in range(TURNS):
                await retry(lambda c=conversation, n=numbers: answer(store, c, next(n)))
            plan.arm(0, after=False)
            if len(await store.turns(conversation)) > TURNS:
                return
    pytest.fail("no turn was doubled")
