"""The turn record and the answer as JSON: what the store keeps and what a channel sends."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from bot.dialogue.event_json import event_from_json, event_to_json
from bot.dialogue.events import EntitiesAdded, Event, ReminderCancelled, ReminderScheduled
from bot.encoding import encode, may_have_long_number, reader, round_trip, write
from bot.engine.protocols import Accepted
from bot.engine.record import TurnRecord
from bot.messages import Principal, Reply, UserMessage


def record_to_json(record: TurnRecord) -> bytes:
    """The turn record as the store keeps it."""
    return write(replace(record, message=without_login(record.message)))


read_record = reader(TurnRecord)
"""Reads a stored turn record; raises ValueError if it is not one."""


class _AnswerBody(Struct, frozen=True, rename="camel"):
    conversation_id: str
    turn: int
    message_id: str
    replies: tuple[Reply, ...]


def answer_body(conversation: str, seq: int, message_id: str, replies: tuple[Reply, ...]) -> bytes:
    """The answer to a message, as it is stored and returned on every repeat."""
    return write(_AnswerBody(conversation, seq, message_id, replies))


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """A reply as a JSON object; absent fields are left out."""
    written: dict[str, Any] = to_builtins(reply)
    return written


def message_to_json(message: UserMessage) -> bytes:
    """A message as the inbox keeps it."""
    return write(without_login(message))


message_from_json = reader(Accepted)
"""Reads a message of the inbox, which has no login; raises ValueError if it is not one."""


def without_login(message: UserMessage) -> UserMessage:
    """The message as it may be stored: with who sent it, without their session or scopes."""
    return replace(message, principal=Principal("key", message.principal.id))


read_back = round_trip(tuple[Event, ...])
"""The events as the store will return them: JSON values that nobody else has; raises TypeError or ValueError."""


def storable(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """An action's events as `read_back` returns them; raises ValueError for those that JSON cannot represent."""
    if not events:
        return events
    try:
        written = write(events)
        stored = _read_events(written)
        is_as_given = stored == events and not may_have_long_number(written)
        if not is_as_given or not _STRICTLY_CHECKED.isdisjoint(map(type, events)):
            _check_strictly(events)
        return stored
    except (TypeError, ValueError) as error:
        raise ValueError(f"its events cannot be kept: {error}") from error


_read_events = reader(tuple[Event, ...])

_STRICTLY_CHECKED: Final = frozenset({ReminderScheduled, ReminderCancelled, EntitiesAdded})
"""Events whose fields are checked for more than their types."""


def _check_strictly(events: tuple[Event, ...]) -> None:
    """Check by way of Rasa's JSON, which is more precise: a tuple may become a list, but a set is refused."""
    written = [event_to_json(event) for event in events]
    encode(written)
    for event in written:
        event_from_json(event)
