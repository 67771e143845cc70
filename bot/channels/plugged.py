"""Channels from plugins: each has a webhook, `/webhooks/NAME/webhook`, and needs to know no web framework.

The channel verifies requests (only it knows the platform's signature) and
translates; conversations, idempotency, order and durability are the engine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias, cast

from aiohttp import web

from bot.channels.batch import Batch, SenderLocks
from bot.channels.channel import ApiChannel, Channel, Incoming, Said, Sending, Sends, replies_by_send
from bot.channels.delivery import SEND_SECONDS
from bot.encoding import decode, encode, round_trip
from bot.engine.codec import reply_to_json
from bot.engine.deadline import uncancelled
from bot.engine.engine import Addressing
from bot.engine.protocols import Outgoing
from bot.engine.record import TurnRecord
from bot.errors import PLUGIN_FAILURES, CallFailed, Forbidden, PluginError, Undeliverable
from bot.messages import Principal, UserMessage
from bot.server import schemas
from bot.server.body import read_bytes
from bot.server.problems import Problem
from bot.server.routing import PUBLIC, Answers, Call, Handler, Route, json_response
from bot.server.status_routes import channel_status

Send: TypeAlias = Callable[[Outgoing], Awaitable[None]]


def addressings(channels: Mapping[str, Channel | ApiChannel]) -> dict[str, Addressing]:
    """By name, the functions that make the outgoing replies of the channels that send."""
    sending = {name: channel for name, channel in channels.items() if isinstance(channel, Sends)}
    return {name: addressing(name, sends_all=replies_by_send(channel)) for name, channel in sending.items()}


def senders(channels: Mapping[str, Channel | ApiChannel]) -> dict[str, Send]:
    """By name, the functions that send for the channels that can."""
    return {name: sender(name, channel) for name, channel in channels.items() if isinstance(channel, Sends)}


def addressing(name: str, *, sends_all: bool = False) -> Addressing:
    """The function that makes a turn's outgoing reply: for turns that the channel did not cause, or for all."""

    def address(message: UserMessage, record: TurnRecord) -> tuple[Outgoing, ...]:
        is_response = message.principal.id == principal(name).id  # to the platform's own request
        if (is_response and not sends_all) or not record.replies:
            return ()
        body = encode([reply_to_json(reply) for reply in record.replies])
        return (Outgoing(record.unique_id, name, message.sender, body),)

    return address


def sender(name: str, channel: Sends) -> Send:
    """The function that sends an outbox reply; it raises CallFailed, `rejected` if the channel says Undeliverable."""

    async def send(outgoing: Outgoing) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await uncancelled(channel.send(Sending(outgoing.id, outgoing.target, decode(outgoing.body))))
        except PLUGIN_FAILURES as error:
            kind: Final = "rejected" if isinstance(error, Undeliverable) else "unavailable"
            wait = error.retry_after if isinstance(error, CallFailed) else None
            reason = type(error).__name__
            raise CallFailed(kind, service=name, call="send", reason=reason, retry_after=wait) from error

    return send


def principal(name: str) -> Principal:
    """The principal that speaks for the channel's users."""
    return Principal("key", f"channel:{name}")


def routes(channels: Mapping[str, Channel | ApiChannel]) -> tuple[Route, ...]:
    """A status and a webhook for each channel; platforms verify it with a GET, and some send messages that way."""
    answer = Answers(200, "the channel's answer to its platform", schemas.ANYTHING)
    problems = (400, 403, 408, 413, 422, 429, 503)
    table = []
    for name, channel in channels.items():
        table.append(channel_status(name))
        webhook, path = _webhook(name, channel), f"/webhooks/{name}/webhook"
        about = f"A message from {name}, or another request; the channel verifies it"
        for method in ("POST", "GET"):
            route = Route(method, path, webhook, PUBLIC, about, answer, problems=problems, tag="rasa", takes_turn=True)
            table.append(route)
    return tuple(table)


def _webhook(name: str, channel: Channel | ApiChannel) -> Handler:
    respond = _responder(name, channel)

    async def webhook(call: Call) -> web.Response:
        call.identity = principal(name)
        incoming = await _incoming(call)
        with _naming_the_channel(name, "receive"):
            received = _receive(name, channel, incoming)
        if isinstance(received, web.Response):
            return received
        return await respond(Batch(call, name, received))

    return webhook


def _responder(name: str, channel: Channel | ApiChannel) -> Callable[[Batch], Awaitable[web.Response]]:
    """The function that handles messages and makes the response to their platform."""
    locks = SenderLocks()

    async def accept(batch: Batch) -> web.Response:
        await batch.accept(locks)
        return web.Response(text="")

    async def answer(batch: Batch) -> web.Response:
        answered = await batch.answered(locks)
        with _naming_the_channel(name, "respond"):
            return json_response(cast(Channel, channel).respond(answered))

    return accept if replies_by_send(channel) else answer


def _receive(name: str, channel: Channel | ApiChannel, incoming: Incoming) -> list[Said] | web.Response:
    """The messages in a request, or the immediate answer to its platform."""
    try:
        received = channel.receive(incoming)
        said = [] if isinstance(received, str | Mapping) else list(_checked(name, received))
    except PermissionError as error:
        raise Forbidden from error
    except ValueError as error:
        raise Problem(400, "invalid_body", str(error)) from error
    if isinstance(received, str):
        return web.Response(text=received)
    if isinstance(received, Mapping):
        return json_response(received)
    return said


_as_stored = round_trip(Said)


def _checked(name: str, received: Sequence[Said]) -> Iterator[Said]:
    wrong = f"the channel {name!r}: receive returned"
    for said in received:
        if not isinstance(said, Said):
            raise PluginError(f"{wrong} a {type(said).__name__} instead of a `Said`")
        try:
            encode(said.metadata)
            yield _as_stored(said)
        except (TypeError, ValueError) as error:
            raise PluginError(f"{wrong} a `Said` that cannot be stored ({type(error).__name__})") from error


@contextmanager
def _naming_the_channel(name: str, method: str) -> Iterator[None]:
    """Turn anything unexpected that a channel raises into a PluginError that names it.

    The error does not repeat the exception's message, which may quote what somebody said.
    """
    try:
        yield
    except (Forbidden, Problem, PluginError):
        raise
    except PLUGIN_FAILURES as error:
        raise PluginError(f"the channel {name!r}: {method} raised {type(error).__name__}") from error


async def _incoming(call: Call) -> Incoming:
    request = call.request
    body = await read_bytes(request, max_bytes=call.parts.settings.server.max_body_bytes)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Incoming(headers, dict(request.query), body, "POST" if request.method == "POST" else "GET")
