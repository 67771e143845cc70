"""Channels that plugins offer: a webhook each, under `/webhooks/NAME/webhook`, that knows no web framework.

The channel verifies what came (only it knows the platform's signature) and
translates; conversations, idempotency, order and durability are the engine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from aiohttp import web
from msgspec import Struct, field

from bot.encoding import decode, encode, keeping
from bot.engine.codec import reply_to_json
from bot.engine.deadline import uncancelled
from bot.engine.looking import AT_ONCE
from bot.engine.protocols import Outgoing
from bot.engine.record import TurnRecord
from bot.errors import PLUGIN_FAILURES, Busy, CallFailed, Forbidden, MessageIdReused, PluginError
from bot.messages import JsonObject, Principal, UserMessage
from bot.server import schemas
from bot.server.body import read_bytes
from bot.server.messages import user_message
from bot.server.problems import Problem, problem_of
from bot.server.routing import PUBLIC, Answers, Call, Handler, Route, json_response
from bot.server.status_routes import channel_status
from bot.server.text import clean

T = TypeVar("T")

_SEND_SECONDS: Final = 10.0
"""How long a channel may take to send; the outbox gives a reply to one sender for longer."""


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


class Sending(Struct, frozen=True):
    """What the bot says to one of the platform's users by itself; `id` is the same at every try."""

    id: str
    sender: str
    replies: Sequence[JsonObject]


class Channel(Protocol):
    """What `register_channels` takes."""

    def receive(self, incoming: Incoming) -> Sequence[Said]:
        """The messages in a request, in order; one without a text is left out.

        Raises PermissionError when it is not the platform's (403), ValueError
        when it cannot be understood (400; the text is told).
        """

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        """The JSON to answer with, from every answered message's replies (`text`, `buttons`, `custom`, …)."""


@runtime_checkable
class SendingChannel(Channel, Protocol):
    """A channel that can speak first: reminders, and outside changes whose outcome was late."""

    async def send(self, sending: Sending) -> None:
        """Send it to the user. Raises ValueError when that is refused for good; after all else it is tried again."""


def addressing(name: str) -> Callable[[UserMessage, TurnRecord], tuple[Outgoing, ...]]:
    """How the engine makes an outgoing reply of a turn that no message from the channel caused."""

    def address(message: UserMessage, record: TurnRecord) -> tuple[Outgoing, ...]:
        if message.channel == name or not record.replies:
            return ()
        body = encode([reply_to_json(reply) for reply in record.replies])
        return (Outgoing(f"{record.conversation}.{record.seq}", name, message.sender, body),)

    return address


def sender(name: str, channel: SendingChannel) -> Callable[[Outgoing], Awaitable[None]]:
    """How the channel sends a reply of the outbox; raises CallFailed, `rejected` where it is refused for good."""

    async def send(outgoing: Outgoing) -> None:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await uncancelled(channel.send(Sending(outgoing.id, outgoing.target, decode(outgoing.body))))
        except PLUGIN_FAILURES as error:
            kind: Final = "rejected" if type(error) is ValueError else "unavailable"
            raise CallFailed(kind, service=name, call="send", reason=type(error).__name__) from error

    return send


def routes(channels: Mapping[str, Channel]) -> tuple[Route, ...]:
    """A status and a webhook for each channel."""
    answer = Answers(200, "what the channel answers its platform", schemas.ANYTHING)
    made = []
    for name, channel in channels.items():
        webhook, about = _webhook(name, channel), f"A message from {name}; the channel verifies it"
        problems = (400, 403, 408, 413, 422, 429, 503)
        path = f"/webhooks/{name}/webhook"
        made.append(channel_status(name))
        made.append(Route("POST", path, webhook, PUBLIC, about, answer, problems=problems, tag="rasa", takes_turn=True))
    return tuple(made)


def _webhook(name: str, channel: Channel) -> Handler:
    principal = Principal("key", f"channel:{name}")

    async def webhook(call: Call) -> web.Response:
        call.identity = principal
        incoming = await _incoming(call)
        batch = _Batch(call, name, _asked(name, "receive", lambda: _received(name, channel, incoming)))
        answered = await batch.answered()
        return _asked(name, "respond", lambda: json_response(channel.respond(answered)))

    return webhook


class _Batch:
    """The messages of one request, each answered in a turn of its own: those of one sender with nothing between them.

    One that can never be answered holds up none of the others: the platform would send them all again, for ever. What
    fails for a while fails the request, and is answered when it is repeated.
    """

    def __init__(self, call: Call, channel: str, received: Sequence[Said]) -> None:
        self._call = call
        self._channel = channel
        self._received = [said for said in received if clean(said.text)]
        self._replies: dict[int, Sequence[JsonObject]] = {}
        self._refusals: list[Exception] = []
        self._places = asyncio.Semaphore(AT_ONCE)

    async def answered(self) -> list[tuple[Said, Sequence[JsonObject]]]:
        """What was answered, with its replies; raises a refusal where nothing was."""
        by_sender: dict[str, list[int]] = {}
        for number, said in enumerate(self._received):
            by_sender.setdefault(said.sender, []).append(number)
        outcomes = await asyncio.gather(*map(self._answer, by_sender.values()), return_exceptions=True)
        for numbers, failure in zip(by_sender.values(), outcomes, strict=True):
            if isinstance(failure, Busy):
                await self._answer(numbers)  # there may be room now, without the others
            elif failure is not None:
                raise failure
        if self._refusals and not self._replies:
            raise self._refusals[0]
        return [(self._received[number], replies) for number, replies in sorted(self._replies.items())]

    async def _answer(self, numbers: Sequence[int]) -> None:
        """Answer one sender's messages, and note what came of each."""
        async with self._places:
            found = [(number, await self._message(self._received[number])) for number in numbers]
            taken = {number: message for number, message in found if message is not None}
            answers = await self._call.parts.engine.handle_all(list(taken.values())) if taken else []
        for number, answer in zip(taken, answers, strict=True):
            if isinstance(answer, MessageIdReused):
                self._refuse(answer)
            else:
                self._replies[number] = answer.replies

    async def _message(self, said: Said) -> UserMessage | None:
        try:
            return await user_message(
                self._call,
                text=said.text,
                channel=self._channel,
                sender=said.sender,
                message_id=said.message_id,
                metadata=said.metadata,
            )
        except Problem as problem:
            self._refuse(problem)
            return None

    def _refuse(self, error: Exception) -> None:
        problem = problem_of(error)
        code = problem.code if problem else ""
        self._call.parts.log.warning("message_refused", channel=self._channel, problem=code)
        self._refusals.append(error)


def _received(name: str, channel: Channel, incoming: Incoming) -> list[Said]:
    try:
        return list(_checked(name, channel.receive(incoming)))
    except PermissionError as error:
        raise Forbidden from error
    except ValueError as error:
        raise Problem(400, "invalid_body", str(error)) from error


_kept = keeping(Said)


def _checked(name: str, received: Sequence[Said]) -> Iterator[Said]:
    wrong = f"the channel {name!r}: receive gave"
    for said in received:
        if not isinstance(said, Said):
            raise PluginError(f"{wrong} a {type(said).__name__} where `Said` is wanted")
        try:
            encode(said.metadata)
            yield _kept(said)
        except (TypeError, ValueError) as error:
            raise PluginError(f"{wrong} a `Said` that cannot be kept ({type(error).__name__})") from error


def _asked(name: str, method: str, ask: Callable[[], T]) -> T:
    """What the channel says; whatever a plugin may raise by mistake is a PluginError that names it.

    It does not repeat what was raised: that may quote what somebody said.
    """
    try:
        return ask()
    except (Forbidden, Problem, PluginError):
        raise
    except PLUGIN_FAILURES as error:
        raise PluginError(f"the channel {name!r}: {method} raised {type(error).__name__}") from error


async def _incoming(call: Call) -> Incoming:
    request = call.request
    body = await read_bytes(request, max_bytes=call.parts.settings.server.max_body_bytes)
    return Incoming({name.lower(): value for name, value in request.headers.items()}, dict(request.query), body)
