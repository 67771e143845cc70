"""The channel of docs/how-to/connect-a-platform.md, on a real bot, with a stand-in for Slack."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import Incoming
from bot.app.running import Place, serving
from tests.channels.test_plugged import PROJECT

from .test_examples import ROOT, examples

CODE = [e.text for e in examples("python") if e.document == ROOT / "docs" / "how-to" / "connect-a-platform.md"]


class Slack:
    """Records what is posted to its API; it gives these answers first, then `ok`."""

    def __init__(self, *answers: Any) -> None:
        self.posted: asyncio.Queue[tuple[str | None, Any]] = asyncio.Queue()
        self._answers = list(answers)

    async def post(self, request: web.Request) -> web.Response:
        await self.posted.put((request.headers.get("Authorization"), await request.json()))
        return web.json_response(self._answers.pop(0) if self._answers else {"ok": True})


@asynccontextmanager
async def slack_and_bot(folder: Path, slack: Slack) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/api/chat.postMessage", slack.post)
    async with asyncio.timeout(60), TestServer(app) as server:
        plugin = CODE[0].replace("https://slack.com", f"http://127.0.0.1:{server.port}")
        credentials = "slack: {signing_secret: s3cret, bot_token: t0ken}\n"
        for name, text in {**PROJECT, "actions/slack.py": plugin, "credentials.yml": credentials}.items():
            path = folder / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        async with serving(folder, Place(port=0, store="sqlite:///t.db"), {}) as (_, url):
            yield f"{url}/webhooks/slack/webhook"


async def say(url: str, body: Any, *, at: float | None = None, secret: bytes = b"s3cret") -> httpx.Response:
    content, stamp = json.dumps(body).encode(), str(int(at or time.time()))
    signature = hmac.new(secret, f"v0:{stamp}:".encode() + content, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}"}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, content=content, headers=headers)


def event(identifier: str, **more: str) -> Any:
    said = {"type": "message", "channel": "C1", "user": "U1", "text": "hello", **more}
    return {"type": "event_callback", "event_id": identifier, "event": said}


async def test_slack_channel_answers_only_signed_requests_and_each_event_once(tmp_path: Path) -> None:
    slack = Slack({"ok": False, "error": "internal_error"}, {"ok": True}, {"ok": False, "error": "channel_not_found"})
    async with slack_and_bot(tmp_path, slack) as url:
        challenge = {"type": "url_verification", "challenge": "3eZbrw"}
        assert (await say(url, challenge)).json() == {"challenge": "3eZbrw"}
        assert (await say(url, challenge, secret=b"guessed")).status_code == 403
        assert (await say(url, challenge, at=time.time() - 600)).status_code == 403
        for body in (event("E1"), event("E1"), event("E2", bot_id="B1"), event("E3"), event("E4", user="U2")):
            assert (await say(url, body)).status_code == 200
        posts = [await slack.posted.get() for _ in range(4)]
    assert posts == [("Bearer t0ken", {"channel": "C1", "text": "Hello!"})] * 4, "three replies, one of them twice"
    assert slack.posted.empty()


def test_meta_verification_returns_the_challenge_for_the_right_token() -> None:
    namespace: dict[str, Any] = {"__name__": "example"}
    for text in CODE:
        exec(text, namespace)
    asked = {"hub.mode": "subscribe", "hub.verify_token": "t", "hub.challenge": "42"}
    verified = namespace["meta_verification"]
    assert verified(Incoming({}, asked, b"", "GET"), "t") == "42"
    for incoming in (Incoming({}, asked, b""), Incoming({}, {**asked, "hub.verify_token": "?"}, b"", "GET")):
        with pytest.raises(PermissionError):
            verified(incoming, "t")
