"""A scripted run of the store: concurrent conversations, with everything that a turn can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from bot.dialogue.events import ReminderScheduled
from bot.engine.protocols import EffectEntry, Outgoing, TurnCommit
from bot.errors import SequenceConflict, StoreUnavailable
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns

START = datetime(2026, 11, 3, tzinfo=UTC)
Acknowledge = Callable[[str], None]


def sources() -> Sources:
    """Ids and times that are the same in every run."""
    numbers = iter(range(10**9))
    return Sources(now=lambda: START, new_id=lambda: f"{next(numbers):032x}")


def a_turn(conversation: str, seq: int, size: int) -> TurnCommit:
    """Turn `seq` of a conversation: all its parts tell which it is."""
    return TurnCommit(
        conversation=conversation,
        seq=seq,
        message_id=f"m{seq}",
        fingerprint=f"f{seq}",
        record=json.dumps({"seq": seq, "fill": "r" * size}).encode(),
        snapshot=json.dumps({"seq": seq, "fill": "s" * size}).encode(),
        body=json.dumps({"turn": seq, "conversation": conversation}).encode(),
        at=START + timedelta(seconds=seq),
        outbox=(Outgoing(f"{conversation}/{seq}", "callback", "u", b"hello"),) if seq % 3 == 0 else (),
        reminders=(ReminderScheduled("i", "2026-11-04T00:00:00+00:00", f"r{seq}"),) if seq % 4 == 0 else (),
    )


async def converse(
    store: SqlTurns, sender: str, turns: int, acknowledge: Acknowledge, *, size: int = 400, first: int = 1
) -> None:
    """Turns `first` to `first + turns - 1` of one conversation; what the store promised is acknowledged at once."""
    conversation = await store.conversation_id("customer:1", "chat", sender)
    for seq in range(first, first + turns):
        commit = a_turn(conversation, seq, size)
        await store.commit(commit)
        acknowledge(json.dumps({"conversation": conversation, "seq": seq, "body": commit.body.decode()}))
        if seq % 5 == 0:
            key = f"{conversation}/{seq}"
            await store.journal(EffectEntry(key, conversation, "transfer", b"{}", "spending", START))
            acknowledge(json.dumps({"effect": key}))


async def run(database: Database, acknowledge: Acknowledge, *, conversations: int, turns: int) -> None:
    """All conversations at once."""
    store = SqlTurns(database, sources())
    await asyncio.gather(*[converse(store, str(n), turns, acknowledge) for n in range(conversations)])


async def answer(store: SqlTurns, conversation: str, number: int) -> bytes:
    """What the engine does with message `number`, in short: the stored reply, or a new turn."""
    for _ in range(16):
        async with store.hold(conversation, f"m{number}") as fence:
            loaded = await store.load(conversation, f"m{number}")
            if loaded.stored is not None and loaded.stored.body is not None:
                return loaded.stored.body
            commit = replace(a_turn(conversation, loaded.seq + 1, 400), message_id=f"m{number}", fence=fence)
            with contextlib.suppress(SequenceConflict):
                await store.commit(commit)
                return commit.body
    raise StoreUnavailable("others keep changing the conversation")


async def retry(ask: Callable[[], Awaitable[bytes]], times: int = 5) -> bytes:
    """A client that asks again when it was told that the store is unavailable."""
    for _ in range(times):
        with contextlib.suppress(StoreUnavailable):
            return await ask()
    return await ask()
