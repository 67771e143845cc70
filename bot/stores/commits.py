"""The two sets of statements that every turn runs: load a conversation, and make turns durable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.engine.protocols import Loaded, Stored, TurnCommit
from bot.errors import ConversationGone, SequenceConflict
from bot.stores import effects, outbox, reminders
from bot.stores.connection import Connection, Row
from bot.stores.times import micros, moment

_LOAD = """
    SELECT c.seq, c.snapshot, c.last_turn_at, i.fingerprint, i.seq AS stored_seq, i.reply,
           EXISTS (SELECT 1 FROM reminders r WHERE r.conversation = c.id) AS has_reminders
    FROM conversations c LEFT JOIN inbox i ON i.conversation = c.id AND i.message_id = :message_id
    WHERE c.id = :conversation"""

_MOVE_ON = """
    UPDATE conversations SET seq = :seq, snapshot = :snapshot, last_turn_at = :at
    WHERE id = :conversation AND seq = :seq - 1 AND fence = :fence"""

_RECORD = "INSERT INTO turns (conversation, seq, at, record) VALUES (:conversation, :seq, :at, :record)"

_ANSWER = """
    INSERT INTO inbox (conversation, message_id, fingerprint, arrived_at, status, seq, reply)
    VALUES (:conversation, :message_id, :fingerprint, :at, 'done', :seq, :reply)
    ON CONFLICT (conversation, message_id) DO UPDATE
    SET status = 'done', seq = excluded.seq, reply = excluded.reply, payload = NULL
    WHERE inbox.status = 'accepted' AND inbox.fingerprint = excluded.fingerprint"""

_EXTEND = "UPDATE sessions SET idle_until = :until WHERE token_hash = :session AND idle_until < :until"

# It changes nothing, but locks the row: a SELECT would need PostgreSQL's own syntax for that.
LOCK_CUSTOMER = "UPDATE customers SET disabled = 0 WHERE id = :id AND disabled = 0"

_FIND = "SELECT id FROM conversations WHERE principal = :principal AND channel = :channel AND sender = :sender"

_BEGIN = """
    INSERT INTO conversations (id, principal, channel, sender, created_at)
    VALUES (:id, :principal, :channel, :sender, :now)
    ON CONFLICT (principal, channel, sender) DO NOTHING"""


def load(connection: Connection, conversation: str, message_id: str | None) -> Loaded:
    """A conversation, with the message of this id if it came before; one statement, however long the conversation."""
    row = connection.one(_LOAD, conversation=conversation, message_id=message_id)
    return Loaded(0, None, None) if row is None else loaded(row, has_reminders=bool(row.has_reminders))


def loaded(row: Row, *, has_reminders: bool) -> Loaded:
    """The Loaded of a row that joins a conversation with a message that came before."""
    stored = Stored(row.fingerprint, row.stored_seq or 0, row.reply) if row.fingerprint is not None else None
    at = None if row.last_turn_at is None else moment(row.last_turn_at)
    return Loaded(row.seq, row.snapshot, at, stored, has_reminders)


def commit(connection: Connection, turns: Sequence[TurnCommit]) -> Sequence[None]:
    """Write all of these turns, each statement for all of them at once.

    Raises SequenceConflict (or Conflict) if another worker was first with one
    of them; it is then unknown which were written.
    """
    rows = [parameters(turn) for turn in turns]
    if connection.many(_MOVE_ON, rows) < len(rows):
        raise SequenceConflict("not the next turn, or another worker holds the conversation")
    connection.many(_RECORD, rows)
    if connection.many(_ANSWER, rows) < len(rows):
        raise SequenceConflict("the message was answered before")
    connection.many(_EXTEND, [row for row in rows if row["until"] is not None])
    for turn in turns:
        commit_rest(connection, turn, has_reminders=turn.had_reminders)
    return [None] * len(turns)


def commit_rest(connection: Connection, turn: TurnCommit, *, has_reminders: bool) -> None:
    """Write what only few turns have: outgoing replies, outcomes of outside changes, and reminders."""
    for entry in turn.effects:
        effects.journal(connection, entry)
    if turn.outbox:
        outbox.put(connection, turn.conversation, turn.outbox, micros(turn.at))
    if has_reminders or turn.reminders:
        reminders.apply(connection, turn)


def parameters(turn: TurnCommit) -> Mapping[str, Any]:
    """The parameters of a turn's statements; `until` is None unless the turn extends its session until then."""
    until = turn.session_idle_until if turn.session is not None else None
    return {
        "conversation": turn.conversation,
        "seq": turn.seq,
        "fence": turn.fence,
        "snapshot": turn.snapshot,
        "at": micros(turn.at),
        "record": turn.record,
        "message_id": turn.message_id,
        "fingerprint": turn.fingerprint,
        "reply": turn.body,
        "session": turn.session,
        "until": None if until is None else micros(until),
    }


def conversation_of(connection: Connection, key: tuple[str, str, str]) -> str | None:
    """The id of the conversation of (principal, channel, sender), if it exists."""
    principal, channel, sender = key
    row = connection.one(_FIND, principal=principal, channel=channel, sender=sender)
    return row.id if row else None


def begin_conversation(
    connection: Connection, conversation: str, key: tuple[str, str, str], now: datetime, customer: str | None = None
) -> str:
    """The id of the conversation of (principal, channel, sender); `conversation` if there was none yet.

    Raises ConversationGone if it is for a `customer` who is disabled or erased by now: nobody would delete it.
    """
    if customer is not None and not connection.run(LOCK_CUSTOMER, id=customer):
        raise ConversationGone
    principal, channel, sender = key
    connection.run(_BEGIN, id=conversation, principal=principal, channel=channel, sender=sender, now=micros(now))
    found = conversation_of(connection, key)
    assert found is not None
    return found
