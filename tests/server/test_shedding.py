"""Refusing costs little: while the server is full, whole messages on idle connections are refused unread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.server.shedding import Gate, SheddingRunner, busy_answer, is_whole_message

MESSAGE = b"POST /chat HTTP/1.1\r\nHost: bot\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Kitchen:
    """A server that lets `most` messages in and answers each when `done` is set."""

    most: int
    port: int = 0
    in_work: int = 0
    most_seen: int = 0
    is_gated: bool = True
    done: asyncio.Event = field(default_factory=asyncio.Event)
    runner: SheddingRunner | None = None

    async def chat(self, request: web.Request) -> web.Response:
        self.in_work += 1
        self.most_seen = max(self.most_seen, self.in_work)
        try:
            await self.done.wait()
        finally:
            self.in_work -= 1
        return web.Response(text=request.path)

    async def until_in_work(self, number: int) -> None:
        async with asyncio.timeout(10):
            while self.in_work < number:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def kitchen(most: int) -> AsyncIterator[Kitchen]:
    served = Kitchen(most)
    app = web.Application()
    app.router.add_post("/chat", served.chat)
    app.router.add_post("/auth", served.chat)
    gate = Gate(lambda: served.in_work if served.is_gated else -1_000, most, lambda: busy_answer("c-1"))
    runner = SheddingRunner(app, gate, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.port, served.runner = runner.addresses[0][1], runner
    try:
        yield served
    finally:
        served.done.set()
        await runner.cleanup()


@dataclass
class Line:
    """A client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))


async def idle_lines(served: Kitchen, stack: AsyncExitStack, number: int) -> list[Line]:
    """Connections on which one message was answered and the server waits for the next one."""
    made = []
    served.is_gated = False
    served.done.set()
    for _ in range(number):
        line = Line(*await asyncio.open_connection("127.0.0.1", served.port))
        stack.callback(line.writer.close)
        line.writer.write(MESSAGE)
        assert (await line.answer())[0] == 200
        made.append(line)
    served.is_gated = True
    served.done.clear()
    served.most_seen = 0
    return made


async def test_full_server_answers_503_with_retry_after_and_keeps_the_connection() -> None:
    async with kitchen(most=1) as served, AsyncExitStack() as stack:
        first, second = await idle_lines(served, stack, 2)
        first.writer.write(MESSAGE)
        await served.until_in_work(1)
        second.writer.write(MESSAGE)
        status, headers, body = await second.answer()
        assert (status, headers["retry-after"]) == (503, "1")
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["correlationId"] == headers["x-correlation-id"] == "c-1"
        served.done.set()
        assert (await first.answer())[0] == 200
        second.writer.write(MESSAGE)  # the connection stays open
        assert (await second.answer())[0] == 200


async def test_limit_holds_when_many_messages_arrive_at_once() -> None:
    async with kitchen(most=10) as served, AsyncExitStack() as stack:
        crowd = await idle_lines(served, stack, 100)
        for line in crowd:
            line.writer.write(MESSAGE)
        await served.until_in_work(10)
        answers = [asyncio.create_task(line.answer()) for line in crowd]
        async with asyncio.timeout(10):
            while sum(answer.done() for answer in answers) < 90:
                await asyncio.sleep(0.001)
        assert served.most_seen == 10
        served.done.set()
        statuses = [(await answer)[0] for answer in answers]
        assert statuses.count(200) == 10
        assert statuses.count(503) == 90


async def test_full_server_still_serves_other_routes() -> None:
    async with kitchen(most=0) as served, AsyncExitStack() as stack:
        [line] = await idle_lines(served, stack, 1)
        served.done.set()
        line.writer.write(MESSAGE.replace(b"/chat", b"/auth"))
        assert (await line.answer())[0] == 200


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with kitchen(most=1) as served, AsyncExitStack() as stack:
        [line] = await idle_lines(served, stack, 1)
        line.writer.write(MESSAGE)
        await served.until_in_work(1)
        line.writer.write(MESSAGE.replace(b"/chat", b"/auth"))
        line.writer.write(MESSAGE)
        await line.writer.drain()
        served.done.set()
        bodies = [(await line.answer())[2] for _ in range(3)]
        assert bodies == [b"/chat", b"/auth", b"/chat"]


async def test_message_in_pieces_and_everything_after_it_is_left_to_aiohttp() -> None:
    async with kitchen(most=0) as served, AsyncExitStack() as stack:
        [line] = await idle_lines(served, stack, 1)
        # Its second piece looks like a whole request; a server that refused it would answer what was never asked.
        line.writer.write(b"POST /chat HTTP/1.1\r\nHost: bot\r\nContent-Length: %d\r\n\r\n" % len(MESSAGE))
        await served.until_in_work(1)
        served.done.set()
        line.writer.write(MESSAGE)
        assert (await line.answer())[0] == 200
        line.writer.write(MESSAGE)
        assert (await line.answer())[0] == 200


class Wire(asyncio.Transport):
    """A connection whose client reads when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = True
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to close."""


async def test_reading_pauses_while_a_client_does_not_read_refusals() -> None:
    async with kitchen(most=0) as served:
        assert served.runner is not None
        shedder, wire = served.runner.server(), Wire()
        shedder.connection_made(wire)
        await asyncio.sleep(0)  # aiohttp's protocol starts waiting for a request
        shedder.data_received(MESSAGE)
        assert wire.written.startswith(b"HTTP/1.1 503 ")
        shedder.pause_writing()
        assert not wire.is_read
        shedder.resume_writing()
        assert wire.is_read
        shedder.connection_lost(None)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (MESSAGE, True),
        (MESSAGE.replace(b"/chat", b"/webhooks/rest/webhook?token=t"), True),
        (MESSAGE.replace(b"Content-Length", b"content-length"), True),
        (MESSAGE[:-1], False),
        (MESSAGE + MESSAGE, False),
        (MESSAGE + b"\r\n", False),
        (MESSAGE[:30], False),
        (b"", False),
        (b"PO", False),
        (b"x" + MESSAGE, False),
        (MESSAGE.replace(b"POST", b"GET"), False),
        (MESSAGE.replace(b"/chat", b"/auth"), False),
        (MESSAGE.replace(b"/chat", b"/chat/history"), False),
        (MESSAGE.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (MESSAGE.replace(b"Length: 2", b"Length: 2, 2"), False),
        (MESSAGE.replace(b"Length: 2", b"Length: +2"), False),
        (MESSAGE.replace(b"Host: bot", b"Content-Length: 2"), False),
        (MESSAGE.replace(b"Host: bot", b"Content-Length : 3"), False),
        (MESSAGE.replace(b"Host: bot", b"Transfer-Encoding: chunked"), False),
        (MESSAGE.replace(b"Host: bot", b"Expect: 100-continue"), False),
        (MESSAGE.replace(b"Host: bot", b"Connection: close"), False),
        (MESSAGE.replace(b"Host: bot", b"ORIGIN: https://a.example"), False),
    ],
)
def test_is_whole_message_recognises_exactly_one_complete_message(data: bytes, whole: bool) -> None:
    assert is_whole_message(data, {}) is whole


def test_cached_heads_are_distinguished_and_bounded() -> None:
    lengths: dict[bytes, int | None] = {}
    for number in range(100):
        good = b"POST /chat HTTP/1.1\r\nHost: %d\r\nContent-Length: 2\r\n\r\n{}" % (number % 20)
        assert is_whole_message(good, lengths)
        assert not is_whole_message(good + b"x", lengths)
        assert not is_whole_message(good.replace(b"POST", b"GET"), lengths)
    assert len(lengths) <= 8
