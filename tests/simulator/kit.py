"""An HTTP client of the bank, shared by the simulator's tests."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from yarl import URL

from simulator.settings import Endpoint

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
INFORMATION = "/open-banking/v4.0/aisp"
PAYMENTS = "/open-banking/v4.0/pisp"


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@dataclass
class Bank:
    """An HTTP client of the simulator, which acts for one customer at a time."""

    endpoint: Endpoint
    http: aiohttp.ClientSession
    token: str = ""

    async def log_in(self, customer: str) -> None:
        headers = {"Authorization": basic(self.endpoint.client_id, self.endpoint.secret)}
        form = {"grant_type": "client_credentials", "customer": customer}
        async with self.http.post("/token", data=form, headers=headers) as response:
            assert response.status == 200
            self.token = (await response.json())["access_token"]

    async def call(self, method: str, path: str, **arguments: Any) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        async with self.http.request(method, path, headers=headers, **arguments) as response:
            return response.status, await response.json(), response.headers

    async def get(self, path: str, **arguments: Any) -> Any:
        status, body, _ = await self.call("GET", INFORMATION + path, **arguments)
        assert status == 200, body
        return body

    async def break_it(self, **fault: Any) -> None:
        headers = {"Authorization": f"Bearer {self.endpoint.admin_key}"}
        async with self.http.post("/admin/faults", json=fault, headers=headers) as response:
            assert response.status == 201, await response.text()

    async def say(self, method: str, path: str, *headers: bytes, body: bytes = b"") -> bytes:
        """Send bytes that no well-behaved client would send; return the whole answer."""
        url = URL(self.endpoint.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = b"%s %s HTTP/1.1" % (method.encode(), path.encode())
        lines = (head, b"Host: x", b"Connection: close", b"Content-Length: %d" % len(body), *headers)
        writer.write(b"\r\n".join((*lines, b"", body)))
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer
