"""What every store must do; a test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue.events import ReminderCancelled, ReminderScheduled
from bot.engine.protocols import EffectEntry, Outgoing, TurnCommit
from bot.errors import MessageIdReused, SequenceConflict
from bot.messages import Principal, UserMessage
from bot.sources import Sources
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


class StoreContract:
    """Inherit and give the fixture `open_store`: a function that opens the same store anew each time."""

    @pytest.fixture
    async def open_store(self, clock: Clock) -> AsyncIterator[Open]:
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    async def store(self, open_store: Open) -> SqlTurns:
        return await open_store()

    @pytest.fixture
    async def conversation(self, store: SqlTurns) -> str:
        return await store.conversation_id("customer:1", "chat", "")

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

    async def test_a_committed_turn_is_loaded_whole(self, store: SqlTurns, open_store: Open, conversation: str):
        commit = turn(conversation, 1)
        await store.commit(commit)
        loaded = await (await open_store()).load(conversation, "m1")
        assert (loaded.seq, loaded.snapshot, loaded.last_turn_at) == (1, commit.snapshot, commit.at)
        assert loaded.stored is not None
        assert (loaded.stored.fingerprint, loaded.stored.seq, loaded.stored.body) == ("f1", 1, commit.body)

    async def test_an_unknown_message_id_is_not_stored(self, store: SqlTurns, conversation: str):
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

    async def test_an_old_fence_conflicts(self, store: SqlTurns, conversation: str):
        async with store.hold(conversation) as fence:
            with pytest.raises(SequenceConflict):
                await store.commit(turn(conversation, 1, fence=fence - 1))
            await store.commit(turn(conversation, 1, fence=fence))

    async def test_of_racing_commits_one_wins(self, store: SqlTurns, open_store: Open, conversation: str):
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

    async def test_conversations_commit_side_by_side(self, store: SqlTurns):
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

    async def test_archived_turns_stay_readable_and_the_conversation_goes_on(self, store: SqlTurns, conversation: str):
        for seq in range(1, 8):
            await store.commit(turn(conversation, seq))
        assert await store.archive(NOW + timedelta(seconds=5)) == 4
        assert await store.archive(NOW + timedelta(seconds=5)) == 0
        assert [t.seq for t in await store.turns(conversation, limit=4)] == [4, 5, 6, 7]
        assert [t.seq for t in await store.turns(conversation, after=2, limit=4)] == [3, 4, 5, 6]
        await store.commit(turn(conversation, 8))
        assert [t.seq for t in await store.turns(conversation)] == list(range(1, 9))
        with pytest.raises(SequenceConflict):
            await store.commit(turn(conversation, 2))

    async def test_a_long_history_is_archived_and_forgotten_piece_by_piece(self, store: SqlTurns, conversation: str):
        await store.database.write(lambda c: _lengthen(c, conversation, 1_234))
        assert await store.archive(NOW) == 1_234
        assert await store.purge(NOW) == 1_234
        assert [t.seq for t in await store.turns(conversation, after=499, limit=3)] == [500, 501, 502]
        assert [t.seq for t in await store.turns(conversation, limit=2)] == [1_233, 1_234]

    async def test_old_idempotency_records_are_forgotten(self, store: SqlTurns, conversation: str):
        for seq in range(1, 5):
            await store.commit(turn(conversation, seq))
        assert await store.purge(NOW + timedelta(seconds=3)) == 2
        assert (await store.load(conversation, "m2")).stored is None
        assert (await store.load(conversation, "m3")).stored is not None
        assert len(await store.turns(conversation)) == 4

    async def test_readers_of_the_history_never_hold_up_a_turn(self, store: SqlTurns, conversation: str):
        let_go = threading.Event()
        slow = [asyncio.create_task(store.database.scan(lambda c: let_go.wait(60))) for _ in range(20)]
        async with asyncio.timeout(30), store.hold(conversation) as fence:
            await store.load(conversation, "m1")
            await store.commit(turn(conversation, 1, fence=fence))
        let_go.set()
        assert all(await asyncio.gather(*slow))

    # --- inbox ---

    async def test_accepted_messages_wait_in_order_until_answered(
        self, store: SqlTurns, open_store: Open, conversation: str
    ):
        for n in (2, 1, 3):
            assert await store.accept(message(conversation, f"a{n}", f"text {n}"), f"f{n}")
        assert not await store.accept(message(conversation, "a1"), "f1")
        waiting = await (await open_store()).accepted()
        assert [m.message_id for m in waiting] == ["a2", "a1", "a3"]
        assert replace(waiting[0], principal=message("").principal) == message(conversation, "a2", "text 2")
        loaded = await store.load(conversation, "a2")
        assert (loaded.stored.fingerprint, loaded.stored.body) == ("f2", None)
        await store.commit(turn(conversation, 1, message_id="a2", fingerprint="f2"))
        assert [m.message_id for m in await store.accepted()] == ["a1", "a3"]
        assert (await store.load(conversation, "a2")).stored.body == turn(conversation, 1).body

    async def test_an_accepted_id_is_not_reused_for_another_payload(self, store: SqlTurns, conversation: str):
        await store.accept(message(conversation, "a"), "f1")
        with pytest.raises(MessageIdReused):
            await store.accept(message(conversation, "a", "other"), "f2")
        with pytest.raises(SequenceConflict):
            await store.commit(turn(conversation, 1, message_id="a", fingerprint="f2"))

    # --- outbox ---

    async def test_replies_go_out_in_order_one_at_a_time(self, store: SqlTurns, conversation: str, clock: Clock):
        other = await store.conversation_id("customer:2", "callback", "")
        await store.commit(
            turn(conversation, 1, outbox=tuple(Outgoing(f"o{n}", "callback", "u", b"%d" % n) for n in (1, 2)))
        )
        await store.commit(turn(other, 1, outbox=(Outgoing("p1", "callback", "v", b"x"),)))
        clock.now = NOW + timedelta(minutes=1)
        due = await store.due_outgoing()
        assert [(d.outgoing.id, d.conversation, d.attempts) for d in due] == [("o1", conversation, 1), ("p1", other, 1)]
        assert await store.due_outgoing() == []
        await store.mark_sent("o1")
        (second,) = await store.due_outgoing()
        assert second.outgoing == Outgoing("o2", "callback", "u", b"2")

    async def test_a_reply_that_failed_is_sent_again_and_holds_back_the_next(
        self, store: SqlTurns, conversation: str, clock: Clock
    ):
        await store.commit(turn(conversation, 1, outbox=tuple(Outgoing(f"o{n}", "c", "u", b"") for n in (1, 2))))
        clock.now = NOW + timedelta(minutes=1)
        assert len(await store.due_outgoing()) == 1
        later = clock.now + timedelta(seconds=5)
        await store.retry_at("o1", later)
        assert await store.due_outgoing() == []
        assert await store.next_outgoing_at() == later
        clock.now = later
        assert [(d.outgoing.id, d.attempts) for d in await store.due_outgoing()] == [("o1", 2)]
        await store.give_up("o1")
        assert [d.outgoing.id for d in await store.due_outgoing()] == ["o2"]
        await store.mark_sent("o2")
        assert await store.next_outgoing_at() is None

    async def test_a_sender_that_died_loses_nothing(
        self, store: SqlTurns, open_store: Open, conversation: str, clock: Clock
    ):
        await store.commit(turn(conversation, 1, outbox=(Outgoing("o1", "c", "u", b""),)))
        clock.now = NOW + timedelta(minutes=1)
        assert len(await store.due_outgoing(claimed_for=30)) == 1
        clock.now += timedelta(seconds=31)
        (again,) = await (await open_store()).due_outgoing()
        assert (again.outgoing.id, again.attempts) == ("o1", 2)

    async def test_racing_senders_never_get_the_same_reply(self, store: SqlTurns, open_store: Open, clock: Clock):
        for n in range(10):
            c = await store.conversation_id("p", "callback", str(n))
            await store.commit(turn(c, 1, outbox=(Outgoing(f"o{n}", "c", "u", b""),)))
        clock.now = NOW + timedelta(minutes=1)
        other = await open_store()
        claims = await asyncio.gather(*[s.due_outgoing(most=3) for s in (store, other) * 5])
        ids = [due.outgoing.id for claim in claims for due in claim]
        assert sorted(ids) == sorted(set(ids))

    async def test_sent_replies_are_forgotten_after_a_while_and_due_ones_never(
        self, store: SqlTurns, conversation: str, clock: Clock
    ):
        await store.commit(turn(conversation, 1, outbox=tuple(Outgoing(f"o{n}", "c", "u", b"") for n in (1, 2))))
        clock.now = NOW + timedelta(minutes=1)
        await store.due_outgoing()
        await store.mark_sent("o1")
        assert await store.purge(NOW + timedelta(days=30)) == 2
        assert [d.outgoing.id for d in await store.due_outgoing()] == ["o2"]

    # --- effects ---

    async def test_an_effect_is_spent_once(self, store: SqlTurns, open_store: Open):
        mine = entry()
        assert await store.journal(mine) is mine
        again = await (await open_store()).journal(entry(parameters=b"other"))
        assert (again.status, again.parameters) == ("spending", b"{}")

    async def test_of_racing_spenders_one_spends(self, store: SqlTurns, open_store: Open):
        stores = [store, await open_store()]
        entries = [entry() for _ in range(20)]
        stand = await asyncio.gather(*[stores[n % 2].journal(e) for n, e in enumerate(entries)])
        assert sum(mine is standing for mine, standing in zip(entries, stand, strict=True)) == 1

    async def test_an_effects_status_goes_forward_only(self, store: SqlTurns):
        await store.journal(entry())
        assert (await store.journal(entry(status="unknown"))).status == "unknown"
        assert (await store.journal(entry(status="spending"))).status == "unknown"
        done = entry(status="done", result=b"7", at=NOW + timedelta(seconds=1))
        assert await store.journal(done) is done
        for status in ("spending", "unknown", "refused", "done"):
            standing = await store.journal(entry(status=status))
            assert (standing.status, standing.result, standing.at) == ("done", b"7", done.at)

    async def test_unsettled_effects_are_found_oldest_first(self, store: SqlTurns):
        for n, status in enumerate(["spending", "unknown", "done", "refused"]):
            await store.journal(entry(f"k{n}", status, at=NOW - timedelta(seconds=n)))
        assert [e.key for e in await store.unsettled_effects()] == ["k1", "k0"]

    # --- reminders ---

    async def test_a_reminder_is_due_until_its_turn_commits(self, store: SqlTurns, open_store: Open, conversation: str):
        set_by = reminder()
        await store.commit(turn(conversation, 1, reminders=(set_by,)))
        assert await store.due_reminders(NOW + timedelta(seconds=59)) == []
        assert await store.next_reminder_at() == NOW + timedelta(seconds=60)
        due = await (await open_store()).due_reminders(NOW + timedelta(seconds=60))
        assert due == [(conversation, set_by)]
        await store.commit(turn(conversation, 2, fired=set_by, user_spoke=False))
        assert await store.due_reminders(NOW + timedelta(days=1)) == []
        assert await store.next_reminder_at() is None

    async def test_a_user_who_speaks_ends_only_the_reminders_that_say_so(self, store: SqlTurns, conversation: str):
        kept = reminder("kept", kill_on_user_message=False)
        await store.commit(turn(conversation, 1, reminders=(reminder("ended"), kept)))
        await store.commit(turn(conversation, 2, user_spoke=False))
        assert len(await store.due_reminders(NOW + timedelta(days=1))) == 2
        await store.commit(turn(conversation, 3, reminders=(reminder("new"),)))
        names = [r.name for _, r in await store.due_reminders(NOW + timedelta(days=1))]
        assert sorted(names) == ["kept", "new"]

    @pytest.mark.parametrize(
        ("cancelled", "left"),
        [
            (ReminderCancelled(), []),
            (ReminderCancelled(name="a"), ["b", "c"]),
            (ReminderCancelled(intent="other"), ["a", "c"]),
            (ReminderCancelled(entities=()), ["a", "b"]),
            (ReminderCancelled(name="a", intent="other"), ["a", "b", "c"]),
        ],
    )
    async def test_reminders_are_cancelled_by_what_is_named(
        self, store: SqlTurns, conversation: str, cancelled: ReminderCancelled, left: list[str]
    ):
        made = (reminder("a"), reminder("b", intent="other"), reminder("c", entities=()))
        await store.commit(turn(conversation, 1, reminders=made))
        await store.commit(turn(conversation, 2, reminders=(cancelled,), user_spoke=False))
        assert sorted(r.name for _, r in await store.due_reminders(NOW + timedelta(days=1))) == left

    async def test_a_reminder_of_the_same_name_replaces(self, store: SqlTurns, conversation: str):
        first, second = reminder(seconds=60), reminder(seconds=120)
        await store.commit(turn(conversation, 1, reminders=(first,)))
        await store.commit(turn(conversation, 2, reminders=(second,), fired=first, user_spoke=False))
        assert await store.due_reminders(NOW + timedelta(days=1)) == [(conversation, second)]

    # --- sessions ---

    async def test_a_turn_extends_its_session_and_never_shortens_it(self, store: SqlTurns, conversation: str):
        await store.database.write(_add_session)
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
        await store.database.write(_add_session)
        async with store.hold(conversation):
            await store.load(conversation)  # all connections are open now
        before = store.database.statistics().statements
        async with store.hold(conversation, "m1") as fence:
            await store.load(conversation, "m1")
            until = NOW + timedelta(minutes=5)
            await store.commit(turn(conversation, 1, fence=fence, session="s", session_idle_until=until))
        assert store.database.statistics().statements - before <= 7


def _lengthen(connection: Connection, conversation: str, turns: int) -> None:
    """Past turns, put there at once."""
    rows = [{"c": conversation, "seq": seq, "id": f"m{seq}", "record": b"r"} for seq in range(1, turns + 1)]
    connection.many("INSERT INTO turns (conversation, seq, at, record) VALUES (:c, :seq, 0, :record)", rows)
    answered = (
        "INSERT INTO inbox (conversation, message_id, fingerprint, arrived_at, status, seq, reply) "
        "VALUES (:c, :id, 'f', 0, 'done', :seq, :record)"
    )
    connection.many(answered, rows)
    connection.run("UPDATE conversations SET seq = :seq WHERE id = :c", seq=turns, c=conversation)


def _add_session(connection: Connection) -> None:
    connection.run(
        "INSERT INTO customers (id, account_number, bank_customer_id, code_hash, created_at) "
        "VALUES ('c', '007', 'b', 'h', 0)"
    )
    connection.run(
        "INSERT INTO sessions (token_hash, id, customer, created_at, idle_until, absolute_until) "
        "VALUES ('s', 'i', 'c', 0, 1, 2)"
    )
