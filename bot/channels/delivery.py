"""Delivery: what stands in the outbox goes to its receiver, in order within a conversation, until it was taken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from bot.encoding import decode
from bot.engine.protocols import DueOutgoing
from bot.errors import BotError, CallFailed
from bot.http import HttpClient
from bot.sources import Chance, Sources

MESSAGE_ID = "X-Message-ID"
"""The header with a reply's id, the same over retries and restarts: a receiver drops what it has seen."""

_FIRST_PAUSE = 1.0  # seconds; doubled with every try
_LONGEST_PAUSE = 300.0
_LOOK_EVERY = 1.0  # seconds; another worker's turn may have put something in the outbox
_AT_ONCE = 32
_CLAIMED_SECONDS = 15.0  # several times what a delivery may take; a reply whose sender died waits this long


class Outbox(Protocol):
    """What delivery needs of the store (bot.engine.protocols.TurnStore has it)."""

    async def due_outgoing(self, *, claimed_for: float = 60.0, most: int = 100) -> Sequence[DueOutgoing]:
        """The first unsent reply of each conversation whose time has come."""

    async def mark_sent(self, reply: str) -> None:
        """The reply was taken."""

    async def give_up(self, reply: str) -> None:
        """The reply was refused for good."""

    async def retry_at(self, reply: str, at: datetime) -> None:
        """Try again then."""


class Delivery:
    """Delivers for ever (`run`), or what is due now (`deliver_due`). Open it with `async with`.

    A receiver that answers 2xx has taken a reply; 4xx (but for 408, 425 and
    429) refuses it for good, and the next one goes on; anything else is tried
    again, later and later. `wake` is set when there is something new in the
    outbox; `outcome` is told `sent`, `refused` or `failed`.
    """

    def __init__(
        self,
        outbox: Outbox,
        sources: Sources,
        *,
        wake: asyncio.Event | None = None,
        outcome: Callable[[str], None] = lambda _: None,
        make_client: Callable[[str], HttpClient] | None = None,
    ) -> None:
        self._outbox = outbox
        self._sources = sources
        self._outcome = outcome
        self._make_client = make_client or (lambda base: HttpClient(base, service="callback", sources=sources))
        self._clients: dict[str, HttpClient] = {}
        self._chance = Chance(sources.seed())
        self._wake = wake or asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Delivery:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Deliver what is due, and wait for more, for ever."""
        while True:
            self._wake.clear()
            delivered = 0
            with contextlib.suppress(BotError):  # the store is away; look again soon
                delivered = await self.deliver_due()
            if not delivered:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._wake.wait()

    async def deliver_due(self) -> int:
        """Try every reply that is due once, conversations side by side; how many there were."""
        due = await self._outbox.due_outgoing(claimed_for=_CLAIMED_SECONDS, most=_AT_ONCE)
        await asyncio.gather(*(self._deliver(reply) for reply in due))
        return len(due)

    async def _deliver(self, due: DueOutgoing) -> None:
        reply = due.outgoing
        try:
            await self._send(due)
        except CallFailed as failure:
            if failure.kind == "rejected" and failure.status not in (408, 425):
                await self._outbox.give_up(reply.id)
                self._outcome("refused")
                return
            await self._outbox.retry_at(reply.id, self._sources.now() + self._pause(due.attempts, failure))
            self._outcome("failed")
            return
        await self._outbox.mark_sent(reply.id)
        self._outcome("sent")

    async def _send(self, due: DueOutgoing) -> None:
        address = urlsplit(due.outgoing.target)
        client = await self._client(f"{address.scheme}://{address.netloc}")
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers = {MESSAGE_ID: due.outgoing.id}
        try:
            await client.call(
                "POST",
                path,
                name="deliver",
                json=decode(due.outgoing.body),
                headers=headers,
                idempotent=True,
                effect=False,
            )
        except CallFailed as failure:
            # Taken, though the answer's body is not JSON: nobody reads it.
            if failure.status is None or not 200 <= failure.status < 300:
                raise

    async def _client(self, base: str) -> HttpClient:
        if base not in self._clients:
            self._clients[base] = await self._stack.enter_async_context(self._make_client(base))
        return self._clients[base]

    def _pause(self, attempts: int, failure: CallFailed) -> timedelta:
        """Exponential backoff with full jitter in its upper half, and never before the receiver wants it."""
        pause = min(_FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), _LONGEST_PAUSE)
        seconds = pause * (0.5 + self._chance.share() / 2)
        return timedelta(seconds=max(seconds, failure.retry_after or 0.0))
