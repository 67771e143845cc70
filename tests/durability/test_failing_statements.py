"""Every statement fails once, before or after it took effect: a client that asks again gets each turn once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns, open_turns
from tests.durability.flaky import Plan, connection_lost, database_busy
from tests.durability.script import answer, retry
from tests.stores.cluster import Cluster, running_cluster

TURNS = 2


@pytest.fixture(scope="module")
def cluster():
    with running_cluster() as running:
        yield running


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
async def test_every_turn_happens_once_whichever_statement_fails(flaky: tuple[SqlTurns, Plan], after: bool):
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


async def test_harness_detects_a_client_that_retries_under_another_id(cluster: Cluster):
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
