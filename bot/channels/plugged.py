"""Channels that plugins offer: a webhook each, under `/webhooks/NAME/webhook`, that knows no web framework.

The channel verifies what came (only it knows the platform's signature) and
translates; conversations, idempotency, order and durability are the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct, field

from bot.errors import Forbidden
from bot.messages import JsonObject, Principal
from bot.server import schemas
from bot.server.body import read_bytes
from bot.server.messages import user_message
from bot.server.problems import Problem
from bot.server.routing import PUBLIC, Answers, Call, Handler, Route, json_response


class Incoming(Struct, frozen=True):
    """A webhook's request as it came: header names in lower case, the body's bytes as they were signed."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class Said(Struct, frozen=True):
    """What one of the platform's users said. Give the platform's own message id: repeats are answered once then."""

    sender: str
    text: str
    message_id: str | None = None
    metadata: JsonObject = field(default_factory=dict)


class Channel(Protocol):
    """What `register_channels` takes."""

    def receive(self, incoming: Incoming) -> Sequence[Said]:
        """The messages in a request, in order.

        Raises PermissionError when it is not the platform's (403), ValueError
        when it cannot be understood (400; the text is told).
        """

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        """The JSON to answer with, from every message's replies (`text`, `buttons`, `custom`, …)."""


def routes(channels: Mapping[str, Channel]) -> tuple[Route, ...]:
    """A status and a webhook for each channel."""
    there = Answers(200, "the channel is there", schemas.obj(("status",), {"status": schemas.TEXT}))
    answer = Answers(200, "what the channel answers its platform", schemas.ANYTHING)
    made = []
    for name, channel in channels.items():
        webhook, about = _webhook(name, channel), f"A message from {name}; the channel verifies it"
        problems = (400, 403, 408, 413, 422, 429, 503)
        path = f"/webhooks/{name}/"
        made.append(Route("GET", path, _status, PUBLIC, "Whether the channel is there", there, tag="rasa"))
        made.append(
            Route(
                "POST", f"{path}webhook", webhook, PUBLIC, about, answer, problems=problems, tag="rasa", takes_turn=True
            )
        )
    return tuple(made)


async def _status(call: Call) -> web.Response:
    return json_response({"status": "ok"})


def _webhook(name: str, channel: Channel) -> Handler:
    principal = Principal("key", f"channel:{name}")

    async def webhook(call: Call) -> web.Response:
        call.identity = principal
        answered = []
        for said in _received(channel, await _incoming(call)):
            message = await user_message(
                call,
                text=said.text,
                channel=name,
                sender=said.sender,
                message_id=said.message_id,
                metadata=said.metadata,
            )
            answered.append((said, (await call.parts.engine.handle(message)).replies))
        return json_response(channel.respond(answered))

    return webhook


def _received(channel: Channel, incoming: Incoming) -> Sequence[Said]:
    try:
        return channel.receive(incoming)
    except PermissionError as error:
        raise Forbidden from error
    except ValueError as error:
        raise Problem(400, "invalid_body", str(error)) from error


async def _incoming(call: Call) -> Incoming:
    request = call.request
    body = await read_bytes(request, max_bytes=call.parts.settings.server.max_body_bytes)
    return Incoming({name.lower(): value for name, value in request.headers.items()}, dict(request.query), body)
