"""Delivery: sends the replies in the outbox until their receivers accept them, in order within a conversation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from bot.config import Callback
from bot.encoding import decode
from bot.engine.protocols import DueOutgoing, Outgoing, TurnStore
from bot.errors import BotError, CallFailed
from bot.http import HttpClient, HttpLimits
from bot.sources import Chance, Sources

MESSAGE_ID = "X-Message-ID"
"""The header with a reply's id, the same across retries and restarts, so that a receiver can drop repeats."""

SEND_SECONDS: Final = 10.0
"""How long a plugin's channel may take to send."""

_FIRST_PAUSE = 1.0  # seconds; doubled with every attempt
_LONGEST_PAUSE = 300.0
_LOOK_EVERY = 1.0  # seconds; another worker's turn may have put something in the outbox
_AT_ONCE = 32  # deliveries under way
_TOO_SLOW = "no answer within {:g} s (`callback: timeout_seconds:` in credentials.yml)"
_TEMPORARY = frozenset({401, 403, 408, 425})  # a password is wrong or has changed, or the receiver was not ready
_CLAIMED_LONGER = 5.0  # seconds that a claim outlasts the longest delivery; a reply whose worker died waits for it


class Delivery:
    """Delivers indefinitely (`run`), or what is due now (`deliver_due`). Open it with `async with`.

    Conversations are served concurrently, up to a limit, so that none waits for the slowest.

    A receiver that answers 2xx has accepted a reply; 4xx (except 401, 403, 408,
    425 and 429) refuses it permanently, and the next one follows; anything else
    is retried, later and later. `callback` gives the headers for its server.
    `wake` is set when there is something new in the outbox; `outcome` is called
    with `sent`, `refused` or `failed`, and `warn`, like a logger's `warning`,
    for each refusal, and for each channel that starts to fail or works again.
    `senders` send the replies of plugins' channels, by name, and `tell` is
    called with what they raise.
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
        default = Callback("").timeout_seconds  # for servers that credentials.yml no longer names
        longest = max(SEND_SECONDS, default, callback.timeout_seconds if callback else 0.0)
        self._claimed_seconds = longest + _CLAIMED_LONGER
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
        if self._callback is not None:  # so that an unreadable certificate file stops the start
            await self._client(_server(self._callback.url))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Deliver what is due and wait for more, indefinitely."""
        async with asyncio.TaskGroup() as deliveries:
            while True:
                self._wake.clear()
                with contextlib.suppress(BotError):  # the store is unavailable; try again soon
                    await self._begin_due(deliveries)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._wake.wait()

    async def deliver_due(self) -> int:
        """Try every due reply once, conversations concurrently; return how many there were.

        Raises what the outbox raises, in an exception group.
        """
        async with asyncio.TaskGroup() as deliveries:
            return await self._begin_due(deliveries)

    async def _begin_due(self, deliveries: asyncio.TaskGroup) -> int:
        """Start delivering what is due, up to the limit; return how many due replies were found."""
        room = _AT_ONCE - len(self._under_way)
        due = await self._outbox.due_outgoing(claimed_for=self._claimed_seconds, most=room) if room else ()
        for reply in due:
            if reply.outgoing.id not in self._under_way:  # it is if its claim expired before it was sent
                self._under_way.add(reply.outgoing.id)
                task = deliveries.create_task(self._deliver(reply))
                task.add_done_callback(partial(self._ended, reply.outgoing.id))
        return len(due)

    def _ended(self, reply: str, task: asyncio.Task[None]) -> None:
        """Free the place, and let the conversation's next reply follow."""
        self._under_way.discard(reply)
        self._wake.set()

    async def _deliver(self, due: DueOutgoing) -> None:
        """Try one reply. An unexpected error does not hold up others; the reply is retried when its claim expires."""
        try:
            await self._try(due)
        except BotError:  # the store is unavailable
            pass
        except Exception as error:
            self._tell(f"channel {due.outgoing.channel}", error)

    async def _try(self, due: DueOutgoing) -> None:
        reply = due.outgoing
        send = self._senders.get(reply.channel)
        try:
            if send is not None:
                await send(reply)
            else:
                await self._call_back(reply)
        except CallFailed as failure:
            if send is not None:
                self._tell(f"channel {reply.channel}", failure.__cause__ or failure)  # the cause knows the line
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
        """Warn of the first reply that a channel's receiver did not accept; others will fail too until it does."""
        if channel not in self._failing:
            self._failing[channel] = self._sources.monotonic()
            about = {"kind": failure.kind, "status": failure.status, "reason": failure.reason}
            self._warn("delivery failed", channel=channel, **{key: value for key, value in about.items() if value})

    async def _not_sent(self, due: DueOutgoing, failure: CallFailed) -> None:
        reply = due.outgoing
        is_refused = failure.kind == "rejected"
        is_final = is_refused and failure.status not in _TEMPORARY
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

    async def _call_back(self, reply: Outgoing) -> None:
        address = urlsplit(reply.target)
        if not address.netloc:  # a plugin's channel that is not loaded now
            raise CallFailed("refused", service=reply.channel, call="deliver", reason="no plugin sends for it")
        server = _server(reply.target)
        settings = self._settings_for(server)
        client = await self._client(server)
        path = address.path or "/"
        try:
            await client.call(
                "POST",
                f"{path}?{address.query}" if address.query else path,
                name="deliver",
                json=decode(reply.body),
                headers={MESSAGE_ID: reply.id, **settings.headers},
                idempotent=True,
                effect=False,
            )
        except CallFailed as failure:
            if failure.kind == "timeout":
                failure.reason = _TOO_SLOW.format(settings.timeout_seconds)
            # Accepted, even if the response's body is not JSON: it is not used.
            if failure.status is None or not 200 <= failure.status < 300:
                raise

    def _client_of(self, base: str) -> HttpClient:
        settings = self._settings_for(base)
        seconds = settings.timeout_seconds
        return HttpClient(
            base,
            service="callback",
            limits=HttpLimits(deadline_seconds=seconds, try_seconds=seconds, tries=1),  # the outbox repeats it
            sources=self._sources,
            cafile=settings.cafile,
            certfile=settings.certfile,
            keyfile=settings.keyfile,
        )

    def _settings_for(self, server: str) -> Callback:
        """The headers and files for a server: nothing for one that credentials.yml no longer names."""
        if self._callback is not None and server == _server(self._callback.url):
            return self._callback
        return Callback("")

    async def _client(self, base: str) -> HttpClient:
        if base not in self._clients:
            self._clients[base] = await self._stack.enter_async_context(self._make_client(base))
        return self._clients[base]

    def _pause(self, attempts: int, failure: CallFailed) -> timedelta:
        """Exponential backoff with jitter over its upper half, and at least the receiver's Retry-After."""
        pause = min(_FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), _LONGEST_PAUSE)
        seconds = pause * (0.5 + self._chance.share() / 2)
        return timedelta(seconds=max(seconds, failure.retry_after or 0.0))


def _server(url: str) -> str:
    """Scheme, host and port of an address, without user name and password, which go into headers."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
