"""What the engine needs from the packages around it, which it knows only by these protocols."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from bot.dialogue.events import ReminderCancelled, ReminderScheduled
from bot.messages import Parse, UserMessage


class Accepted(UserMessage, frozen=True):
    """A message that was acknowledged and has no answer yet, and how often it was tried after its first turn failed."""

    tries: int = 0


class Stored(Struct, frozen=True):
    """A message received before: its payload's fingerprint and, once its turn is committed, the answer's body."""

    fingerprint: str
    seq: int
    body: bytes | None


class Loaded(Struct, frozen=True):
    """A conversation as stored: last committed turn, snapshot, and the message asked for, if it came before.

    `last_turn_at` is when the last turn was committed (UTC), for session expiry.
    `has_reminders` is False only if none is set.
    """

    seq: int
    snapshot: bytes | None
    last_turn_at: datetime | None
    stored: Stored | None = None
    has_reminders: bool = False


class Outgoing(Struct, frozen=True):
    """A reply that is delivered separately (asynchronous channels), in order within a conversation.

    `target` is its destination, `body` its content. `id` is stable over retries and restarts, so that a receiver can
    drop repeats.
    """

    id: str
    channel: str
    target: str
    body: bytes


class DueOutgoing(Struct, frozen=True):
    """A reply to send now: its conversation, and how many times it was tried, this one included."""

    outgoing: Outgoing
    conversation: str
    attempts: int


class EffectEntry(Struct, frozen=True):
    """The journal entry of one outside change. `status`: `spending`, `done`, `refused` or `unknown`."""

    key: str
    conversation: str
    kind: str
    parameters: bytes
    status: str
    at: datetime
    result: bytes | None = None


class TurnCommit(Struct, frozen=True):
    """All that one transaction makes durable: turn record, snapshot, idempotency record, outbox, reminders, session.

    `fired` is the reminder that caused this turn: the commit removes it. `had_reminders` is what `Loaded` said; it
    still holds at the commit, because only a conversation's own turns set its reminders. `effects` are the outcomes of
    the outside changes that this turn reports.
    """

    conversation: str
    seq: int
    message_id: str
    fingerprint: str
    record: bytes
    snapshot: bytes
    body: bytes
    at: datetime
    fence: int = 0
    session: str | None = None
    session_idle_until: datetime | None = None
    outbox: tuple[Outgoing, ...] = ()
    reminders: tuple[ReminderScheduled | ReminderCancelled, ...] = ()
    user_spoke: bool = True
    fired: ReminderScheduled | None = None
    had_reminders: bool = True
    effects: tuple[EffectEntry, ...] = ()


class StoredTurn(Struct, frozen=True):
    """A committed turn as the history shows it; `record` is the turn record's JSON."""

    seq: int
    at: datetime
    record: bytes


class TurnStore(Protocol):
    """Conversations and their turns. Every write is durable when its call returns; StoreUnavailable otherwise."""

    async def conversation_id(self, principal: str, channel: str, sender: str, *, customer: str | None = None) -> str:
        """The opaque id of this principal's conversation on this channel family; created at the first call.

        None is created for a `customer` (an id) who is disabled or erased: raises ConversationGone.
        """

    async def find_conversation(self, principal: str, channel: str, sender: str) -> str | None:
        """As `conversation_id`, but read-only: None if there is no conversation yet, and none is created."""

    def hold(self, conversation: str, message_id: str | None = None) -> AbstractAsyncContextManager[int]:
        """Hold the conversation against other workers; yields the fencing number for the commit (0 with one worker).

        Given the message id that `load` will be asked for, the store can fetch both at once.
        """

    async def load(self, conversation: str, message_id: str | None = None) -> Loaded:
        """The conversation's snapshot in one read, O(1), with the message of this id if it came before."""

    async def commit(self, commit: TurnCommit) -> None:
        """Make one turn durable.

        Raises SequenceConflict when the sequence number is taken, the fence is
        old or the message id is already stored; the caller reloads.
        """

    async def accept(self, message: UserMessage, fingerprint: str) -> bool:
        """Keep a message of an asynchronous channel before it is acknowledged; False when it came before.

        Raises MessageIdReused when it came before with another fingerprint.
        """

    async def accepted(self) -> Sequence[Accepted]:
        """The messages accepted and not yet answered, in order of arrival."""

    async def keep_tries(self, message: Accepted) -> None:
        """Store how often an accepted message was tried (`tries`); does nothing if it has been answered meanwhile."""

    async def accepted_before(self, message: UserMessage) -> Sequence[Accepted]:
        """The accepted, unanswered messages that this one's conversation accepted before it."""

    async def turns(
        self, conversation: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Sequence[StoredTurn]:
        """A page of turns, oldest first: the newest, those just before `before`, or those just after `after`."""

    async def journal(self, entry: EffectEntry) -> EffectEntry:
        """Write an effect's journal entry; returns the one that stands.

        A new key is inserted; for a known key the status goes forward only (spending → unknown → done or refused), and
        a second `spending` for the same key returns the existing entry instead of spending it again.
        """

    async def unsettled_effects(self, behind: int = 0) -> Sequence[EffectEntry]:
        """A page of the journal entries in `spending` or `unknown`, oldest first, skipping the first `behind`."""

    async def is_unsettled(self, key: str) -> bool:
        """Whether the effect of this key is in `spending` or `unknown`."""

    async def is_scheduled(self, conversation: str, reminder: ReminderScheduled) -> bool:
        """Whether this reminder is still set, for the same time."""

    async def due_reminders(self, now: datetime, behind: int = 0) -> Sequence[tuple[str, ReminderScheduled]]:
        """A page of the reminders whose time has come, with their conversations, oldest first; their turns remove them.

        The page skips the first `behind`.
        """

    async def next_reminder_at(self, after: datetime | None = None) -> datetime | None:
        """When the next reminder is due (the next one later than `after`, if given); None if there is none."""

    async def due_outgoing(self, *, claimed_for: float = 60.0, most: int = 100) -> Sequence[DueOutgoing]:
        """The first unsent reply of each conversation whose time has come.

        They are reserved for the caller for `claimed_for` seconds and then due again, so that nothing is lost if a
        sender dies.
        """

    async def mark_sent(self, reply: str) -> None:
        """Record that the receiver took the reply with this id; the next one of its conversation is then due."""

    async def give_up(self, reply: str) -> None:
        """Record that the receiver refused the reply permanently; delivery continues with the next one."""

    async def retry_at(self, reply: str, at: datetime) -> None:
        """Send the reply again at `at`."""


class Matcher(Protocol):
    """Understands messages (bot.nlu)."""

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
