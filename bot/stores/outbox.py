"""The outbox: replies delivered separately, in order within a conversation, until the receiver has taken them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.engine.protocols import DueOutgoing, Outgoing
from bot.stores.connection import Connection
from bot.stores.times import micros

_PUT = """
    INSERT INTO outbox (id, conversation, channel, target, body, status, next_at, created_at)
    VALUES (:id, :conversation, :channel, :target, :body, 'due', :at, :at)"""

# Only the head of each conversation's queue: the second reply waits until the first was taken. Sent replies, which are
# many more, are not in the index that this reads.
_HEADS = "SELECT MIN(number) AS number FROM outbox WHERE status = 'due' GROUP BY conversation"

_CLAIM = f"""
    UPDATE outbox SET next_at = :until, attempts = attempts + 1
    WHERE number IN (
        SELECT o.number FROM ({_HEADS}) head JOIN outbox o ON o.number = head.number
        WHERE o.next_at <= :now ORDER BY o.number LIMIT :most)
    AND status = 'due' AND next_at <= :now
    RETURNING number, id, conversation, channel, target, body, attempts"""  # noqa: S608 - put together from constants


def put(connection: Connection, conversation: str, replies: Sequence[Outgoing], at: int) -> None:
    """Add replies at the end of their conversation's queue."""
    for reply in replies:
        connection.run(
            _PUT,
            id=reply.id,
            conversation=conversation,
            channel=reply.channel,
            target=reply.target,
            body=reply.body,
            at=at,
        )


def claim(connection: Connection, now: datetime, claimed_for: float, most: int) -> Sequence[DueOutgoing]:
    """The first waiting reply of each conversation whose time has come; nobody else gets them for `claimed_for` s."""
    until = micros(now + timedelta(seconds=claimed_for))
    rows = connection.all(_CLAIM, now=micros(now), until=until, most=most)
    return [
        DueOutgoing(Outgoing(row.id, row.channel, row.target, row.body), row.conversation, row.attempts)
        for row in sorted(rows)
    ]


def mark_sent(connection: Connection, reply: str, now: datetime) -> None:
    """Record that the receiver has it."""
    sql = "UPDATE outbox SET status = 'sent', sent_at = :now WHERE id = :id AND status = 'due'"
    connection.run(sql, id=reply, now=micros(now))


def give_up(connection: Connection, reply: str, now: datetime) -> None:
    """Record that the receiver will never take it (it said so); delivery continues with the next one."""
    sql = "UPDATE outbox SET status = 'refused', sent_at = :now WHERE id = :id AND status = 'due'"
    connection.run(sql, id=reply, now=micros(now))


def retry_at(connection: Connection, reply: str, at: datetime) -> None:
    """Try again at `at`."""
    connection.run("UPDATE outbox SET next_at = :at WHERE id = :id AND status = 'due'", id=reply, at=micros(at))
