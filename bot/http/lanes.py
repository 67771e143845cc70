"""A bulkhead, so that calls to a slow service do not fill the bot: it bounds running and waiting calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from bot.http.certificates import Certificates


class TooManyCalls(Exception):
    """Too many calls are already waiting."""


class Lanes:
    """Lets `running` calls run concurrently and `waiting` more wait; others fail immediately with TooManyCalls.

    Each running call has its own transport with one connection. One shared pool would do the same, but for each request
    httpcore 1.0 looks at every pair of its connections: with 32 of them that took longer than the call itself.
    """

    def __init__(self, running: int, waiting: int, open_transport: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._slots = asyncio.Semaphore(running)
        self._limit = waiting
        self._waiting = 0
        self._open = open_transport
        self._idle: list[httpx.AsyncBaseTransport] = []

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A transport for one call; the most recently used one, so that its connection is warm."""
        if self._slots.locked() and self._waiting >= self._limit:
            raise TooManyCalls
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        transport = self._idle.pop() if self._idle else self._open()
        try:
            yield transport
        finally:
            self._idle.append(transport)
            self._slots.release()

    async def close(self) -> None:
        """Close all connections; no call may be in progress."""
        transports = set(self._idle)  # a test's transport is in every lane
        self._idle = []
        for transport in transports:
            await transport.aclose()


def connections(certificates: Certificates | None) -> Callable[[], httpx.AsyncBaseTransport]:
    """Opens transports of one connection that ignore the environment's proxies (httpx would use them for loopback).

    Certificates are always verified, against authorities that are loaded once; without encryption (None) they are not
    even loaded, as that takes 20 ms.
    """
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    verify = certificates.context() if certificates is not None else False
    return lambda: httpx.AsyncHTTPTransport(limits=one, trust_env=False, retries=0, verify=verify)
