"""Addresses behind proxies, other origins, and bodies that come slowly or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from msgspec.structs import replace
from multidict import CIMultiDict
from yarl import URL

from bot import Incoming, JsonObject, Said
from bot.channels import plugged
from bot.config import Server
from bot.errors import ConfigurationError
from bot.server.address import TrustedProxies
from bot.server.app import make_app
from bot.server.listening import listening
from bot.server.parts import Parts

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
        (("10.0.0.1",), "10.0.0.1", ("203.0.113.5:51234",), "203.0.113.5"),
        (("10.0.0.1",), "10.0.0.1", ('"203.0.113.7"',), "203.0.113.7"),
        (("10.0.0.1",), "10.0.0.1", ("[2001:db8::1]",), "2001:db8::1"),
        (("10.0.0.1",), "10.0.0.1", ('"[2001:db8::1]:443"',), "2001:db8::1"),
        (("10.0.0.0/8",), "10.0.0.1", ("1.1.1.1, 203.0.113.7:80, 10.0.0.9:80",), "203.0.113.7"),
        (("10.0.0.1",), "10.0.0.1", ("[]:80",), "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", ("203.0.113.7, ::ffff:10.0.0.2",), "203.0.113.7"),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        (("::ffff:10.0.0.0/104",), "10.0.0.1", ("203.0.113.7, ::ffff:10.0.0.2",), "203.0.113.7"),
        (("::ffff:10.0.0.1",), "10.0.0.1", ("203.0.113.7, 10.0.0.2",), "10.0.0.2"),
    ],
)
def test_client_address_is_the_nearest_one_that_is_not_a_trusted_proxy(
    trusted: tuple[str, ...], remote: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert client_address(trusted, remote, *forwarded) == address


def test_proxy_with_unreadable_forwarded_address_is_reported_once() -> None:
    told: list[str] = []
    proxies = TrustedProxies(("10.0.0.0/8",), told.append)

    def ask(forwarded: str) -> None:
        proxies.client(make_mocked_request("GET", "/", {"X-Forwarded-For": forwarded}).clone(remote="10.0.0.1"))

    ask("made up, 203.0.113.7")  # the client made up this one, not the proxy
    assert told == []
    ask("unknown, 10.0.0.9")
    ask("unknown")
    assert told == ["10.0.0.9"]


async def test_unreadable_forwarded_address_is_logged_without_its_content(running: Running) -> None:
    server = Server(trusted_proxies=("127.0.0.1",))
    parts = replace(running.parts, settings=replace(running.parts.settings, server=server))
    async with TestClient(TestServer(make_app(parts))) as client:
        for _ in range(2):
            await client.get("/health", headers={"X-Forwarded-For": "secret"})
    (line,) = running.log.getvalue().splitlines()
    assert (json.loads(line)["event"], json.loads(line)["proxy"]) == ("X-Forwarded-For cannot be read", "127.0.0.1")
    assert "secret" not in line


def test_trusted_proxy_that_is_not_an_address_is_rejected() -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        TrustedProxies(["proxy.example"])


@pytest.fixture
async def cors_client(running: Running) -> AsyncIterator[TestClient[Any, Any]]:
    server = Server(cors_origins=("https://bank.example",))
    parts = replace(running.parts, settings=replace(running.parts.settings, server=server))
    async with TestClient(TestServer(make_app(parts))) as client:
        yield client


async def test_allowed_origin_may_preflight_and_read(cors_client: TestClient[Any, Any]) -> None:
    asked = {"Origin": "https://bank.example", "Access-Control-Request-Method": "POST"}
    preflight = await cors_client.options("/chat", headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://bank.example"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = await cors_client.get("/health", headers={"Origin": "https://bank.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://bank.example"
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://bank.example.evil.example", "null"])
async def test_unknown_origin_gets_no_cors_headers(cors_client: TestClient[Any, Any], origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = await cors_client.options("/chat", headers=asked)
    assert preflight.status == 405
    for answer in (preflight, await cors_client.get("/health", headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_no_origin_is_allowed_by_default(running: Running) -> None:
    answer = await running.client.get("/health", headers={"Origin": "https://bank.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_turn_is_committed_when_its_client_disconnects(running: Running) -> None:
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


async def test_backlog_holds_hundreds_of_connections_while_the_server_is_busy(running: Running) -> None:
    settings = replace(running.parts.settings, server=Server(port=0))
    async with listening(make_app(running.parts), settings) as address:
        url = URL(address)
        assert url.host
        with ExitStack() as clients:
            for _ in range(300):  # the loop, which accepts them, does not run meanwhile
                clients.enter_context(socket.create_connection((url.host, url.port), timeout=5))


async def test_chunked_body_over_the_limit_is_rejected(running: Running) -> None:
    customer = await running.login()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    answer = await running.client.post(
        "/chat", data=endless(), headers={**customer, "Content-Type": "application/json"}
    )
    assert (answer.status, (await answer.json())["code"]) == (413, "too_large")


@asynccontextmanager
async def raw_server(parts: Parts) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """Serve these parts on a socket; yields a function that sends bytes there and reads until the server closes."""
    settings = replace(parts.settings, server=Server(port=0))
    async with asyncio.timeout(60), listening(make_app(parts), settings) as address:
        url = URL(address)

        async def say(data: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(data)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

        yield say


async def test_invalid_http_is_logged_without_its_bytes(running: Running) -> None:
    async with raw_server(running.parts) as say:
        answer = await say(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + b"secret" * 2_000 + b"\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert "LineTooLong" in running.log.getvalue()
    assert "secret" not in running.log.getvalue() + answer.decode()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
    ],
    ids=["no host", "no HTTP", "too many headers"],
)
async def test_invalid_http_gets_a_problem_response(running: Running, request_: bytes) -> None:
    async with raw_server(running.parts) as say:
        head, _, body = (await say(request_)).partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert b" 400 " in head.splitlines()[0]
    assert (problem["status"], problem["code"]) == (400, "no_http")
    assert f"X-Correlation-ID: {problem['correlationId']}\r\n".encode() in head
    assert b"aiohttp" not in head
    logged = [json.loads(line) for line in running.log.getvalue().splitlines()]
    assert [line["correlation_id"] for line in logged if line["event"] == "http"] in ([], [problem["correlationId"]])


@pytest.mark.parametrize(("expected", "goes_on"), [(b"100-continue", True), (b"wonders", False)])
async def test_expect_100_continue_is_honoured_and_other_expectations_ignored(
    running: Running, expected: bytes, goes_on: bool
) -> None:
    head = b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
    async with raw_server(running.parts) as say:
        answer = await say(head + b"Connection: close\r\nExpect: " + expected + b"\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") == goes_on
    assert b'"code":"invalid_body"' in answer
    assert b"Server: Teller" in answer


@pytest.mark.parametrize("request_", [b"POST /nothing", b"POST /health"], ids=["no route", "no method"])
async def test_unknown_expectation_without_a_route_gets_a_417_problem(running: Running, request_: bytes) -> None:
    async with raw_server(running.parts) as say:
        answer = await say(request_ + b" HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 2\r\n\r\n{}")
    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (417, "expectation_failed")
    assert b"Content-Type: application/problem+json\r\n" in head
    assert f"X-Correlation-ID: {problem['correlationId']}\r\n".encode() in head
    assert b"aiohttp" not in head


class Listener:
    """A plugin's channel that records what it receives."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def receive(self, incoming: Incoming) -> Sequence[Said]:
        self.bodies.append(incoming.body)
        return ()

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        return None


async def test_compressed_body_is_not_expanded(running: Running) -> None:
    listener, body = Listener(), gzip.compress(b"0" * 50_000)
    head = b"POST /webhooks/listener/webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    async with raw_server(replace(running.parts, channel_routes=plugged.routes({"listener": listener}))) as say:
        answer = await say(head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert listener.bodies == [body]


@pytest.mark.parametrize(
    "begun",
    [b"Content-Length: 500\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"],
    ids=["counted", "chunked"],
)
async def test_disconnect_during_a_request_is_counted_as_499_and_not_logged(running: Running, begun: bytes) -> None:
    settings = replace(running.parts.settings, server=Server(port=0))
    async with asyncio.timeout(20), listening(make_app(running.parts), settings) as address:
        url = URL(address)
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + begun)
        writer.close()
        await writer.wait_closed()
        metrics = b""
        while b'route="/auth"' not in metrics:
            await asyncio.sleep(0)
            metrics = running.parts.metrics.text()
    assert b'status="499"' in metrics
    assert b'status="500"' not in metrics
    assert running.log.getvalue() == ""


@pytest.mark.parametrize(
    ("path", "header", "told"),
    [
        ("/auth", b"Transfer-Encoding: gzip, chunked\r\n", b"`Transfer-Encoding: chunked`"),
        ("/chat", b"Transfer-Encoding: chunked\r\nAuthorization: Bearer b\r\n", b"one Authorization header"),
    ],
)
async def test_requests_that_proxies_may_read_differently_are_rejected(
    running: Running, path: str, header: bytes, told: bytes
) -> None:
    customer = await running.login()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {customer['Authorization']}\r\n"
    body = b"Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with raw_server(running.parts) as say:
        answer = await say(head.encode() + header + body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert told in answer
