"""The countable costs of a turn: statements, commits, bytes."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import httpx

from bot.app.running import Place, serving
from bot.messages import Principal, UserMessage
from bot.stores.database import Statistics
from tests.app.conftest import DEMO

BankProject = Callable[[str], Path]
ROUNDS = 20


def since(before: Statistics, after: Statistics) -> tuple[int, int]:
    return after.statements - before.statements, after.commits - before.commits


async def test_turn_over_http_takes_few_statements_and_one_commit(bank_project: BankProject) -> None:
    async with (
        serving(bank_project("costs"), Place(port=0), {"demo": True}) as (running, url),
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        token = (await client.post("/auth", json=DEMO)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        await client.post("/chat", json={"message": "hello"})
        for text in ("hello", "what is my balance?", "thanks"):
            costs = []
            for _ in range(3):  # the fewest count: the server's own purge may run beside a turn
                before = running.database.statistics()
                answer = await client.post("/chat", json={"message": text})
                assert answer.status_code == 200
                costs.append(since(before, running.database.statistics()))
            statements, commits = min(costs)
            assert statements <= 8
            assert commits == 1


async def test_concurrent_turns_share_commits(bank_project: BankProject) -> None:
    async with serving(bank_project("sharing"), Place(port=0), {}) as (running, _):
        principal, engine, ids = Principal("key", "key:test"), running.engine, count()
        conversations = [await engine.store.conversation_id(principal.id, "key", str(i)) for i in range(64)]

        async def talk(conversation: str) -> None:
            for _ in range(ROUNDS):
                now = running.sources.now()
                await engine.handle(UserMessage("hello", conversation, f"m-{next(ids)}", now, principal))

        before = running.database.statistics()
        await asyncio.gather(*(talk(conversation) for conversation in conversations))
        _, commits = since(before, running.database.statistics())
    assert commits <= 0.05 * 64 * ROUNDS


async def test_long_conversation_costs_no_more_than_a_short_one(bank_project: BankProject) -> None:
    async with serving(bank_project("long"), Place(port=0), {}) as (running, url):
        key = await running.auth.keys.create({"channel"})
        headers = {"Authorization": f"Bearer {key.secret}"}
        sizes: dict[int, int] = {}
        statements: dict[int, int] = {}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            for turn in range(1, 301):
                before = running.database.statistics()
                body = {"sender": "ann", "message": ("hello", "thanks", "what can you do?")[turn % 3]}
                await client.post("/webhooks/rest/webhook", json=body)
                statements[turn], _ = since(before, running.database.statistics())
                if turn in (30, 300):
                    conversation = await running.store.conversation_id(f"key:{key.id}", "key", "ann")
                    loaded = await running.store.load(conversation)
                    sizes[turn] = len(loaded.snapshot or b"")
    assert statements[300] <= statements[30]
    assert sizes[300] <= 1.2 * sizes[30]


async def test_turns_do_not_leak_memory(bank_project: BankProject) -> None:
    async with (
        serving(bank_project("flat"), Place(port=0), {}) as (running, url),
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client,
    ):
        client.headers["Authorization"] = f"Bearer {(await running.auth.keys.create({'channel'})).secret}"

        async def talk(turns: int) -> int:
            for turn in range(turns):
                body = {"sender": f"s-{turn % 10}", "message": ("hello", "thanks", "what can you do?")[turn % 3]}
                await client.post("/webhooks/rest/webhook", json=body)
            gc.collect()
            return sys.getallocatedblocks()

        await talk(350)
        before = await talk(50)
        after = await talk(1_000)
    assert after - before < 1_000, "something stays for every turn"
