"""Rasa's callback channel: a message is accepted and stored, and the replies go to the backend's URL later."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.encoding import encode
from bot.engine.codec import reply_to_json
from bot.engine.protocols import Outgoing
from bot.engine.record import TurnRecord
from bot.messages import UserMessage
from bot.server import schemas
from bot.server.messages import MADE_ID, id_headers, sender_of, user_message
from bot.server.rasa_replies import rasa_replies
from bot.server.routing import CHANNEL, Answers, Call, Route
from bot.server.status_routes import channel_status

NAME = "callback"


async def webhook(call: Call) -> web.Response:
    """POST /webhooks/callback/webhook: answers `success`, like Rasa, once the message is durable."""
    body = call.body
    message = await user_message(
        call,
        text=body["message"],
        channel=NAME,
        sender=sender_of(body),
        message_id=body.get("message_id"),
        metadata=body.get("metadata"),
    )
    await call.parts.engine.accept(message)
    return web.Response(text="success", headers=id_headers(message))


def addressing(url: str) -> Callable[[UserMessage, TurnRecord], tuple[Outgoing, ...]]:
    """The function that makes a turn's outgoing replies: each with Rasa's body for the callback at `url`.

    The ids are derived from the turn and the position, so that they are the same on every attempt.
    """

    def address(message: UserMessage, record: TurnRecord) -> tuple[Outgoing, ...]:
        replies = (reply_to_json(reply) for reply in record.replies)
        return tuple(
            Outgoing(f"{record.unique_id}.{index}", NAME, url, encode(body))
            for index, body in enumerate(rasa_replies(replies, message.sender or record.conversation))
        )

    return address


def routes(most_characters: int) -> tuple[Route, ...]:
    """The routes of the callback channel."""
    about = "the message is stored; the replies go to the callback"
    accepted = Answers(200, about, content_type="text/plain", headers=(MADE_ID,))
    return (
        channel_status(NAME),
        Route(
            "POST",
            "/webhooks/callback/webhook",
            webhook,
            CHANNEL,
            "Send a message for a backend's user; the replies go to the backend's callback",
            accepted,
            schemas.rasa_message(most_characters),
            problems=(422, 429, 503),
            tag="rasa",
            takes_turn=True,
        ),
    )
