"""Turns, messages and the like, with recognisable parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from bot.dialogue.events import ReminderScheduled
from bot.engine.protocols import EffectEntry, TurnCommit
from bot.messages import Principal, UserMessage
from bot.sources import Sources
from bot.stores.commits import begin_conversation
from bot.stores.connection import Connection
from bot.stores.turns import SqlTurns

NOW = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)
Open = Callable[[], Awaitable[SqlTurns]]


class Clock:
    """Injected time that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def sources(self) -> Sources:
        return Sources(now=lambda: self.now)


def turn(conversation: str, seq: int, **changes: object) -> TurnCommit:
    """A commit with recognisable parts."""
    plain = TurnCommit(
        conversation=conversation,
        seq=seq,
        message_id=f"m{seq}",
        fingerprint=f"f{seq}",
        record=b'{"seq": %d}' % seq,
        snapshot=b'{"after": %d}' % seq,
        body=b'{"turn": %d, "text": "\xc2\xa31.00"}' % seq,
        at=NOW + timedelta(seconds=seq),
    )
    return replace(plain, **changes)


def reminder(name: str = "nudge", seconds: float = 60, **changes: object) -> ReminderScheduled:
    at = (NOW + timedelta(seconds=seconds)).isoformat()
    return replace(ReminderScheduled("remind", at, name, ({"entity": "n", "value": 1},)), **changes)


def message(conversation: str, message_id: str = "m1", text: str = "hello") -> UserMessage:
    return UserMessage(text, conversation, message_id, NOW, Principal("key", "key:k"), "callback", "s", {"a": [1]})


def entry(key: str = "k", status: str = "spending", **changes: object) -> EffectEntry:
    return replace(EffectEntry(key, "c", "transfer", b"{}", status, NOW), **changes)


def begin_conversation_of_entries(connection: Connection) -> None:
    """The conversation that `entry` names: nothing is spent in one that does not exist."""
    begin_conversation(connection, "c", ("key:k", "c", ""), NOW)


def add_past_turns(connection: Connection, conversation: str, turns: int) -> None:
    """Add past turns without their snapshots, all at once."""
    rows = [{"c": conversation, "seq": seq, "id": f"m{seq}", "record": b"r"} for seq in range(1, turns + 1)]
    connection.many("INSERT INTO turns (conversation, seq, at, record) VALUES (:c, :seq, 0, :record)", rows)
    answered = (
        "INSERT INTO inbox (conversation, message_id, fingerprint, arrived_at, status, seq, reply) "
        "VALUES (:c, :id, 'f', 0, 'done', :seq, :record)"
    )
    connection.many(answered, rows)
    connection.run("UPDATE conversations SET seq = :seq WHERE id = :c", seq=turns, c=conversation)


def add_session(connection: Connection) -> None:
    connection.run(
        "INSERT INTO customers (id, account_number, bank_customer_id, code_hash, created_at) "
        "VALUES ('c', '007', 'b', 'h', 0)"
    )
    connection.run(
        "INSERT INTO sessions (token_hash, id, customer, created_at, idle_until, absolute_until) "
        "VALUES ('s', 'i', 'c', 0, 1, 2)"
    )
