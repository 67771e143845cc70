"""The contract of what is still to be done: messages, replies, effects, reminders."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import asdict, replace

from bot.dialogue.events import ReminderCancelled
from bot.engine.protocols import Outgoing
from bot.errors import MessageIdReused, SequenceConflict
from bot.stores.turns import SqlTurns
from tests.stores.examples import NOW, Clock, Open, entry, message, reminder, turn


class WorkContract:
    """How work is kept; see `StoreContract`."""

    # --- inbox ---

    async def test_accepted_messages_wait_in_order_until_answered(
        self, store: SqlTurns, open_store: Open, conversation: str
    ):
        for n in (2, 1, 3):
            assert await store.accept(message(conversation, f"a{n}", f"text {n}"), f"f{n}")
        assert not await store.accept(message(conversation, "a1"), "f1")
        waiting = await (await open_store()).accepted()
        assert [m.message_id for m in waiting] == ["a2", "a1", "a3"]
        kept = asdict(replace(waiting[0], principal=message("").principal))
        assert kept == {**asdict(message(conversation, "a2", "text 2")), "tries": 0}
        loaded = await store.load(conversation, "a2")
        assert (loaded.stored.fingerprint, loaded.stored.body) == ("f2", None)
        await store.commit(turn(conversation, 1, message_id="a2", fingerprint="f2"))
        assert [m.message_id for m in await store.accepted()] == ["a1", "a3"]
        assert (await store.load(conversation, "a2")).stored.body == turn(conversation, 1).body

    async def test_number_of_tries_is_kept_until_the_message_is_answered(
        self, store: SqlTurns, open_store: Open, conversation: str
    ):
        await store.accept(message(conversation, "a"), "f")
        (left,) = await store.accepted()
        await store.keep_tries(replace(left, tries=2))
        other = await open_store()
        assert await other.accepted() == [replace(left, tries=2)]
        await store.accept(message(conversation, "b"), "f")
        assert await other.accepted_before(message(conversation, "b")) == [replace(left, tries=2)]
        await store.commit(turn(conversation, 1, message_id="a", fingerprint="f"))
        await store.keep_tries(replace(left, tries=3))
        assert [m.message_id for m in await store.accepted()] == ["b"]

    async def test_accepted_message_id_with_another_payload_is_rejected(self, store: SqlTurns, conversation: str):
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

    async def test_failed_reply_is_retried_and_holds_back_the_next(
        self, store: SqlTurns, conversation: str, clock: Clock
    ):
        await store.commit(turn(conversation, 1, outbox=tuple(Outgoing(f"o{n}", "c", "u", b"") for n in (1, 2))))
        clock.now = NOW + timedelta(minutes=1)
        assert len(await store.due_outgoing()) == 1
        later = clock.now + timedelta(seconds=5)
        await store.retry_at("o1", later)
        assert await store.due_outgoing() == []
        clock.now = later
        assert [(d.outgoing.id, d.attempts) for d in await store.due_outgoing()] == [("o1", 2)]
        await store.give_up("o1")
        assert [d.outgoing.id for d in await store.due_outgoing()] == ["o2"]
        await store.mark_sent("o2")
        clock.now = later + timedelta(days=1)
        assert await store.due_outgoing() == []

    async def test_reply_claimed_by_a_dead_sender_is_sent_again(
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

    async def test_longest_waiting_replies_go_out_first(self, store: SqlTurns, clock: Clock):
        for n in range(12):
            c = await store.conversation_id("p", "callback", str(n))
            await store.commit(turn(c, 1, outbox=(Outgoing(f"o{n:02}", "c", "u", b""),)))
        clock.now = NOW + timedelta(minutes=1)
        claims = [[due.outgoing.id for due in await store.due_outgoing(most=4)] for _ in range(4)]
        assert claims == [[f"o{n:02}" for n in range(first, first + 4)] for first in (0, 4, 8)] + [[]]

    async def test_permanently_refused_reply_stays_refused(self, store: SqlTurns, conversation: str, clock: Clock):
        await store.commit(turn(conversation, 1, outbox=(Outgoing("o1", "c", "u", b""),)))
        clock.now = NOW + timedelta(minutes=1)
        await store.due_outgoing()
        await store.give_up("o1")
        await store.mark_sent("o1")
        await store.retry_at("o1", clock.now)
        rows = await store.database.read(lambda c: c.all("SELECT status FROM outbox"))
        assert [row.status for row in rows] == ["refused"]

    async def test_old_sent_replies_are_purged_and_due_ones_kept(
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

    async def test_exactly_one_of_many_racing_spenders_spends(self, store: SqlTurns, open_store: Open):
        stores = [store, await open_store()]
        entries = [entry() for _ in range(20)]
        stand = await asyncio.gather(*[stores[n % 2].journal(e) for n, e in enumerate(entries)])
        assert sum(mine is standing for mine, standing in zip(entries, stand, strict=True)) == 1

    async def test_effect_status_only_moves_forward(self, store: SqlTurns):
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
        assert [e.key for e in await store.unsettled_effects(1)] == ["k0"]
        assert await store.unsettled_effects(2) == []

    async def test_an_effect_is_unsettled_until_its_own_outcome_is_known(self, store: SqlTurns):
        for key, status in (("a", "spending"), ("b", "unknown"), ("c", "done"), ("d", "refused")):
            await store.journal(entry(key, status))
        assert [await store.is_unsettled(key) for key in "abcde"] == [True, True, False, False, False]

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

    async def test_reminders_are_due_in_chronological_order(self, store: SqlTurns, conversation: str):
        made = tuple(reminder(f"in {seconds}", seconds=seconds) for seconds in (30, 10, 20))
        await store.commit(turn(conversation, 1, reminders=made))
        assert await store.next_reminder_at(NOW + timedelta(seconds=10)) == NOW + timedelta(seconds=20)
        assert await store.next_reminder_at(NOW + timedelta(seconds=30)) is None
        names = [r.name for _, r in await store.due_reminders(NOW + timedelta(seconds=25))]
        assert names == ["in 10", "in 20"]
        assert [r.name for _, r in await store.due_reminders(NOW + timedelta(seconds=25), 1)] == ["in 20"]

    async def test_user_message_ends_only_reminders_marked_for_it(self, store: SqlTurns, conversation: str):
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
    async def test_reminders_are_cancelled_by_name_intent_and_entities(
        self, store: SqlTurns, conversation: str, cancelled: ReminderCancelled, left: list[str]
    ):
        made = (reminder("a"), reminder("b", intent="other"), reminder("c", entities=()))
        await store.commit(turn(conversation, 1, reminders=made))
        await store.commit(turn(conversation, 2, reminders=(cancelled,), user_spoke=False))
        assert sorted(r.name for _, r in await store.due_reminders(NOW + timedelta(days=1))) == left

    async def test_reminder_replaces_an_earlier_one_of_the_same_name(self, store: SqlTurns, conversation: str):
        first, second = reminder(seconds=60), reminder(seconds=120)
        await store.commit(turn(conversation, 1, reminders=(first,)))
        await store.commit(turn(conversation, 2, reminders=(second,), fired=first, user_spoke=False))
        assert await store.due_reminders(NOW + timedelta(days=1)) == [(conversation, second)]
