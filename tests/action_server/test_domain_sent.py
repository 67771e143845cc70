"""Which calls carry the domain: without it, a validation on Rasa's last open-source SDK (3.6) checks nothing at all.

That SDK never asks for a domain that is missing, as later ones do; this server stands for both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.action_server.test_rasa_sdk import chat_with


@dataclass
class ActionServer:
    """Does nothing in every action, and keeps the calls; one that `asks` (449) keeps the domain by its digest."""

    asks: bool = False
    digest: str | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def run(self, request: web.Request) -> web.Response:
        call = await request.json()
        self.calls.append(call)
        if "domain" in call:
            self.digest = call["domain_digest"]
        missing = self.asks and self.digest != call["domain_digest"]
        return web.json_response({"events": [], "responses": []}, status=449 if missing else 200)

    @property
    def told(self) -> list[tuple[str, bool]]:
        """The calls: the action, and whether the domain came with it."""
        return [(call["next_action"], "domain" in call) for call in self.calls]


@pytest.fixture
async def server() -> AsyncIterator[ActionServer]:
    server = ActionServer()
    application = web.Application(client_max_size=1 << 24)
    application.router.add_post("/webhook", server.run)
    async with TestServer(application) as listening:
        server.url = f"http://127.0.0.1:{listening.port}/webhook"
        yield server


async def test_every_call_carries_the_domain(tmp_path: Path, server: ActionServer) -> None:
    async with chat_with(tmp_path, server.url) as chat:
        await chat.say("/order")
        await chat.say("large")
    assert set(server.told) == {("validate_order_form", True), ("action_order", True)}
    assert {tuple(call["domain"]["forms"]["order_form"]["required_slots"]) for call in server.calls} == {("size",)}


async def test_only_what_needs_it_carries_the_domain_where_endpoints_yml_says_so(
    tmp_path: Path, server: ActionServer
) -> None:
    async with chat_with(tmp_path, server.url, selective=True) as chat:
        await chat.say("/follow")
        await chat.say("/order")
        await chat.say("large")
        await chat.say("/domain")
    needing = {name for name, has_domain in server.told if has_domain}
    assert needing == {"validate_order_form", "action_needs_domain"}
    assert {name for name, has_domain in server.told if not has_domain} == {"action_follow", "action_order"}


async def test_a_server_that_keeps_the_domain_asks_for_it_once_and_again_when_it_has_changed(
    tmp_path: Path, server: ActionServer
) -> None:
    server.asks = True
    for day in (3, 4):
        async with chat_with(tmp_path, server.url, datetime(2026, 11, day, tzinfo=UTC), selective=True) as chat:
            await chat.say("/follow")
            await chat.say("/refuse")
        domain = tmp_path / "project/domain.yml"
        domain.write_text(domain.read_text("utf-8").replace("Which size?", "Of which size?"), "utf-8")
    once = [("action_follow", False), ("action_follow", True), ("action_refuse", False)]
    assert server.told == once + once
