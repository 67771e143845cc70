"""The inbox: messages of asynchronous channels, durable before they are acknowledged, answered in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bot.engine.codec import message_from_json, message_to_json
from bot.engine.protocols import Accepted
from bot.errors import ConversationGone, MessageIdReused
from bot.messages import UserMessage
from bot.stores.connection import Connection, Row
from bot.stores.times import micros

_ACCEPT = """
    INSERT INTO inbox (conversation, message_id, fingerprint, payload, arrived_at, status)
    SELECT id, :message_id, :fingerprint, :payload, :arrived_at, 'accepted'
    FROM conversations WHERE id = :conversation
    ON CONFLICT (conversation, message_id) DO NOTHING"""

# `|| ''` keeps the planner off the conversation's index, which has all its messages ever: few are still unanswered.
_BEFORE = """
    SELECT payload FROM inbox WHERE status = 'accepted' AND conversation || '' = :conversation AND number < (
        SELECT number FROM inbox WHERE conversation = :conversation AND message_id = :message_id)
    ORDER BY number"""

_KEEP = """
    UPDATE inbox SET payload = :payload
    WHERE conversation = :conversation AND message_id = :message_id AND status = 'accepted'"""

_FINGERPRINT = "SELECT fingerprint FROM inbox WHERE conversation = :conversation AND message_id = :message_id"


def accept(connection: Connection, message: UserMessage, fingerprint: str) -> bool:
    """Keep a message; False if it came before.

    Raises MessageIdReused if its id came with another payload, ConversationGone if its conversation was deleted.
    """
    key = {"conversation": message.conversation, "message_id": message.message_id}
    new = connection.run(
        _ACCEPT,
        **key,
        fingerprint=fingerprint,
        payload=message_to_json(message),
        arrived_at=micros(message.arrived),
    )
    if new:
        return True
    before = connection.one(_FINGERPRINT, **key)
    if before is None:
        raise ConversationGone
    if before.fingerprint != fingerprint:
        raise MessageIdReused("the message id was used for another message")
    return False


def keep_tries(connection: Connection, message: Accepted) -> None:
    """Store how often the message was tried; does nothing if it has been answered meanwhile."""
    key = {"conversation": message.conversation, "message_id": message.message_id}
    connection.run(_KEEP, **key, payload=message_to_json(message))


def accepted(connection: Connection) -> Sequence[Accepted]:
    """The messages accepted and not yet answered, in order of arrival."""
    rows = connection.all("SELECT payload FROM inbox WHERE status = 'accepted' ORDER BY number")
    return [_message(row) for row in rows]


def accepted_before(connection: Connection, message: UserMessage) -> Sequence[Accepted]:
    """The accepted, unanswered messages that this one's conversation accepted before it."""
    key = {"conversation": message.conversation, "message_id": message.message_id}
    rows = connection.all(_BEFORE, **key)
    return [_message(row) for row in rows]


def _message(row: Row) -> Accepted:
    """The message; an id that we generated counts as any other by now: several workers may be answering it."""
    return replace(message_from_json(row.payload), id_is_ours=False)
