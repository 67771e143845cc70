"""The turn store where several workers share a PostgreSQL database: a lease with a fencing number per conversation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import Struct

from bot.engine.protocols import Loaded, TurnCommit
from bot.errors import SequenceConflict, StoreUnavailable
from bot.sources import Sources
from bot.stores import commits
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import Postgres
from bot.stores.notices import Notices
from bot.stores.times import micros
from bot.stores.turns import SqlTurns

_CHANNEL = "teller_lease"
_CLOCK = "(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000)::bigint"
"""The database's own time in microseconds: workers' clocks may differ, and a lease must not."""

# One statement, so that of two workers one sees the other: who finds it taken leaves a wish behind, and who gets it has
# all that the turn begins with.
_TAKE = f"""
    UPDATE conversations c SET
        lease_owner = CASE WHEN lease_until <= {_CLOCK} THEN :owner ELSE lease_owner END,
        fence = CASE WHEN lease_until <= {_CLOCK} THEN fence + 1 ELSE fence END,
        lease_wanted = CASE WHEN lease_until <= {_CLOCK} THEN 0 ELSE 1 END,
        lease_until = CASE WHEN lease_until <= {_CLOCK} THEN {_CLOCK} + :length ELSE lease_until END
    FROM (SELECT 1) nothing
    LEFT JOIN inbox i ON i.conversation = :conversation AND i.message_id = :message_id
    WHERE c.id = :conversation
    RETURNING c.fence, c.lease_owner, c.seq, c.snapshot, c.last_turn_at, i.fingerprint, i.seq AS stored_seq, i.reply"""  # noqa: S608 - put together from constants

_RENEW = f"UPDATE conversations SET lease_until = {_CLOCK} + :length WHERE id = :conversation AND fence = :fence"  # noqa: S608 - as above

_RELEASE = """
    UPDATE conversations SET lease_until = 0
    WHERE id = :conversation AND fence = :fence AND lease_until > 0 RETURNING lease_wanted"""

# All of a turn in one round trip; the lease ends with it.
_COMMIT = """
    WITH moved AS (
        UPDATE conversations SET seq = :seq, snapshot = :snapshot, last_turn_at = :at, lease_until = 0
        WHERE id = :conversation AND seq = :seq - 1 AND fence = :fence
        RETURNING id, lease_wanted),
    recorded AS (
        INSERT INTO turns (conversation, seq, at, record) SELECT id, :seq, :at, :record FROM moved),
    answered AS (
        INSERT INTO inbox (conversation, message_id, fingerprint, arrived_at, status, seq, reply)
        SELECT id, :message_id, :fingerprint, :at, 'done', :seq, :reply FROM moved
        ON CONFLICT (conversation, message_id) DO UPDATE
        SET status = 'done', seq = excluded.seq, reply = excluded.reply, payload = NULL
        WHERE inbox.status = 'accepted' AND inbox.fingerprint = excluded.fingerprint
        RETURNING number),
    extended AS (
        UPDATE sessions SET idle_until = :until WHERE token_hash = :session AND idle_until < :until)
    SELECT lease_wanted, EXISTS (SELECT 1 FROM answered) AS answered,
           EXISTS (SELECT 1 FROM reminders r WHERE r.conversation = moved.id) AS has_reminders
    FROM moved"""


class _Held(Struct):
    """A lease: its fencing number, and what came with it, until it was used."""

    fence: int
    message_id: str | None
    loaded: Loaded | None


class PostgresTurns(SqlTurns):
    """Conversations and their turns in PostgreSQL, shared by any number of workers on any number of machines."""

    def __init__(
        self, database: Database, sources: Sources, *, lease: float = 3.0, poll: float = 0.25, patience: float = 10.0
    ) -> None:
        """`lease`: seconds that a worker that died blocks the conversation it was at; one that lives renews it.

        `poll`: seconds after which a waiter looks by itself, should a notice have been missed. `patience`: seconds
        after which a waiter gives up (StoreUnavailable).
        """
        super().__init__(database, sources)
        assert isinstance(database.dialect, Postgres)
        self._lease = lease
        self._poll = poll
        self._patience = patience
        self._notices = Notices(database.dialect.conninfo, _CHANNEL)
        self._held: dict[str, _Held] = {}

    @asynccontextmanager
    async def hold(self, conversation: str, message_id: str | None = None) -> AsyncIterator[int]:
        """Hold the conversation against all workers; gives the fencing number.

        What `load` gives for this message comes with it. Raises
        StoreUnavailable when another worker does not let go in time.
        """
        held = await self._take(conversation, message_id)
        self._held[conversation] = held
        renewal = asyncio.create_task(self._keep(conversation, held.fence))
        try:
            yield held.fence
        finally:
            renewal.cancel()
            if self._held.get(conversation) is held:
                del self._held[conversation]
                await self._release(conversation, held.fence)

    async def load(self, conversation: str, message_id: str | None = None) -> Loaded:
        """The conversation's snapshot, with the message of this id if it came before."""
        held = self._held.get(conversation)
        if held is not None and held.loaded is not None and held.message_id == message_id:
            loaded, held.loaded = held.loaded, None  # true at the moment of taking: good for one use
            return loaded
        return await super().load(conversation, message_id)

    async def commit(self, commit: TurnCommit) -> None:
        """Make one turn durable and end its lease; raises SequenceConflict when another was first."""
        await super().commit(commit)
        held = self._held.get(commit.conversation)
        if held is not None and held.fence == commit.fence:
            del self._held[commit.conversation]

    async def close(self) -> None:
        """Stop listening for other workers."""
        await self._notices.close()

    async def _take(self, conversation: str, message_id: str | None = None) -> _Held:
        owner, loop = self._sources.new_id(), asyncio.get_running_loop()
        until = loop.time() + self._patience
        work = partial(
            _take, conversation=conversation, message_id=message_id, owner=owner, length=_micros(self._lease)
        )
        held = await self.database.note(work, order=conversation)
        while held is None:
            if loop.time() > until:
                raise StoreUnavailable("another worker is busy with this conversation")
            async with self._notices.expected(conversation) as released:
                held = await self.database.note(work, order=conversation)
                if held is None:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(released.wait(), self._poll)
        return held

    async def _release(self, conversation: str, fence: int) -> None:
        with contextlib.suppress(StoreUnavailable):  # it runs out by itself
            await self.database.note(lambda c: _release(c, conversation, fence), order=conversation)

    async def _keep(self, conversation: str, fence: int) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            with contextlib.suppress(StoreUnavailable):
                await self.database.note(
                    lambda c: _renew(c, conversation, fence, _micros(self._lease)), order=conversation
                )

    def _write(self, connection: Connection, turn: TurnCommit) -> None:
        row = connection.one(_COMMIT, **_parameters(turn))
        if row is None or not row.answered:
            raise SequenceConflict("another worker was first")
        if row.lease_wanted:
            _notify(connection, turn.conversation)
        commits.commit_rest(connection, turn, has_reminders=row.has_reminders)


def _take(
    connection: Connection, *, conversation: str, message_id: str | None, owner: str, length: int
) -> _Held | None:
    row = connection.one(_TAKE, conversation=conversation, message_id=message_id, owner=owner, length=length)
    if row is None:
        raise KeyError(f"there is no conversation {conversation}")
    return _Held(row.fence, message_id, commits.loaded(row)) if row.lease_owner == owner else None


def _renew(connection: Connection, conversation: str, fence: int, length: int) -> None:
    connection.run(_RENEW, conversation=conversation, fence=fence, length=length)


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _release(connection: Connection, conversation: str, fence: int) -> None:
    row = connection.one(_RELEASE, conversation=conversation, fence=fence)
    if row is not None and row.lease_wanted:
        _notify(connection, conversation)


def _notify(connection: Connection, conversation: str) -> None:
    connection.all("SELECT pg_notify(:channel, :conversation)", channel=_CHANNEL, conversation=conversation)


def _parameters(turn: TurnCommit) -> dict[str, Any]:
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
        "until": micros(turn.session_idle_until) if turn.session_idle_until is not None else None,
    }
