"""Waiting for PostgreSQL's NOTIFY."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

_PAUSE = 0.5
"""Seconds between two attempts to connect; meanwhile whoever waits polls."""


class Notices:
    """Wakes whoever waits for a name when a notice with this name as its payload arrives on `channel`.

    It connects at the first wait; a single worker never waits.
    """

    def __init__(self, conninfo: str, channel: str, tell_failed: Callable[[str, Exception], None]) -> None:
        """`tell_failed` is called with unexpected errors."""
        self._conninfo = conninfo
        self._channel = channel
        self._tell_failed = tell_failed
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def expected(self, name: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set by the first notice for `name` from now on."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE):
                await self._listening.wait()
        event = asyncio.Event()
        self._waiting.setdefault(name, []).append(event)
        try:
            yield event
        finally:
            self._waiting[name].remove(event)
            if not self._waiting[name]:
                del self._waiting[name]

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self) -> None:
        import psycopg

        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
                async with connection:
                    await self._wake_for_each(connection)
            except psycopg.Error:  # the store finds out by itself, and reports it
                pass
            except Exception as error:
                self._tell_failed("listening for other workers", error)
            self._listening.clear()
            await asyncio.sleep(_PAUSE)

    async def _wake_for_each(self, connection: Any) -> None:
        await connection.execute(f"LISTEN {self._channel}")
        self._listening.set()
        async for notice in connection.notifies():
            for event in self._waiting.get(notice.payload, ()):
                event.set()
