"""What an operator can watch: metrics while the store is down, refused credentials, operators' access."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.auth.opening import open_auth
from bot.auth.rasa_tokens import short_secrets
from bot.config import RasaAuth, Server, Settings
from bot.engine.protocols import EffectEntry
from bot.errors import StoreUnavailable
from bot.server.app import make_app
from bot.stores.database import Database

from .conftest import Running

TOKEN = "scrape-" + "x" * 32


def lines(running: Running, event: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in running.log.getvalue().splitlines()]
    return [line for line in told if line["event"] == event]


class Breakable:
    """A database whose reads call `reading` instead, once that is set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reading: Callable[..., Awaitable[Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        if self.reading is not None and name in ("read", "look", "look_together"):
            return self.reading
        return getattr(self._database, name)


async def test_metrics_token_reads_only_metrics_even_while_the_store_is_down(running: Running) -> None:
    settings = replace(running.parts.settings, server=Server(metrics_token=TOKEN))
    database: Any = Breakable(running.parts.database)
    auth = await open_auth(database, settings, running.parts.sources)
    parts = replace(running.parts, settings=settings, auth=auth, database=database)

    async def away(*args: object, **more: object) -> Any:
        raise StoreUnavailable("gone")

    async def hanging(*args: object, **more: object) -> Any:
        await asyncio.Event().wait()

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with TestClient(TestServer(make_app(parts))) as client:
        assert (await client.get("/status", headers=headers)).status == 403
        for database.reading in (away, hanging):
            answer = await client.get("/metrics", headers=headers)
            assert answer.status == 200
            assert 'bot_ready{check="store"} 1.0' in await answer.text()
    auth.close()


async def test_metrics_show_open_effects_and_waiting_deliveries(running: Running) -> None:
    at = running.clock.now() - timedelta(seconds=90)
    conversation = await running.engine.store.conversation_id("key:x", "key", "ann")
    await running.engine.store.journal(EffectEntry("k", conversation, "transfer", b"{}", "spending", at))
    text = await (await running.client.get("/metrics", headers=await running.key("operator"))).text()
    assert "bot_effects_open 1.0" in text
    assert "bot_effects_oldest_seconds 90.0" in text
    assert "bot_deliveries_waiting 0.0" in text


async def test_refused_credentials_are_counted_and_logged_once_a_minute_per_address(running: Running) -> None:
    for number in range(3):
        wrong = {"Authorization": f"Bearer wrong-{number}"}
        assert (await running.client.get("/auth/session", headers=wrong)).status == 401
    assert (await running.client.get("/status?token=guess")).status == 401
    assert (await running.client.get("/status")).status == 401  # nobody guessed anything
    (line,) = lines(running, "credentials_refused")
    assert (line["kind"], line["route"], line["address"]) == ("session", "/auth/session", "127.0.0.1")
    assert "guess" not in running.log.getvalue()
    text = await (await running.client.get("/metrics", headers=await running.key("operator"))).text()
    assert 'bot_credentials_refused_total{kind="session"} 3.0' in text
    assert 'bot_credentials_refused_total{kind="query"} 1.0' in text


@pytest.mark.parametrize(("given", "conversation"), [("0" * 32, "0" * 32), ("tel-00123456", "")])
async def test_operator_access_to_a_conversation_is_logged(running: Running, given: str, conversation: str) -> None:
    headers = {**await running.key("operator"), "X-Correlation-ID": "c-7"}
    await running.client.get(f"/conversations/{given}/tracker", headers=headers)
    (line,) = lines(running, "operator_access")
    assert line["route"] == "GET /conversations/{id}/tracker"
    assert line["by"].startswith("key:")
    assert line["correlation_id"] == "c-7"
    assert line.get("conversation", "") == conversation
    assert "tel-" not in running.log.getvalue()


async def test_operator_access_by_sender_is_logged_by_pseudonym_or_conversation_id(running: Running) -> None:
    headers = await running.key("operator")
    for _ in range(2):
        await running.client.post(
            "/conversations/tel-00123456/messages", headers=headers, json={"text": "hello", "sender": "user"}
        )
    before, after = lines(running, "operator_access")
    assert len(before["sender"]) == 12
    assert before["sender"] != blake2b(b"tel-00123456", digest_size=6).hexdigest(), "a list of numbers would find it"
    assert len(after["conversation"]) == 32
    assert "tel-" not in running.log.getvalue()


def test_short_secrets_lists_guessable_secrets() -> None:
    settings = Settings(server=Server(metrics_token="m" * 40), rasa_auth=RasaAuth("a" * 31, "j" * 8))
    assert list(short_secrets(settings)) == [("--auth-token", 31), ("--jwt-secret", 8)]
