"""Rasa's rest channel: a message in, the list of replies out, in one exchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from bot.encoding import encode
from bot.server import schemas
from bot.server.messages import MADE_ID, id_headers, sender_of, user_message
from bot.server.rasa_replies import rasa_replies
from bot.server.routing import CHANNEL, CUSTOMER, Answers, Call, Parameter, Route, json_response
from bot.server.status_routes import channel_status

NAME = "rest"
_RESERVED = frozenset({"callback", "background", "chat"})


async def webhook(call: Call) -> web.Response:
    """POST /webhooks/rest/webhook."""
    body = call.body
    sender = sender_of(body)
    message = await user_message(
        call,
        text=body["message"],
        channel=_channel(call, body.get("input_channel")),
        sender=sender,
        message_id=body.get("message_id"),
        metadata=body.get("metadata"),
    )
    answer = await call.parts.engine.handle(message)
    replies = list(rasa_replies(answer.replies, sender or message.conversation))
    streamed = call.request.query.get("stream", "").lower() == "true"
    response = _lines(replies) if streamed else json_response(replies)
    response.headers.update(id_headers(message))
    return response


def _lines(replies: Iterable[Mapping[str, Any]]) -> web.Response:
    """Replies as Rasa streams them, one object per line; all at once, as none is sent before the turn is durable."""
    body = b"".join(encode(reply) + b"\n" for reply in replies)
    return web.Response(body=body, content_type="text/event-stream")


def _channel(call: Call, given: str | None) -> str:
    """The channel name that the client gives, which selects responses for that channel.

    Names that have a meaning here cannot be given: replies of the callback
    channel, for instance, are delivered to the backend.
    """
    if not given or given in _RESERVED or given in call.parts.channels:
        return NAME
    return given


_STREAM = Parameter("stream", "`true`: one reply per line, as Rasa streams them", {"type": "string"})


def routes(most_characters: int) -> tuple[Route, ...]:
    """The routes of the rest channel."""
    return (
        channel_status(NAME),
        Route(
            "POST",
            "/webhooks/rest/webhook",
            webhook,
            CUSTOMER | CHANNEL,
            "Send a message: a customer in their own conversation, a backend for the user that `sender` names",
            Answers(200, "what the bot answers", schemas.RASA_REPLIES, headers=(MADE_ID,)),
            schemas.rasa_message(most_characters),
            parameters=(_STREAM,),
            problems=(422, 429, 503),
            tag="rasa",
            extends_session=False,
            takes_turn=True,
        ),
    )
