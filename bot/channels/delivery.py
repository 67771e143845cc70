"""Delivery: what stands in the outbox goes to its receiver, in order within a conversation, until it was taken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from urllib.parse import urlsplit

from bot.config import Callback
from bot.encoding import decode
from bot.engine.protocols import DueOutgoing, Outgoing, TurnStore
from bot.errors import BotError, CallFailed
from bot.http import HttpClient
from bot.sources import Chance, Sources

MESSAGE_ID = "X-Message-ID"
"""The header with a reply's id, the same over retries and restarts: a receiver drops what it has seen."""

_FIRST_PAUSE = 1.0  # seconds; doubled with every try
_LONGEST_PAUSE = 300.0
_LOOK_EVERY = 1.0  # seconds; another worker's turn may have put something in the outbox
_AT_ONCE = 32  # deliveries under way
_MAY_BE_MENDED = frozenset({401, 403, 408, 425})  # a password is wrong or has changed, or the receiver was not ready
_CLAIMED_SECONDS = 15.0  # several times what a delivery may take; a reply whose sender died waits this long


class Delivery:
    """Delivers for ever (`run`), or what is due now (`deliver_due`). Open it with `async with`.

    Conversations go side by side, a bounded number of them: none waits for the slowest.

    A receiver that answers 2xx has taken a reply; 4xx (but for 401, 403, 408,
    425 and 429) refuses it for good, and the next one goes on; anything else is
    tried again, later and later. `callback` gives the headers of what goes to
    its server. `wake` is set when there is something new in the outbox;
    `outcome` is told `sent`, `refused` or `failed`, and `warn`, as a logger's
    `warning` is, of each refusal, and of each channel that fails and works again.
    `senders` send what is for plugins' channels,
    by name, and `tell` is told what they raise.
    """

    def __init__(
        self,
        outbox: TurnStore,
        sources: Sources,
        *,
        callback: Callback | None = None,
        warn: Callable[..., None] = lambda event, **about: None,
        wake: asyncio.Event | None = None,
        outcome: Callable[[str], None] = lambda _: None,
        make_client: Callable[[str], HttpClient] | None = None,
        senders: Mapping[str, Callable[[Outgoing], Awaitable[None]]] = MappingProxyType({}),
        tell: Callable[[str, BaseException], None] = lambda channel, error: None,
    ) -> None:
        self._outbox = outbox
        self._sources = sources
        self._callback = callback
        self._warn = warn
        self._outcome = outcome
        self._senders = senders
        self._tell = tell
        self._make_client = make_client or self._client_of
        self._clients: dict[str, HttpClient] = {}
        self._chance = Chance(sources.seed())
        self._wake = wake or asyncio.Event()
        self._under_way: set[str] = set()
        self._failing: dict[str, float] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Delivery:
        if self._callback is not None:  # so that a file of certificates that cannot be read ends the start
            await self._client(_server(self._callback.url))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Deliver what is due, and wait for more, for ever."""
        async with asyncio.TaskGroup() as under_way:
            while True:
                self._wake.clear()
                with contextlib.suppress(BotError):  # the store is away; look again soon
                    await self._begin_due(under_way)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._wake.wait()

    async def deliver_due(self) -> int:
        """Try every reply that is due once, conversations side by side; how many there were.

        Raises what the outbox raises, in a group.
        """
        async with asyncio.TaskGroup() as under_way:
            return await self._begin_due(under_way)

    async def _begin_due(self, under_way: asyncio.TaskGroup) -> int:
        """Begin to deliver what is due, as far as there is room; how many there were."""
        room = _AT_ONCE - len(self._under_way)
        due = await self._outbox.due_outgoing(claimed_for=_CLAIMED_SECONDS, most=room) if room else ()
        for reply in due:
            if reply.outgoing.id not in self._under_way:  # it is where its claim ran out before it was sent
                self._under_way.add(reply.outgoing.id)
                task = under_way.create_task(self._deliver(reply))
                task.add_done_callback(partial(self._ended, reply.outgoing.id))
        return len(due)

    def _ended(self, reply: str, task: asyncio.Task[None]) -> None:
        """There is room again, and the conversation's next reply may go."""
        self._under_way.discard(reply)
        self._wake.set()

    async def _deliver(self, due: DueOutgoing) -> None:
        """Try one reply. What nobody thought of holds up no other; it is tried again when its claim is over."""
        try:
            await self._try(due)
        except BotError:  # the store is away
            pass
        except Exception as error:
            self._tell(f"channel {due.outgoing.channel}", error)

    async def _try(self, due: DueOutgoing) -> None:
        reply = due.outgoing
        try:
            send = self._senders.get(reply.channel)
            await (send(reply) if send else self._call_back(due))
        except CallFailed as failure:
            if reply.channel in self._senders:
                self._tell(f"channel {reply.channel}", failure.__cause__ or failure)  # which knows the line
            await self._not_sent(due, failure)
            return
        self._note_sent(reply.channel)
        await self._outbox.mark_sent(reply.id)
        self._outcome("sent")

    def _note_sent(self, channel: str) -> None:
        since = self._failing.pop(channel, None)
        if since is not None:
            self._warn("delivery works again", channel=channel, seconds=round(self._sources.monotonic() - since, 1))

    def _note_failed(self, channel: str, failure: CallFailed) -> None:
        """Tell of the first reply that a channel's receiver did not take: the others fail likewise until it does."""
        if channel not in self._failing:
            self._failing[channel] = self._sources.monotonic()
            about = {"kind": failure.kind, "status": failure.status, "reason": failure.reason}
            self._warn("delivery failed", channel=channel, **{key: value for key, value in about.items() if value})

    async def _not_sent(self, due: DueOutgoing, failure: CallFailed) -> None:
        reply, is_refused = due.outgoing, failure.kind == "rejected"
        is_final = is_refused and failure.status not in _MAY_BE_MENDED
        if is_refused:
            about = {"reply": reply.id, "channel": reply.channel, "status": failure.status}
            self._warn("delivery refused", **about, given_up=is_final)
        else:
            self._note_failed(reply.channel, failure)
        if is_final:
            await self._outbox.give_up(reply.id)
        else:
            await self._outbox.retry_at(reply.id, self._sources.now() + self._pause(due.attempts, failure))
        self._outcome("refused" if is_final else "failed")

    async def _call_back(self, due: DueOutgoing) -> None:
        address = urlsplit(due.outgoing.target)
        if not address.netloc:  # a plugin's channel that is not there now
            raise CallFailed("refused", service=due.outgoing.channel, call="deliver", reason="nobody sends for it")
        server = _server(due.outgoing.target)
        client = await self._client(server)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers = {MESSAGE_ID: due.outgoing.id}
        if self._callback is not None and server == _server(self._callback.url):  # whoever was it before learns nothing
            headers |= self._callback.headers
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

    def _client_of(self, base: str) -> HttpClient:
        """What calls a server; the files for HTTPS are for the one that credentials.yml names now."""
        ours = self._callback if self._callback is not None and base == _server(self._callback.url) else Callback("")
        return HttpClient(
            base,
            service="callback",
            sources=self._sources,
            cafile=ours.cafile,
            certfile=ours.certfile,
            keyfile=ours.keyfile,
        )

    async def _client(self, base: str) -> HttpClient:
        if base not in self._clients:
            self._clients[base] = await self._stack.enter_async_context(self._make_client(base))
        return self._clients[base]

    def _pause(self, attempts: int, failure: CallFailed) -> timedelta:
        """Exponential backoff with full jitter in its upper half, and never before the receiver wants it."""
        pause = min(_FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), _LONGEST_PAUSE)
        seconds = pause * (0.5 + self._chance.share() / 2)
        return timedelta(seconds=max(seconds, failure.retry_after or 0.0))


def _server(url: str) -> str:
    """Scheme, host and port of an address, without a name and password: those go into headers."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
