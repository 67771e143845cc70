"""The contract of conversations and their turns."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from bot.errors import SequenceConflict
from bot.stores.history import turns_since
from bot.stores.times import moment
from bot.stores.turns import SqlTurns
from tests.stores.examples import NOW, Open, add_past_turns, add_session, turn


class TurnContract:
    """How turns are kept; see `StoreContract`."""

    # --- conversations ---

    async def test_a_conversation_has_one_opaque_id(self, store: SqlTurns, open_store: Open):
        first = await store.conversation_id("customer:1", "chat", "ann")
        assert await store.conversation_id("customer:1", "chat", "ann") == first
        assert await (await open_store()).conversation_id("customer:1", "chat", "ann") == first
        assert "ann" not in first
        assert len(first) >= 32

    async def test_principals_channels_and_senders_never_share_a_conversation(self, store: SqlTurns):
        keys = [
            (p, c, s) for p in ("customer:1", "key:1") for c in ("chat", "rest") for s in ("a", "", "a ", "1", "01")
        ]
        assert len({await store.conversation_id(*key) for key in keys}) == len(keys)

    async def test_racing_first_messages_get_one_conversation(self, store: SqlTurns, open_store: Open):
        other = await open_store()
        ids = await asyncio.gather(*[s.conversation_id("p", "chat", "x") for s in (store, other) * 10])
        assert len(set(ids)) == 1

    # --- load and commit ---

    async def test_a_new_conversation_is_empty(self, store: SqlTurns, conversation: str):
        loaded = await store.load(conversation, "m1")
        assert (loaded.seq, loaded.snapshot, loaded.last_turn_at, loaded.stored) == (0, None, None, None)

    async def test_committed_turn_is_loaded_completely(self, store: SqlTurns, open_store: Open, conversation: str):
        commit = turn(conversation, 1)
        await store.commit(commit)
        loaded = await (await open_store()).load(conversation, "m1")
        assert (loaded.seq, loaded.snapshot, loaded.last_turn_at) == (1, commit.snapshot, commit.at)
        assert loaded.stored is not None
        assert (loaded.stored.fingerprint, loaded.stored.seq, loaded.stored.body) == ("f1", 1, commit.body)

    async def test_unknown_message_id_has_no_stored_answer(self, store: SqlTurns, conversation: str):
        await store.commit(turn(conversation, 1))
        assert (await store.load(conversation, "other")).stored is None
        assert (await store.load(conversation)).stored is None

    async def test_a_message_id_belongs_to_its_conversation(self, store: SqlTurns, conversation: str):
        other = await store.conversation_id("customer:2", "chat", "")
        await store.commit(turn(conversation, 1, body=b"mine"))
        await store.commit(turn(other, 1, body=b"theirs"))
        assert (await store.load(conversation, "m1")).stored.body == b"mine"
        assert (await store.load(other, "m1")).stored.body == b"theirs"

    @pytest.mark.parametrize("seq", [1, 3, 0])
    async def test_a_sequence_number_out_of_turn_conflicts(self, store: SqlTurns, conversation: str, seq: int):
        await store.commit(turn(conversation, 1))
        with pytest.raises(SequenceConflict):
            await store.commit(turn(conversation, seq, message_id="new", snapshot=b"lost"))
        loaded = await store.load(conversation, "new")
        assert (loaded.seq, loaded.snapshot, loaded.stored) == (1, turn(conversation, 1).snapshot, None)

    async def test_a_message_is_not_answered_twice(self, store: SqlTurns, conversation: str):
        await store.commit(turn(conversation, 1))
        with pytest.raises(SequenceConflict):
            await store.commit(turn(conversation, 2, message_id="m1", body=b"again"))
        loaded = await store.load(conversation, "m1")
        assert (loaded.seq, loaded.stored.body) == (1, turn(conversation, 1).body)

    async def test_commit_with_an_old_fence_conflicts(self, store: SqlTurns, conversation: str):
        async with store.hold(conversation) as fence:
            with pytest.raises(SequenceConflict):
                await store.commit(turn(conversation, 1, fence=fence - 1))
            await store.commit(turn(conversation, 1, fence=fence))

    async def test_exactly_one_of_many_racing_commits_wins(self, store: SqlTurns, open_store: Open, conversation: str):
        stores = [store, await open_store()]
        async with store.hold(conversation) as fence:
            racing = [
                stores[n % 2].commit(turn(conversation, 1, message_id=f"r{n}", fence=fence, body=b"%d" % n))
                for n in range(20)
            ]
            results = await asyncio.gather(*racing, return_exceptions=True)
        assert [r for r in results if r is not None and not isinstance(r, SequenceConflict)] == []
        won = [n for n, result in enumerate(results) if result is None]
        assert len(won) == 1
        assert (await store.load(conversation, f"r{won[0]}")).stored.body == b"%d" % won[0]
        assert len(await store.turns(conversation)) == 1

    async def test_conversations_commit_concurrently(self, store: SqlTurns):
        ids = [await store.conversation_id("p", "chat", str(n)) for n in range(30)]
        for seq in (1, 2):
            await asyncio.gather(*[store.commit(turn(c, seq)) for c in ids])
        assert [(await store.load(c)).seq for c in ids] == [2] * 30

    # --- history ---

    async def test_history_is_paged_oldest_first(self, store: SqlTurns, conversation: str):
        for seq in range(1, 8):
            await store.commit(turn(conversation, seq))

        async def page(**where: int) -> list[int]:
            return [t.seq for t in await store.turns(conversation, limit=3, **where)]

        assert await page() == [5, 6, 7]
        assert await page(before=5) == [2, 3, 4]
        assert await page(before=2) == [1]
        assert await page(before=1) == []
        assert await page(after=0) == [1, 2, 3]
        assert await page(after=6) == [7]
        assert await page(after=7) == []

    async def test_history_keeps_records_and_times(self, store: SqlTurns, conversation: str):
        await store.commit(turn(conversation, 1))
        (stored,) = await store.turns(conversation)
        assert (stored.seq, stored.at, stored.record) == (1, turn(conversation, 1).at, b'{"seq": 1}')

    async def test_archived_turns_stay_readable_and_the_conversation_continues(
        self, store: SqlTurns, conversation: str
    ):
        for seq in range(1, 8):
            await store.commit(turn(conversation, seq))
        stages: list[str] = []
        assert await store.archive(NOW + timedelta(seconds=5), progress=lambda stage, _: stages.append(stage)) == 4
        assert stages[0].startswith("conversation 1 of ")
        assert await store.archive(NOW + timedelta(seconds=5)) == 0
        assert [t.seq for t in await store.turns(conversation, limit=4)] == [4, 5, 6, 7]
        assert [t.seq for t in await store.turns(conversation, after=2, limit=4)] == [3, 4, 5, 6]
        since = turns_since(store.database, conversation, turn(conversation, 3).at)
        assert [t.seq async for t in since] == [7, 6, 5, 4, 3]
        await store.commit(turn(conversation, 8))
        assert [t.seq for t in await store.turns(conversation)] == list(range(1, 9))
        with pytest.raises(SequenceConflict):
            await store.commit(turn(conversation, 2))

    async def test_long_history_is_archived_and_purged_in_batches(self, store: SqlTurns, conversation: str):
        await store.database.write(lambda c: add_past_turns(c, conversation, 1_234))
        assert await store.archive(NOW) == 1_234
        assert await store.purge(NOW) == 1_234
        assert [t.seq for t in await store.turns(conversation, after=499, limit=3)] == [500, 501, 502]
        assert [t.seq for t in await store.turns(conversation, limit=2)] == [1_233, 1_234]
        since = turns_since(store.database, conversation, moment(0))
        assert [t.seq async for t in since] == list(range(1_234, 0, -1))

    async def test_old_idempotency_records_are_purged(self, store: SqlTurns, conversation: str):
        for seq in range(1, 5):
            await store.commit(turn(conversation, seq))
        assert await store.purge(NOW + timedelta(seconds=3)) == 2
        assert (await store.load(conversation, "m2")).stored is None
        assert (await store.load(conversation, "m3")).stored is not None
        assert len(await store.turns(conversation)) == 4

    async def test_slow_history_reads_do_not_delay_a_turn(self, store: SqlTurns, conversation: str):
        let_go = threading.Event()
        slow = [asyncio.create_task(store.database.scan(lambda c: let_go.wait(60))) for _ in range(20)]
        async with asyncio.timeout(30), store.hold(conversation) as fence:
            await store.load(conversation, "m1")
            await store.commit(turn(conversation, 1, fence=fence))
        let_go.set()
        assert all(await asyncio.gather(*slow))

    # --- sessions ---

    async def test_a_turn_extends_its_session_and_never_shortens_it(self, store: SqlTurns, conversation: str):
        await store.database.write(add_session)
        minutes = timedelta(minutes=5)

        async def idle() -> int:
            return await store.database.read(lambda c: c.one("SELECT idle_until AS t FROM sessions").t)

        await store.commit(turn(conversation, 1, session="s", session_idle_until=NOW + minutes))
        extended = await idle()
        assert extended > 1
        await store.commit(turn(conversation, 2, session="s", session_idle_until=NOW))
        assert await idle() == extended

    # --- counts ---

    async def test_a_turn_takes_at_most_seven_statements(self, store: SqlTurns, conversation: str):
        await store.database.write(add_session)
        async with store.hold(conversation):
            await store.load(conversation)  # all connections are open now
        before = store.database.statistics().statements
        async with store.hold(conversation, "m1") as fence:
            had = (await store.load(conversation, "m1")).has_reminders
            until = NOW + timedelta(minutes=5)
            commit = turn(conversation, 1, fence=fence, session="s", session_idle_until=until, had_reminders=had)
            await store.commit(commit)
        assert store.database.statistics().statements - before <= 7
