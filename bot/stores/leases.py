"""Leases on PostgreSQL: which worker has a conversation, with a number that grows each time it changes hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct

from bot.engine.protocols import Loaded, TurnCommit
from bot.errors import SequenceConflict
from bot.stores import commits
from bot.stores.connection import Connection, Row
from bot.stores.faults import Fault

CHANNEL = "teller_lease"
_CLOCK = "(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000)::bigint"
"""The database's own time in microseconds: workers' clocks may differ, so leases must not depend on them."""

# One statement for all who ask at the same time, so that of two workers one sees the other: who finds the lease taken
# marks it as wanted, and who gets it has all that the turn begins with. All lock their rows in the same order, so that
# they never deadlock. Who waited for a commit sees its conversation, but not its answer in the inbox, which the
# statement read before; `is_whole` is false then, and the turn loads both.
_TAKE = f"""
    WITH asked AS (
        SELECT asked.*
        FROM unnest(:conversation::text[], :message_id::text[], :owner::text[])
            AS asked (conversation, message_id, owner)
        JOIN conversations c ON c.id = asked.conversation ORDER BY c.id FOR UPDATE OF c)
    UPDATE conversations c SET
        lease_owner = CASE WHEN lease_until <= {_CLOCK} THEN asked.owner ELSE lease_owner END,
        fence = CASE WHEN lease_until <= {_CLOCK} THEN fence + 1 ELSE fence END,
        lease_wanted = CASE WHEN lease_until <= {_CLOCK} THEN 0 ELSE 1 END,
        lease_until = CASE WHEN lease_until <= {_CLOCK} THEN {_CLOCK} + :length ELSE lease_until END
    FROM asked LEFT JOIN inbox i ON i.conversation = asked.conversation AND i.message_id = asked.message_id
    WHERE c.id = asked.conversation
    RETURNING c.id, c.fence, c.lease_owner, c.seq, c.snapshot, c.last_turn_at,
              i.fingerprint, i.seq AS stored_seq, i.reply,
              c.seq = (SELECT before.seq FROM conversations before WHERE before.id = c.id) AS is_whole"""  # noqa: S608 - put together from constants

_TAKE_UNLOCKED = _TAKE.replace("FOR UPDATE OF c", "FOR UPDATE OF c SKIP LOCKED")

_RENEW = f"""
    UPDATE conversations c SET lease_until = {_CLOCK} + :length
    FROM (
        SELECT held.*
        FROM unnest(:conversation::text[], :fence::bigint[]) AS held (conversation, fence)
        JOIN conversations c ON c.id = held.conversation ORDER BY c.id FOR UPDATE OF c SKIP LOCKED) held
    WHERE c.id = held.conversation AND c.fence = held.fence AND lease_until > 0"""  # noqa: S608 - as above

_RELEASE = """
    UPDATE conversations SET lease_until = 0
    WHERE id = :conversation AND fence = :fence AND lease_until > 0 RETURNING lease_wanted"""

# Everything of all turns in one round trip, which also ends their leases. Of two turns of one conversation, one wins.
_COMMIT = """
    WITH given AS (
        SELECT given.*
        FROM unnest(
            :conversation::text[], :seq::bigint[], :fence::bigint[], :snapshot::bytea[], :at::bigint[],
            :record::bytea[], :message_id::text[], :fingerprint::text[], :reply::bytea[],
            :session::text[], :until::bigint[]) WITH ORDINALITY
            AS given (conversation, seq, fence, snapshot, at, record, message_id, fingerprint, reply,
                      session, until, number)
        JOIN conversations c ON c.id = given.conversation ORDER BY c.id FOR UPDATE OF c),
    moved AS (
        UPDATE conversations c SET seq = given.seq, snapshot = given.snapshot, last_turn_at = given.at, lease_until = 0
        FROM given WHERE c.id = given.conversation AND c.seq = given.seq - 1 AND c.fence = given.fence
        RETURNING given.number, c.lease_wanted),
    done AS (SELECT * FROM given JOIN moved USING (number)),
    recorded AS (
        INSERT INTO turns (conversation, seq, at, record) SELECT conversation, seq, at, record FROM done),
    answered AS (
        INSERT INTO inbox (conversation, message_id, fingerprint, arrived_at, status, seq, reply)
        SELECT conversation, message_id, fingerprint, at, 'done', seq, reply FROM done
        ON CONFLICT (conversation, message_id) DO UPDATE
        SET status = 'done', seq = excluded.seq, reply = excluded.reply, payload = NULL
        WHERE inbox.status = 'accepted' AND inbox.fingerprint = excluded.fingerprint
        RETURNING conversation),
    extended AS (
        UPDATE sessions SET idle_until = longest.until
        FROM (SELECT session, MAX(until) AS until FROM done GROUP BY session) longest
        WHERE token_hash = longest.session AND idle_until < longest.until)
    SELECT number, lease_wanted, conversation IN (SELECT a.conversation FROM answered a) AS answered,
           EXISTS (SELECT 1 FROM reminders r WHERE r.conversation = done.conversation) AS has_reminders
    FROM done"""


class Asked(Struct, frozen=True):
    """Who wants which conversation, and the message that `load` will be asked for.

    `met_lock`: the last attempt found its row locked for long; this time nobody waits for it.
    """

    conversation: str
    message_id: str | None
    owner: str
    met_lock: bool = False


class Held(Struct):
    """A lease: its fencing number, and what was loaded with it, until that is used."""

    fence: int
    message_id: str | None
    loaded: Loaded | None


class Refused(Enum):
    """Why there is no lease."""

    TAKEN = "another worker has it"
    LOCKED = "its row has been locked for long: by a worker that froze, or by hand"


def commit(connection: Connection, turns: Sequence[TurnCommit]) -> Sequence[SequenceConflict | None]:
    """As `commits.commit`, in one round trip; returns a SequenceConflict for each turn that came too late."""
    rows = [commits.parameters(turn) for turn in turns]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    moved = {row.number - 1: row for row in connection.all(_COMMIT, **columns)}
    if not all(row.answered for row in moved.values()):
        raise SequenceConflict("the message was answered before")
    for number, row in moved.items():
        if row.lease_wanted:
            _notify(connection, turns[number].conversation)
        commits.commit_rest(connection, turns[number], has_reminders=row.has_reminders)
    return [None if number in moved else SequenceConflict("another worker was first") for number in range(len(turns))]


def take(connection: Connection, asked: Sequence[Asked], seconds: float) -> Sequence[Held | Refused | KeyError]:
    """The lease of each conversation that is free, with what `load` would return; for the others, why there is none.

    Of several who want the same one, the first gets it. A row that is locked for long delays the others only once.
    """
    if any(one.met_lock for one in asked):
        return _take(connection, _TAKE_UNLOCKED, asked, seconds)
    try:
        return _take(connection, _TAKE, asked, seconds)
    except Fault as fault:
        if fault.kind != "busy":
            raise
        return _take(connection, _TAKE_UNLOCKED, asked, seconds)


def _take(
    connection: Connection, sql: str, asked: Sequence[Asked], seconds: float
) -> Sequence[Held | Refused | KeyError]:
    firsts: dict[str, Asked] = {}
    for one in asked:
        firsts.setdefault(one.conversation, one)
    rows = connection.all(
        sql,
        conversation=list(firsts),
        message_id=[one.message_id for one in firsts.values()],
        owner=[one.owner for one in firsts.values()],
        length=_micros(seconds),
    )
    by_id = {row.id: row for row in rows}
    return [_held(one, by_id.get(one.conversation), may_be_locked=sql is not _TAKE) for one in asked]


def _held(asked: Asked, row: Row | None, *, may_be_locked: bool) -> Held | Refused | KeyError:
    if row is None:
        return Refused.LOCKED if may_be_locked else KeyError(f"there is no conversation {asked.conversation}")
    if row.lease_owner != asked.owner:
        return Refused.TAKEN
    loaded = commits.loaded(row, has_reminders=True) if row.is_whole else None
    return Held(row.fence, asked.message_id, loaded)


def renew(connection: Connection, fences: Mapping[str, int], seconds: float) -> None:
    """Extend the leases with these numbers, by conversation, to `seconds` from now, unless they have ended."""
    connection.run(_RENEW, conversation=list(fences), fence=list(fences.values()), length=_micros(seconds))


def release(connection: Connection, conversation: str, fence: int) -> None:
    """End the lease with this number, and wake whoever waits for it; if its row is locked, let it expire."""
    try:
        row = connection.one(_RELEASE, conversation=conversation, fence=fence)
    except Fault as fault:
        if fault.kind != "busy":
            raise
        return
    if row is not None and row.lease_wanted:
        _notify(connection, conversation)


def _notify(connection: Connection, conversation: str) -> None:
    connection.all("SELECT pg_notify(:channel, :conversation)", channel=CHANNEL, conversation=conversation)


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
