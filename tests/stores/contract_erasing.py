"""The contract of deleting conversations: completely, while a server runs, and never pending work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.engine.protocols import Outgoing
from bot.errors import ConversationGone
from bot.stores.connection import Connection
from bot.stores.erasing import conversations_of, delete_all_of, delete_old
from bot.stores.turns import SqlTurns
from bot.stores.verifying import verify
from tests.stores.examples import NOW, Open, entry, message, reminder, turn
from tests.stores.folds import LastRecord

TABLES_OF_CONVERSATIONS = ("conversations", "turns", "archive", "inbox", "outbox", "effects", "reminders")
LATER = NOW + timedelta(days=1)


class ErasingContract:
    """How conversations are deleted; see `StoreContract`."""

    async def test_deleting_a_conversation_removes_all_its_rows_and_no_others(self, store: SqlTurns):
        theirs = await store.conversation_id("customer:1", "customer", "")
        others = await store.conversation_id("customer:2", "customer", "")
        for name in (theirs, others):
            await _fill(store, name)
        assert await delete_all_of(store.database, "customer:1", patience=0) == (1, [])
        assert await _tables_with(store, theirs) == set()
        assert await _tables_with(store, others) == set(TABLES_OF_CONVERSATIONS)
        assert (await verify(store.database, LastRecord)).problems == []

    async def test_turn_under_way_in_a_deleted_conversation_cannot_commit_or_spend(
        self, store: SqlTurns, open_store: Open
    ):
        conversation = await store.conversation_id("customer:1", "customer", "")
        await store.commit(turn(conversation, 1))
        await delete_all_of((await open_store()).database, "customer:1", patience=0)
        for status in ("spending", "unknown", "done", "refused"):
            with pytest.raises(ConversationGone):
                await store.journal(entry("transfer", status, conversation=conversation))
        with pytest.raises(ConversationGone):
            await store.commit(turn(conversation, 2))
        with pytest.raises(ConversationGone):
            await store.accept(message(conversation), "f")
        assert await _tables_with(store, conversation) == set()
        assert (await verify(store.database, LastRecord)).problems == []

    async def test_user_of_a_deleted_conversation_begins_a_new_one(self, store: SqlTurns, open_store: Open):
        conversation = await store.conversation_id("key:k", "key", "ann")
        await store.commit(turn(conversation, 1))
        assert await delete_old((await open_store()).database, LATER) >= 1
        stale = await store.conversation_id("key:k", "key", "ann")
        with pytest.raises(ConversationGone):
            async with store.hold(stale) as fence:
                await store.commit(turn(stale, 2, fence=fence))
        fresh = await store.conversation_id("key:k", "key", "ann")
        assert fresh != conversation
        async with store.hold(fresh) as fence:
            await store.commit(turn(fresh, 1, fence=fence))

    @pytest.mark.parametrize("status", ["spending", "unknown"])
    async def test_conversation_with_an_unsettled_effect_is_not_deleted(self, store: SqlTurns, status: str):
        conversation = await store.conversation_id("customer:1", "customer", "")
        await store.commit(turn(conversation, 1))
        await store.journal(entry("k", "spending", conversation=conversation))
        if status != "spending":
            await store.journal(entry("k", status, conversation=conversation))
        assert await delete_all_of(store.database, "customer:1", patience=0) == (0, [conversation])
        assert await delete_old(store.database, LATER) == 1, "the entries' own, which is empty"
        assert (await store.load(conversation)).seq == 1
        await store.journal(entry("k", "done", conversation=conversation))
        assert await delete_all_of(store.database, "customer:1", patience=0) == (1, [])

    async def test_recent_conversations_and_those_with_pending_work_are_not_deleted(
        self, store: SqlTurns, conversation: str
    ):
        cutoff = NOW + timedelta(seconds=3)
        names = {
            name: await store.conversation_id("key:k", "key", name)
            for name in ("old", "late", "accepted", "due", "reminded")
        }
        for name in names.values():
            await store.commit(turn(name, 1))
        await store.commit(turn(names["late"], 2, at=LATER))
        await store.accept(message(names["accepted"], "a"), "f")
        await store.commit(turn(names["due"], 2, at=NOW, outbox=(Outgoing("o", "c", "u", b"b"),)))
        await store.commit(turn(names["reminded"], 2, at=NOW, reminders=(reminder(),)))
        await delete_old(store.database, cutoff)
        left = await conversations_of(store.database, "key:k")
        assert set(left) & set(names.values()) == set(names.values()) - {names["old"]}

    async def test_many_old_conversations_are_deleted_with_progress(self, store: SqlTurns):
        for number in range(230):
            await store.conversation_id("key:k", "key", str(number))
        shares: list[float] = []
        assert await delete_old(store.database, LATER, progress=lambda _, share: shares.append(share)) == 231
        assert len(shares) == 231
        assert await conversations_of(store.database, "key:k") == []


async def _fill(store: SqlTurns, name: str) -> None:
    for seq in (1, 2):
        reply = Outgoing(f"{name}-{seq}", "c", "u", b"b")
        await store.commit(turn(name, seq, outbox=(reply,), reminders=(reminder(f"r{seq}"),)))
    await store.archive(turn(name, 2).at)
    await store.accept(message(name, "waiting"), "f")
    await store.journal(entry(f"effect-{name}", "done", conversation=name))


async def _tables_with(store: SqlTurns, conversation: str) -> set[str]:
    def work(connection: Connection) -> set[str]:
        return {
            table
            for table in TABLES_OF_CONVERSATIONS
            if connection.all(
                f"SELECT 1 AS one FROM {table} WHERE {'id' if table == 'conversations' else 'conversation'} = :c",
                c=conversation,
            )
        }

    return await store.database.read(work)
