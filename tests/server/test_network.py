"""Addresses behind proxies, other origins, and bodies that come slowly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from msgspec.structs import replace
from multidict import CIMultiDict
from yarl import URL

from bot.config import Server
from bot.errors import ConfigurationError
from bot.server.address import TrustedProxies
from bot.server.app import make_app
from bot.server.listening import listening

from .conftest import Running


def client_address(trusted: tuple[str, ...], remote: str, *forwarded: str) -> str:
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    return TrustedProxies(trusted).client(make_mocked_request("GET", "/", headers=headers).clone(remote=remote))


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "address"),
    [
        ((), "192.0.2.1", ("203.0.113.7",), "192.0.2.1"),
        (("10.0.0.1",), "192.0.2.1", ("203.0.113.7",), "192.0.2.1"),
        (("10.0.0.1",), "10.0.0.1", (), "10.0.0.1"),
        (("10.0.0.1",), "10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        (("10.0.0.0/8",), "10.0.0.1", ("1.1.1.1, 203.0.113.7, 10.0.0.9",), "203.0.113.7"),
        (("10.0.0.0/8",), "10.0.0.1", ("1.1.1.1", "203.0.113.7"), "203.0.113.7"),
        (("10.0.0.1",), "10.0.0.1", ("1.1.1.1, made up",), "10.0.0.1"),
        (("10.0.0.1",), "10.0.0.1", ("",), "10.0.0.1"),
        (("fd00::/8",), "fd00::1", ("2001:db8::5",), "2001:db8::5"),
    ],
)
def test_only_what_a_trusted_proxy_saw_counts(
    trusted: tuple[str, ...], remote: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert client_address(trusted, remote, *forwarded) == address


def test_a_proxy_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        TrustedProxies(["proxy.example"])


@pytest.fixture
async def open_to_others(running: Running) -> AsyncIterator[TestClient[Any, Any]]:
    server = Server(cors_origins=("https://bank.example",))
    parts = replace(running.parts, settings=replace(running.parts.settings, server=server))
    async with TestClient(TestServer(make_app(parts))) as client:
        yield client


async def test_an_allowed_origin_may_ask_and_read(open_to_others: TestClient[Any, Any]) -> None:
    asked = {"Origin": "https://bank.example", "Access-Control-Request-Method": "POST"}
    preflight = await open_to_others.options("/chat", headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://bank.example"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = await open_to_others.get("/health", headers={"Origin": "https://bank.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://bank.example"
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://bank.example.evil.example", "null"])
async def test_other_origins_may_not(open_to_others: TestClient[Any, Any], origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = await open_to_others.options("/chat", headers=asked)
    assert preflight.status == 405
    for answer in (preflight, await open_to_others.get("/health", headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_no_origin_is_allowed_unless_configured(running: Running) -> None:
    answer = await running.client.get("/health", headers={"Origin": "https://bank.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_client_that_hangs_up_does_not_undo_its_turn(running: Running) -> None:
    customer = await running.login()
    settings = replace(running.parts.settings, server=Server(port=0))
    running.engine.hold = asyncio.Event()
    body = b'{"message": "still said", "messageId": "m-1"}'
    head = f"POST /chat HTTP/1.1\r\nHost: x\r\nAuthorization: {customer['Authorization']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    async with asyncio.timeout(20), listening(make_app(running.parts), settings) as address:
        url = URL(address)
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head.encode() + body)
        while not running.engine.seen:
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        running.engine.hold.set()
        messages: list[Any] = []
        while not messages:
            history = await (await running.client.get("/chat/history?after=0", headers=customer)).json()
            messages = history["messages"]
    assert messages[0]["text"] == "still said"


async def test_a_chunked_body_is_bounded_too(running: Running) -> None:
    customer = await running.login()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    answer = await running.client.post(
        "/chat", data=endless(), headers={**customer, "Content-Type": "application/json"}
    )
    assert (answer.status, (await answer.json())["code"]) == (413, "too_large")


async def test_what_is_no_http_is_logged_in_a_word_and_not_repeated(running: Running) -> None:
    settings = replace(running.parts.settings, server=Server(port=0))
    async with asyncio.timeout(20), listening(make_app(running.parts), settings) as address:
        reader, writer = await asyncio.open_connection(URL(address).host, URL(address).port)
        writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + b"secret" * 2_000 + b"\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert "LineTooLong" in running.log.getvalue()
    assert "secret" not in running.log.getvalue()
