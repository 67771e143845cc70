"""The callback channel on a real bot: stored before acknowledged, answered and delivered once, even after a restart."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import Place, parts_of, serving
from bot.channels.callback import addressing
from bot.channels.delivery import MESSAGE_ID, Delivery
from bot.config import Logging
from bot.engine.work import MessageWork
from bot.http import HttpClient
from bot.logs import make_logger
from bot.messages import Principal, UserMessage
from bot.server.app import make_app
from bot.sources import Sources

from .test_plugged import PROJECT

URL = "http://backend.example/callback"


@dataclass
class Backend:
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append((request.headers[MESSAGE_ID], json.loads(request.content)))
        self.arrived.set()
        return httpx.Response(204)

    def client(self, base: str) -> HttpClient:
        return HttpClient(base, service="callback", transport=httpx.MockTransport(self))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        path = tmp_path / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "credentials.yml").write_text(f"callback:\n  url: {URL}\n", encoding="utf-8")
    return tmp_path


SAID = {"sender": "u1", "message": "hello"}


@asynccontextmanager
async def opened(project: Path) -> AsyncIterator[Bot]:
    quiet = make_logger(Logging(level="error"), now=Sources().now)
    async with open_bot(load_project(project), log=quiet, addressing={"callback": addressing(URL)}) as bot:
        yield bot


async def post(bot: Bot, secret: str, **message: str) -> tuple[int, str, str | None]:
    """The response to a message: status, text, and the id that the server made for it."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with TestClient(TestServer(make_app(parts_of(bot)))) as client:
        answer = await client.post("/webhooks/callback/webhook", json=SAID | message, headers=headers)
        return answer.status, await answer.text(), answer.headers.get("X-Message-ID")


async def test_repeated_message_is_answered_once_at_the_callback(project: Path) -> None:
    backend = Backend()
    async with opened(project) as bot, asyncio.timeout(30):
        secret = (await bot.auth.keys.create(["channel"])).secret
        for _ in range(3):
            assert await post(bot, secret, message_id="m-1") == (200, "success", None)
        await bot.engine.finish(10)
        async with Delivery(bot.store, bot.sources, make_client=backend.client) as delivery:
            delivering = asyncio.create_task(delivery.run())
            await backend.arrived.wait()
            delivering.cancel()
            while await delivery.deliver_due():
                pass
    assert [body for _, body in backend.got] == [{"recipient_id": "u1", "text": "Hello!"}]


async def test_message_without_id_can_be_repeated_with_the_id_from_the_response(project: Path) -> None:
    async with opened(project) as bot:
        secret = (await bot.auth.keys.create(["channel"])).secret
        _, _, made = await post(bot, secret)
        assert made
        assert await post(bot, secret, message_id=made) == (200, "success", None)
        await bot.engine.finish(10)
        (key,) = await bot.auth.keys.list()
        conversation = await bot.store.conversation_id(f"key:{key.id}", "key", "u1")
        assert len(await bot.store.turns(conversation)) == 1


async def test_accepted_message_is_answered_after_a_restart(project: Path) -> None:
    backend = Backend()
    async with opened(project) as bot:
        conversation = await bot.store.conversation_id("key:1", "key", "u1")
        now = bot.sources.now()
        message = UserMessage("hello", conversation, "m-1", now, Principal("key", "key:1"), "callback", "u1")
        # The process dies between storing the message and starting its turn.
        assert await bot.store.accept(message, MessageWork(message).fingerprint)
    async with opened(project) as bot, Delivery(bot.store, bot.sources, make_client=backend.client) as delivery:
        assert await bot.engine.drain() == 1
        while await delivery.deliver_due():
            pass
        assert await bot.engine.drain() == 0
    assert [body["text"] for _, body in backend.got] == ["Hello!"]


async def test_callback_of_credentials_yml_is_used_and_unserved_channels_are_logged(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    callers: asyncio.Queue[str | None] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await callers.put(request.headers.get("Authorization"))
        return web.Response(status=410)

    receiver = web.Application()
    receiver.router.add_post("/cb", take)
    async with asyncio.timeout(60), TestServer(receiver) as backend:
        (project / "credentials.yml").write_text(
            f"callback:\n  url: http://u:s3@127.0.0.1:{backend.port}/cb\ntelegram: {{verify: secret}}\n",
            encoding="utf-8",
        )
        async with serving(project, Place(port=0, store="sqlite:///t.db"), {}) as (bot, url):
            secret = (await bot.auth.keys.create(["channel"])).secret
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {secret}"}) as client:
                for _ in range(2):  # the second reply goes out when the first has been given up
                    body = {"message": "hello", "sender": "u1"}
                    assert (await client.post(f"{url}/webhooks/callback/webhook", json=body)).text == "success"
                    assert await callers.get() == "Basic dTpzMw=="
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    warnings = [line for line in lines if line["level"] == "warning"]
    assert [(line["event"], line["channel"]) for line in warnings[:2]] == [
        ("channel not served", "telegram"),
        ("delivery refused", "callback"),
    ]
    assert (warnings[1]["status"], warnings[1]["given_up"]) == (410, True)
    assert re.fullmatch(r"[0-9a-f]{32}\.1\.[0-9a-f]{16}\.0", warnings[1]["reply"])
    assert "secret" not in f"{warnings}"
