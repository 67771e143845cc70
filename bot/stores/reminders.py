"""Reminders: set and cancelled by turns, found when they are due, removed by the turn that they cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import asdict

from bot.dialogue.events import ReminderCancelled, ReminderScheduled
from bot.encoding import canonical, decode, encode
from bot.engine.protocols import TurnCommit
from bot.stores.connection import Connection
from bot.stores.times import micros, moment

_MOST_AT_ONCE = 500
_BEFORE_ALL = -(2**63)

_SCHEDULE = """
    INSERT INTO reminders (conversation, name, intent, reminder, due_at, kill_on_user_message)
    VALUES (:conversation, :name, :intent, :reminder, :due_at, :kill)
    ON CONFLICT (conversation, name) DO UPDATE SET intent = excluded.intent, reminder = excluded.reminder,
    due_at = excluded.due_at, kill_on_user_message = excluded.kill_on_user_message"""

_DUE = """
    SELECT conversation, reminder FROM reminders WHERE due_at <= :now
    ORDER BY due_at LIMIT :most OFFSET :behind"""

_NEXT = "SELECT due_at FROM reminders WHERE due_at > :after ORDER BY due_at LIMIT 1"


def apply(connection: Connection, turn: TurnCommit) -> None:
    """Apply a turn to its conversation's reminders: first the one that fired, then the user's message, then events."""
    if turn.fired is not None:
        _remove_fired(connection, turn.conversation, turn.fired)
    if turn.user_spoke:
        sql = "DELETE FROM reminders WHERE conversation = :conversation AND kill_on_user_message = 1"
        connection.run(sql, conversation=turn.conversation)
    for event in turn.reminders:
        if isinstance(event, ReminderScheduled):
            _schedule(connection, turn.conversation, event)
        else:
            _cancel(connection, turn.conversation, event)


def due(connection: Connection, now: datetime, behind: int) -> Sequence[tuple[str, ReminderScheduled]]:
    """The reminders whose time has come, oldest first, at most 500, skipping the first `behind`."""
    rows = connection.all(_DUE, now=micros(now), most=_MOST_AT_ONCE, behind=behind)
    return [(row.conversation, _reminder(row.reminder)) for row in rows]


def is_scheduled(connection: Connection, conversation: str, reminder: ReminderScheduled) -> bool:
    """Whether the reminder is still set for its time."""
    sql = "SELECT 1 AS one FROM reminders WHERE conversation = :conversation AND name = :name AND due_at = :due_at"
    row = connection.one(sql, conversation=conversation, name=reminder.name, due_at=micros(reminder.due))
    return row is not None


def next_at(connection: Connection, after: datetime | None = None) -> datetime | None:
    """When the next reminder is due (the next one later than `after`, if given); None if there is none."""
    row = connection.one(_NEXT, after=_BEFORE_ALL if after is None else micros(after))
    return moment(row.due_at) if row else None


def _schedule(connection: Connection, conversation: str, event: ReminderScheduled) -> None:
    connection.run(
        _SCHEDULE,
        conversation=conversation,
        name=event.name,
        intent=event.intent,
        reminder=encode(asdict(event)),
        due_at=micros(event.due),
        kill=int(event.kill_on_user_message),
    )


def _cancel(connection: Connection, conversation: str, event: ReminderCancelled) -> None:
    sql = "SELECT name, intent, reminder FROM reminders WHERE conversation = :conversation"
    for row in connection.all(sql, conversation=conversation):
        if _matches(event, _reminder(row.reminder)):
            _remove(connection, conversation, row.name)


def _matches(event: ReminderCancelled, reminder: ReminderScheduled) -> bool:
    return (
        event.name in (None, reminder.name)
        and event.intent in (None, reminder.intent)
        and (event.entities is None or canonical(event.entities) == canonical(reminder.entities))
    )


def _remove(connection: Connection, conversation: str, name: str) -> None:
    sql = "DELETE FROM reminders WHERE conversation = :conversation AND name = :name"
    connection.run(sql, conversation=conversation, name=name)


def _remove_fired(connection: Connection, conversation: str, fired: ReminderScheduled) -> None:
    """Remove the reminder that fired, unless it was set to another time meanwhile."""
    sql = "DELETE FROM reminders WHERE conversation = :conversation AND name = :name AND due_at = :due_at"
    connection.run(sql, conversation=conversation, name=fired.name, due_at=micros(fired.due))


def _reminder(text: bytes) -> ReminderScheduled:
    value = decode(text)
    return ReminderScheduled(**{**value, "entities": tuple(value["entities"])})
