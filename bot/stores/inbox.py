"""The inbox: messages of asynchronous channels, durable before they are acknowledged, answered in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence

from bot.engine.codec import message_from_json, message_to_json
from bot.errors import MessageIdReused
from bot.messages import UserMessage
from bot.stores.connection import Connection
from bot.stores.times import micros

_ACCEPT = """
    INSERT INTO inbox (conversation, message_id, fingerprint, payload, arrived_at, status)
    VALUES (:conversation, :message_id, :fingerprint, :payload, :arrived_at, 'accepted')
    ON CONFLICT (conversation, message_id) DO NOTHING"""

_FINGERPRINT = "SELECT fingerprint FROM inbox WHERE conversation = :conversation AND message_id = :message_id"


def accept(connection: Connection, message: UserMessage, fingerprint: str) -> bool:
    """Keep a message; False when it came before, MessageIdReused when its id came with another payload."""
    key = {"conversation": message.conversation, "message_id": message.message_id}
    new = connection.run(
        _ACCEPT,
        **key,
        fingerprint=fingerprint,
        payload=message_to_json(message),
        arrived_at=micros(message.arrived),
    )
    before = None if new else connection.one(_FINGERPRINT, **key)
    if before is not None and before.fingerprint != fingerprint:
        raise MessageIdReused("the message id was used for another message")
    return bool(new)


def accepted(connection: Connection) -> Sequence[UserMessage]:
    """The messages accepted and not yet answered, in order of arrival."""
    rows = connection.all("SELECT payload FROM inbox WHERE status = 'accepted' ORDER BY number")
    return [message_from_json(row.payload) for row in rows]
