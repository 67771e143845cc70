"""The engine's TurnStore, on a Database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from functools import partial

from bot.dialogue.events import ReminderScheduled
from bot.engine.protocols import Accepted, DueOutgoing, EffectEntry, Loaded, StoredTurn, TurnCommit
from bot.errors import ConversationGone, SequenceConflict
from bot.messages import UserMessage
from bot.progress import Progress, silent
from bot.sources import Sources
from bot.stores import commits, effects, history, inbox, outbox, reminders
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.faults import Conflict
from bot.stores.times import micros

_KNOWN_CONVERSATIONS = 4_096
"""How many (principal, channel, sender) → id are cached: the mapping changes only when a conversation is deleted,
and whatever uses the old id then fails."""


class SqlTurns:
    """Conversations and their turns in a database. Every write is durable when its call returns."""

    _write: Callable[[Connection, Sequence[TurnCommit]], Sequence[SequenceConflict | None]] = staticmethod(
        commits.commit
    )

    def __init__(self, database: Database, sources: Sources) -> None:
        self.database = database
        self._sources = sources
        self._ids: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    async def conversation_id(self, principal: str, channel: str, sender: str, *, customer: str | None = None) -> str:
        """The opaque id of this principal's conversation on this channel family; created at the first call.

        None is created for a `customer` (an id) who is disabled or erased: raises ConversationGone.
        """
        key = (principal, channel, sender)
        found = await self.find_conversation(*key)
        if found is None:
            new, now = self._sources.new_id(), self._sources.now()
            found = await self.database.write(lambda c: commits.begin_conversation(c, new, key, now, customer))
            self._remember(key, found)
        return found

    async def find_conversation(self, principal: str, channel: str, sender: str) -> str | None:
        """The id of this principal's conversation on this channel family, if it exists; none is created."""
        key = (principal, channel, sender)
        found = self._ids.get(key)
        if found is None:
            found = await self.database.look(lambda c: commits.conversation_of(c, key))
        if found is not None:
            self._remember(key, found)
        return found

    def hold(self, conversation: str, message_id: str | None = None) -> AbstractAsyncContextManager[int]:
        """Yield 0 without locking anything: only one process uses the file."""
        return nullcontext(0)

    async def load(self, conversation: str, message_id: str | None = None) -> Loaded:
        """The conversation's snapshot, with the message of this id if it came before."""
        return await self.database.look(lambda c: commits.load(c, conversation, message_id))

    async def commit(self, commit: TurnCommit) -> None:
        """Make one turn durable; raises SequenceConflict if another was first, or ConversationGone."""
        try:
            await self.database.write_together(self._write, commit, order=commit.conversation)
        except (Conflict, SequenceConflict) as conflict:
            await self._check_exists(commit.conversation)
            raise SequenceConflict(str(conflict)) from conflict

    async def accept(self, message: UserMessage, fingerprint: str) -> bool:
        """Keep a message before it is acknowledged; False if it came before."""
        try:
            return await self.database.write(lambda c: inbox.accept(c, message, fingerprint))
        except ConversationGone:
            self._forget(message.conversation)
            raise

    async def keep_tries(self, message: Accepted) -> None:
        """Store how often an accepted message was tried, unless it is answered."""
        await self.database.write(lambda c: inbox.keep_tries(c, message))

    async def accepted(self) -> Sequence[Accepted]:
        """The messages accepted and not yet answered, in order of arrival."""
        return await self.database.scan(inbox.accepted)

    async def accepted_before(self, message: UserMessage) -> Sequence[Accepted]:
        """The accepted, unanswered messages that this one's conversation accepted before it."""
        return await self.database.look(lambda c: inbox.accepted_before(c, message))

    async def turns(
        self, conversation: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Sequence[StoredTurn]:
        """A page of turns, oldest first; archived ones too."""
        return await self.database.scan(lambda c: history.turns(c, conversation, before, after, limit))

    async def journal(self, entry: EffectEntry) -> EffectEntry:
        """Write an effect's journal entry; returns the one that stands (`entry` itself, if it does)."""
        return await self.database.write(lambda c: effects.journal(c, entry))

    async def unsettled_effects(self, behind: int = 0) -> Sequence[EffectEntry]:
        """A page of the journal entries in `spending` or `unknown`, oldest first."""
        return await self.database.read(lambda c: effects.unsettled(c, behind))

    async def is_unsettled(self, key: str) -> bool:
        """Whether the outcome of the effect of this key is unknown."""
        return await self.database.read(lambda c: effects.is_unsettled(c, key))

    async def is_scheduled(self, conversation: str, reminder: ReminderScheduled) -> bool:
        """Whether this reminder is still set, for the same time."""
        return await self.database.read(lambda c: reminders.is_scheduled(c, conversation, reminder))

    async def due_reminders(self, now: datetime, behind: int = 0) -> Sequence[tuple[str, ReminderScheduled]]:
        """A page of the reminders whose time has come, oldest first."""
        return await self.database.read(lambda c: reminders.due(c, now, behind))

    async def next_reminder_at(self, after: datetime | None = None) -> datetime | None:
        """When the next reminder is due (the next one later than `after`, if given); None if there is none."""
        return await self.database.read(lambda c: reminders.next_at(c, after))

    async def due_outgoing(self, *, claimed_for: float = 60.0, most: int = 100) -> Sequence[DueOutgoing]:
        """The first unsent reply of each conversation whose time has come, reserved for the caller: `claimed_for` s."""
        now = self._sources.now()
        return await self.database.write(lambda c: outbox.claim(c, now, claimed_for, most))

    async def mark_sent(self, reply: str) -> None:
        """Record that the receiver took the reply with this id."""
        now = self._sources.now()
        await self.database.write(lambda c: outbox.mark_sent(c, reply, now))

    async def give_up(self, reply: str) -> None:
        """Record that the receiver refused the reply permanently; delivery continues with the next one."""
        now = self._sources.now()
        await self.database.write(lambda c: outbox.give_up(c, reply, now))

    async def retry_at(self, reply: str, at: datetime) -> None:
        """Send the reply again at `at`."""
        await self.database.write(lambda c: outbox.retry_at(c, reply, at))

    async def archive(self, older_than: datetime, *, progress: Progress = silent) -> int:
        """Move turns older than `older_than` to the archive table, where they stay readable; return how many."""
        cutoff = micros(older_than)
        moved = 0
        async for name in history.conversations(self.database, progress):
            archive_some = partial(history.archive_some, conversation=name, cutoff=cutoff)
            while count := await self.database.write(archive_some):
                moved += count
        return moved

    async def purge(self, older_than: datetime) -> int:
        """Delete answered messages' idempotency records and sent replies older than `older_than`; return how many."""
        cutoff = micros(older_than)
        answered = await self._purge(history.purge_answered, cutoff)
        return answered + await self._purge(history.purge_sent, cutoff)

    async def close(self) -> None:
        """Stop this store's own tasks; whoever opened the database closes it."""

    def _remember(self, key: tuple[str, str, str], found: str) -> None:
        self._ids[key] = found
        self._ids.move_to_end(key)
        if len(self._ids) > _KNOWN_CONVERSATIONS:
            self._ids.popitem(last=False)

    def _forget(self, conversation: str) -> None:
        """Forget a deleted conversation; its user will start a new one."""
        for key in [key for key, known in self._ids.items() if known == conversation]:
            del self._ids[key]

    async def _check_exists(self, conversation: str) -> None:
        """Raise ConversationGone, and forget the conversation, if it was deleted."""
        sql = "SELECT 1 AS one FROM conversations WHERE id = :id"
        if await self.database.look(lambda c: c.one(sql, id=conversation)) is None:
            self._forget(conversation)
            raise ConversationGone

    async def _purge(self, purge_some: Callable[..., tuple[int, int]], cutoff: int) -> int:
        deleted, after = await self.database.write(partial(purge_some, cutoff=cutoff, after=0))
        while after > 0:
            count, after = await self.database.write(partial(purge_some, cutoff=cutoff, after=after))
            deleted += count
        return deleted


def open_turns(database: Database, sources: Sources) -> SqlTurns:
    """The turn store on this database: with leases if other workers may share it."""
    if database.dialect.name == "sqlite":
        return SqlTurns(database, sources)
    from bot.stores.postgres import PostgresTurns

    return PostgresTurns(database, sources)
