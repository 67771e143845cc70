"""Routes for a customer's conversation: send a message, read the history."""

from __future__ import annotations

from aiohttp import web

from bot.server import schemas
from bot.server.history import history_page
from bot.server.messages import CUSTOMER_FAMILY, user_message
from bot.server.query import integer, text
from bot.server.routing import CUSTOMER, Answers, Call, Parameter, Route, json_bytes, json_response

_MOST_MESSAGES = 200


async def chat(call: Call) -> web.Response:
    """POST /chat."""
    body = call.body
    message = await user_message(
        call,
        text=body["message"],
        channel="chat",
        message_id=body.get("messageId"),
        metadata=body.get("metadata"),
    )
    answer = await call.parts.engine.handle(message)
    return json_bytes(answer.body)


async def history(call: Call) -> web.Response:
    """GET /chat/history."""
    limit = integer(call.request, "limit", default=50, low=1, high=_MOST_MESSAGES)
    before = text(call.request, "before", longest=40)
    after = text(call.request, "after", longest=40)
    if after is None and call.session is not None:  # polling does not extend the session
        await call.parts.auth.sessions.keep_alive(call.session)
    store = call.parts.engine.store
    found = await store.find_conversation(call.principal.id, CUSTOMER_FAMILY, "")
    # A customer who has not said anything has no conversation yet; the history of an unknown id is empty.
    return json_response(await history_page(store, found or "", limit=limit, before=before, after=after))


def routes(most_characters: int) -> tuple[Route, ...]:
    """The routes of a customer's conversation."""
    limit = Parameter(
        "limit", "how many messages at most", {"type": "integer", "minimum": 1, "maximum": _MOST_MESSAGES}
    )
    before = Parameter("before", "messages before this cursor or turn; not with `after`", schemas.string(1, 40))
    after = Parameter(
        "after", "messages after this cursor or turn; for polling, not with `before`", schemas.string(1, 40)
    )
    return (
        Route(
            "POST",
            "/chat",
            chat,
            CUSTOMER,
            "Send a message to the bot",
            Answers(200, "what the bot answers; the same bytes for a repeated messageId", schemas.ANSWER),
            schemas.chat(most_characters),
            problems=(422, 429, 503),
            tag="chat",
            extends_session=False,
            takes_turn=True,
        ),
        Route(
            "GET",
            "/chat/history",
            history,
            CUSTOMER,
            "What was said: the newest page, or the one before or after a cursor; oldest first within a page",
            Answers(200, "a page of messages", schemas.HISTORY),
            parameters=(limit, before, after),
            problems=(400, 503),
            tag="chat",
            extends_session=False,
        ),
    )
