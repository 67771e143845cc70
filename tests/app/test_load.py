"""Concurrency: nobody gets another's answer, nothing is lost or duplicated, and limits hold."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from bot.stores.database import Database
from tests.app.conftest import RunBot
from tests.app.test_run import command, texts

BankProject = Callable[[str], Path]
LOGINS = (("12345678", "135790"), ("87654321", "024680"), ("00123456", "000042"))
SENDERS = 200
MESSAGES = 3


def test_hundreds_of_concurrent_conversations_are_never_mixed_up(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("load")
    with run_bot(project) as running:
        key = command(project, "keys", "create", "--scope", "channel").stdout.splitlines()[-1]
        answers = asyncio.run(_senders(running.url, key))
    assert len(answers) == SENDERS * MESSAGES
    assert all(status == 200 for status, _, _ in answers)
    assert all(recipient == sender for _, sender, recipient in answers)
    verified = command(project, "store", "verify")
    assert "sound" in verified.stdout, verified.stderr


async def _senders(url: str, key: str) -> list[tuple[int, str, str]]:
    limits = httpx.Limits(max_connections=100)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60, limits=limits) as client:

        async def talk(sender: str) -> list[tuple[int, str, str]]:
            said = []
            for number in range(MESSAGES):
                body = {"sender": sender, "message": "hello", "message_id": f"the same for all {number}"}
                answer = await client.post("/webhooks/rest/webhook", json=body)
                recipients = {reply["recipient_id"] for reply in answer.json()} if answer.status_code == 200 else set()
                said.append((answer.status_code, sender, ",".join(sorted(recipients))))
            return said

        answers = await asyncio.gather(*(talk(f"user-{index}") for index in range(SENDERS)))
    return [answer for several in answers for answer in several]


def test_concurrent_customers_with_equal_messages_each_see_their_own_money(
    run_bot: RunBot, bank_project: BankProject
) -> None:
    with run_bot(bank_project("same"), "--demo") as running:
        clients = [running.login(accountNumber=account, code=code) for account, code in LOGINS]
        tokens = [client.headers["Authorization"] for client in clients]
        alone = [texts(client.post("/chat", json={"message": "show all my balances"})) for client in clients]
        together = asyncio.run(_ask_together(running.url, tokens))
        for client in clients:
            client.close()
    assert len(set(alone)) == 3
    for expected, (bodies, said) in zip(alone, together, strict=True):
        assert said == {expected}
        assert len(bodies) == 1  # one turn, whose answer every repeat got byte for byte


async def _ask_together(url: str, tokens: list[str]) -> list[tuple[set[bytes], set[str]]]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        body = {"message": "show all my balances", "messageId": "the very same"}
        calls = [
            client.post("/chat", json=body, headers={"Authorization": token}) for _ in range(8) for token in tokens
        ]
        answers = await asyncio.gather(*calls)
    grouped: list[tuple[set[bytes], set[str]]] = [(set(), set()) for _ in tokens]
    for index, answer in enumerate(answers):
        bodies, said = grouped[index % len(tokens)]
        bodies.add(answer.content)
        said.add(texts(answer))
    return grouped


def test_concurrent_logins_are_held_to_the_limit(run_bot: RunBot, bank_project: BankProject) -> None:
    async def race(url: str) -> Counter[int]:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            body = {"accountNumber": "12345678", "code": "999999"}
            answers = await asyncio.gather(*(client.post("/auth", json=body) for _ in range(20)))
        return Counter(answer.status_code for answer in answers)

    with run_bot(bank_project("race"), "--demo") as running:
        statuses = asyncio.run(race(running.url))
        assert set(statuses) <= {401, 429}
        assert statuses[401] <= 5  # the attempts before an account is locked
        with running.client() as client:
            locked = client.post("/auth", json={"accountNumber": "12345678", "code": "135790"})
        assert locked.status_code == 429
        assert int(locked.headers["Retry-After"]) > 0


async def test_waiting_requests_do_not_add_store_threads(tmp_path: Path) -> None:
    database = Database.open("sqlite:///busy.db", project=tmp_path, readers=4)
    try:
        await database.write(lambda c: c.one("SELECT 1 AS one"))
        before = threading.active_count()
        await asyncio.gather(*(database.read(lambda c: c.one("SELECT 1 AS one")) for _ in range(500)))
        await asyncio.gather(*(database.write(lambda c: c.one("SELECT 1 AS one")) for _ in range(500)))
        assert threading.active_count() == before
    finally:
        await database.close()
