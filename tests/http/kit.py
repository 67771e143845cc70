"""What the HTTP client's tests share: transports that replace the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.http import HttpClient, HttpLimits
from bot.sources import Sources

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Script(httpx.AsyncBaseTransport):
    """Answers each request with the next step: a response, an exception to raise, or a callable; the last repeats."""

    steps: list[Any]
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
        self.requests.append(request)
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            return await step()  # type: ignore[no-any-return]
        status, body, headers = step
        return httpx.Response(status, headers=headers, stream=Chunks([body]))


class Chunks(httpx.AsyncByteStream):
    """A body in pieces; a piece that is an exception is raised. `closed` says whether the stream was closed."""

    def __init__(self, pieces: list[bytes | Exception], wait: Callable[[], Any] | None = None) -> None:
        self.pieces = pieces
        self.wait = wait
        self.closed = False

    async def __aiter__(self) -> Any:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if self.wait is not None:
                await self.wait()
            yield piece

    async def aclose(self) -> None:
        self.closed = True


def ok(body: bytes = b"{}", content_type: str = "application/json", **headers: str) -> Any:
    return 200, body, {"Content-Type": content_type, **headers}


def status(code: int, **headers: str) -> Any:
    return code, b"{}", {"Content-Type": "application/json", **headers}


async def forever() -> Any:
    await asyncio.Event().wait()


def client(script: Script, *, clock: Clock | None = None, now: datetime = NOW, **options: Any) -> HttpClient:
    """A client that uses the script, with short pauses unless Retry-After asks for more."""
    limits = {"first_pause_seconds": 0.0001, "longest_pause_seconds": 0.001} | options.pop("limits", {})
    sources = Sources(now=lambda: now, monotonic=clock or Clock(), seed=lambda: 1)
    return HttpClient(
        "http://bank.test", service="bank", transport=script, sources=sources, limits=HttpLimits(**limits), **options
    )


@asynccontextmanager
async def serving(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    host: str = "127.0.0.1",
    **options: Any,
) -> AsyncIterator[int]:
    """A server on a free port, which it yields; at the end every connection is closed."""
    connections: set[asyncio.Task[Any] | None] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        with closing(writer), suppress(ConnectionError):  # a client may disconnect abruptly
            await answer(reader, writer)

    async with await asyncio.start_server(connected, host, 0, **options) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*(task for task in connections if task is not None))
