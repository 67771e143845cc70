"""Turns a checked body into a UserMessage, in the same way for every channel of this server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.messages import UserMessage
from bot.server.problems import Problem
from bot.server.routing import Call, Header
from bot.server.schemas import is_plain
from bot.server.text import clean

CUSTOMER_FAMILY = "customer"
"""The channel family of logged-in customers: one conversation each, whichever channel they use."""

KEY_FAMILY = "key"
"""The channel family of a backend's own users, by sender."""


def sender_of(body: Mapping[str, Any]) -> str | None:
    """The sender that a message names, as text: a backend may number its users, as with Rasa.

    Raises Problem 400 for 1.0 and 1e20, which JSON schemas take for integers: rounding could merge two users.
    """
    sender = body.get("sender")
    if sender is None or isinstance(sender, str):
        return sender
    if not isinstance(sender, int):
        detail = "must be written without point and exponent; write large numbers as a string"
        raise _refused("the sender is a number that may be rounded", "/sender", detail)
    return str(sender)


async def conversation_of(call: Call, sender: str | None) -> str:
    """The conversation that this caller's message belongs to; raises Problem 400 if a key names no sender."""
    store, principal = call.parts.engine.store, call.principal
    if principal.customer is not None:
        return await store.conversation_id(principal.id, CUSTOMER_FAMILY, "", customer=principal.customer.id)
    if not sender:
        raise _refused("a backend must name its user", "", "sender must be given")
    return await store.conversation_id(principal.id, KEY_FAMILY, sender)


MADE_ID = Header("X-Message-ID", "the id that the server gave the message, if the request has none")
"""With it the message can be sent again and is answered only once."""


def id_headers(message: UserMessage) -> dict[str, str]:
    """The response header with the message's id, if the server made it: the client learns it only from here."""
    return {MADE_ID.name: message.message_id} if message.id_is_ours else {}


async def user_message(
    call: Call,
    *,
    text: str,
    channel: str,
    sender: str | None = None,
    message_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> UserMessage:
    """The message for the engine; raises Problem 400 if nothing is left of its text.

    Also raises it for ids with control characters, which a plugin's channel may not have checked.
    """
    plain = clean(text)
    if not plain:
        raise _refused("the message is empty", "/message", "must say something")
    for name, given in (("sender", sender), ("message_id", message_id)):
        if given is not None and not is_plain(given):
            raise _refused("the message has an id that cannot be stored", f"/{name}", "must have no control characters")
    sources = call.parts.sources
    is_customer = call.principal.customer is not None
    return UserMessage(
        text=plain,
        conversation=await conversation_of(call, sender),
        message_id=message_id or sources.new_id(),
        arrived=sources.now(),
        principal=call.principal,
        channel=channel,
        sender="" if is_customer or sender is None else sender,  # a customer cannot speak as somebody else
        metadata=metadata or {},
        id_is_ours=message_id is None,
        correlation_id=call.correlation_id,
    )


def _refused(what: str, pointer: str, detail: str) -> Problem:
    return Problem(400, "invalid_body", what, errors=[{"pointer": pointer, "detail": detail}])
