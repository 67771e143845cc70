"""An action server that does nothing, and records what it was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


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
    def sent(self) -> list[tuple[str, bool]]:
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
