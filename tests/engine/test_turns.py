"""The turn: answered once, in order, durable before its answer is returned."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.turn import Turn
from bot.config import Limits
from bot.content import Content, Domain, SessionConfig
from bot.dialogue.events import SessionStarted, SlotSet, UserUttered
from bot.dialogue.prediction import Prediction
from bot.encoding import decode, encode
from bot.engine.codec import read_record
from bot.engine.lines import Place
from bot.engine.outside import EventsWork, ExecuteWork, NoteWork
from bot.engine.protocols import Loaded, TurnCommit
from bot.engine.work import IntentWork
from bot.errors import Busy, MessageIdReused, StoreUnavailable, TurnTimedOut
from bot.messages import Parse, Principal, UserMessage
from bot.stores.connection import Connection
from tests.engine.conftest import Gate, MakeBench, all_of


async def test_message_is_answered_and_recorded(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        answer = await bench.engine.handle(bench.message(conversation, message_id="m-one"))
        assert answer.seq == 1
        assert answer.replies == [{"text": "1"}]
        [turn] = await bench.store.turns(conversation)
        record = read_record(turn.record)
        assert record.message.text == "add"
        assert [step.action for step in record.steps] == ["action_session_start", "action_add", "action_listen"]


async def test_state_carries_over_from_turn_to_turn(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        assert [await bench.say(conversation) for _ in range(3)] == [["1"], ["2"], ["3"]]


async def test_repeated_message_gets_the_stored_answer_byte_for_byte(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation)
        first = await bench.engine.handle(message)
        await bench.say(conversation)
        assert (await bench.engine.handle(message)).body == first.body
        assert len(await bench.store.turns(conversation)) == 2


async def test_stored_answer_survives_a_restart(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation)
        first = await bench.engine.handle(message)
    async with make_bench() as bench:
        assert (await bench.engine.handle(message)).body == first.body


async def test_message_id_reused_with_another_payload_is_rejected(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation)
        await bench.engine.handle(message)
        with pytest.raises(MessageIdReused):
            await bench.engine.handle(replace(message, text="other"))
        with pytest.raises(MessageIdReused):
            await bench.engine.handle(replace(message, metadata={"page": 2}))


async def test_same_message_id_in_two_conversations_is_two_messages(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        ann, bob = await bench.conversation("ann"), await bench.conversation("bob")
        assert ann != bob
        first, second = await all_of(
            bench.engine.handle(bench.message(ann, message_id="m")),
            bench.engine.handle(bench.message(bob, message_id="m")),
        )
        assert (first.conversation, second.conversation) == (ann, bob)


async def test_repeat_of_a_running_message_joins_its_turn(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}) as bench:
        message = bench.message(await bench.conversation(), "wait")
        running = asyncio.create_task(bench.engine.handle(message))
        await gate.reached.wait()
        joining = asyncio.create_task(bench.engine.handle(message))
        with pytest.raises(MessageIdReused):
            await bench.engine.handle(replace(message, text="other"))
        gate.go.set()
        first, second = await running, await joining
        assert first.body == second.body
        assert gate.runs == 1


async def test_cancelled_caller_does_not_cancel_the_turn(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}) as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation, "wait")
        client = asyncio.create_task(bench.engine.handle(message))
        await gate.reached.wait()
        client.cancel()
        await asyncio.wait([client])
        gate.go.set()
        answer = await bench.engine.handle(message)
        assert answer.replies == [{"text": "through"}]
        assert gate.runs == 1


async def test_messages_of_a_conversation_are_answered_in_order_of_arrival(make_bench: MakeBench) -> None:
    async with make_bench(limits=Limits(waiting_per_conversation=100)) as bench:
        conversation = await bench.conversation()
        answers = await all_of(*(bench.say(conversation) for _ in range(60)))
        assert answers == [[str(number)] for number in range(1, 61)]


async def test_conversations_do_not_wait_for_each_other(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}) as bench:
        slow = asyncio.create_task(bench.say(await bench.conversation("slow"), "wait"))
        await gate.reached.wait()
        assert await bench.say(await bench.conversation("quick")) == ["1"]
        assert not slow.done()
        gate.go.set()
        assert await slow == ["through"]


async def test_full_conversation_is_busy_while_others_are_served(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}, limits=Limits(waiting_per_conversation=2)) as bench:
        conversation = await bench.conversation()
        waiting = [asyncio.create_task(bench.say(conversation, "wait")) for _ in range(2)]
        await gate.reached.wait()
        with pytest.raises(Busy) as refused:
            await bench.say(conversation)
        assert not refused.value.whole
        assert await bench.say(await bench.conversation("bob")) == ["1"]
        gate.go.set()
        assert await all_of(*waiting) == [["through"], ["through"]]


async def test_full_server_is_busy_and_recovers(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}, limits=Limits(waiting=1)) as bench:
        running = asyncio.create_task(bench.say(await bench.conversation(), "wait"))
        await gate.reached.wait()
        with pytest.raises(Busy) as refused:
            await bench.say(await bench.conversation("bob"))
        assert refused.value.whole
        gate.go.set()
        await running
        assert await bench.say(await bench.conversation("bob")) == ["1"]
        assert bench.engine.waiting == 0


async def test_turn_over_its_deadline_times_out_and_stores_nothing(make_bench: MakeBench) -> None:
    gate = Gate()
    limits = Limits(turn_seconds=0.05, action_seconds=5.0)
    async with make_bench(actions={"action_wait": gate}, limits=limits) as bench:
        conversation = await bench.conversation()
        with pytest.raises(TurnTimedOut):
            await bench.say(conversation, "wait")
        assert await bench.store.turns(conversation) == []
        assert bench.engine.waiting == 0


async def test_turn_keeps_the_agent_it_began_with(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}) as bench:
        running = asyncio.create_task(bench.say(await bench.conversation(), "wait"))
        await gate.reached.wait()
        bench.engine.agent = replace(bench.engine.agent, actions={})
        gate.go.set()
        assert await running == ["through"]


async def test_message_after_a_long_silence_starts_a_session(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        for minutes in (0, 59, 61):
            bench.clock.forward(minutes=minutes)
            await bench.say(conversation)
        starts = [SessionStarted() in record.events for record in bench.records]
        assert starts == [True, False, True]


async def test_session_without_expiration_never_ends(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        content = Content(Domain(session=SessionConfig(expiration_minutes=0)))
        bench.engine.agent = replace(bench.engine.agent, content=content)
        conversation = await bench.conversation()
        for days in (0, 1, 1000):
            bench.clock.forward(days=days)
            await bench.say(conversation)
        assert [SessionStarted() in record.events for record in bench.records] == [True, False, False]


async def test_events_from_outside_do_not_prolong_the_session(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        await bench.say(conversation)
        for _ in range(2):
            bench.clock.forward(minutes=40)
            await bench.engine.perform(EventsWork(bench.message(conversation, ""), [SlotSet("x", 1)]))
        await bench.say(conversation)
        assert SessionStarted() in bench.records[-1].events
        bench.clock.forward(minutes=40)
        await bench.say(conversation)
        assert SessionStarted() not in bench.records[-1].events


async def test_snapshot_without_times_uses_the_time_of_the_last_turn(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation, clock = await bench.conversation(), bench.clock
        await bench.say(conversation)
        await bench.store.database.write(lambda c: without_times(c, conversation))
    for minutes, starts in ((59, False), (61, True)):
        async with make_bench(clock=clock) as bench:
            clock.forward(minutes=minutes)
            await bench.say(conversation, message_id=f"after {minutes} minutes")
            assert (SessionStarted() in bench.records[-1].events) is starts


def without_times(connection: Connection, conversation: str) -> None:
    row = connection.one("SELECT snapshot FROM conversations WHERE id = :id", id=conversation)
    assert row is not None
    snapshot = decode(row.snapshot)
    del snapshot["times"]
    sql = "UPDATE conversations SET snapshot = :snapshot WHERE id = :id"
    connection.run(sql, id=conversation, snapshot=encode(snapshot))


async def test_session_start_sees_the_metadata_of_the_first_message_in_a_slot(make_bench: MakeBench) -> None:
    seen: list[object] = []

    async def look(turn: Turn) -> None:
        seen.append(turn.slot("session_started_metadata"))
        turn.emit(SessionStarted({"tariff": seen[-1]} if seen[-1] else {}))

    async with make_bench(actions={"action_session_start": look}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, metadata={"tariff": "gold"})
        await bench.say(conversation, metadata={"tariff": "never looked at"})
        bench.clock.forward(hours=3)
        await bench.say(conversation)
        assert seen == [{"tariff": "gold"}, None]
        first, _, later = [record.events for record in bench.records]
        assert first[0] == SlotSet("session_started_metadata", {"tariff": "gold"})
        assert not [event for event in later if isinstance(event, SlotSet) and event.name != "count"]


async def test_slot_before_is_the_value_at_arrival_even_if_set_many_turns_ago(make_bench: MakeBench) -> None:
    found: list[Any] = []

    async def look(turn: Turn) -> None:
        turn.set("count", 99)
        found.append(turn.slot_before("count"))
        turn.set("count", 1)

    async with make_bench(actions={"action_look": look}) as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation, "look") == []
        for _ in range(9):  # more turns than the snapshot still has
            await bench.say(conversation, "look")
        assert found == [None] + [1] * 9


async def test_slot_before_is_empty_if_the_session_starts_with_the_message(make_bench: MakeBench) -> None:
    found: list[Any] = []

    async def look(turn: Turn) -> None:
        found.append(turn.slot_before("count"))

    async def start_afresh(turn: Turn) -> None:
        turn.emit(SessionStarted())
        turn.set("count", None)

    async with make_bench(actions={"action_look": look, "action_session_start": start_afresh}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "add")
        bench.clock.forward(hours=3)
        await bench.say(conversation, "look")
        assert found == [None]


async def test_new_login_starts_a_session_and_carries_nothing_over(make_bench: MakeBench) -> None:
    first = Principal("customer", "customer:1", login="login-1")
    async with make_bench() as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation, principal=first) == ["1"]
        assert await bench.say(conversation, principal=replace(first, session="rotated")) == ["2"]
        assert await bench.say(conversation, principal=replace(first, login="login-2")) == ["1"]
        assert [SessionStarted() in record.events for record in bench.records] == [True, False, True]


class HeldElsewhere:
    """A store whose conversations another worker holds and never lets go."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def hold(self, conversation: str, message_id: str | None = None) -> AbstractAsyncContextManager[int]:
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def never() -> Any:
            await asyncio.Event().wait()
            yield 0

        return never()


async def test_conversation_held_by_another_worker_times_out(make_bench: MakeBench) -> None:
    async with make_bench(wrap=HeldElsewhere, limits=Limits(turn_seconds=0.05)) as bench:
        with pytest.raises(TurnTimedOut):
            await bench.say(await bench.conversation())


class Losing:
    """A store on which other workers are always faster: every commit conflicts `times` times."""

    def __init__(self, store: Any, times: int) -> None:
        self._store = store
        self._times = times
        self.loads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def load(self, conversation: str, message_id: str | None = None) -> Loaded:
        self.loads += 1
        loaded: Loaded = await self._store.load(conversation, message_id)
        return loaded

    async def commit(self, commit: TurnCommit) -> None:
        if self._times:
            self._times -= 1
            # Another worker takes this sequence number first, with its own message.
            await self._store.commit(replace(commit, message_id=f"theirs-{self._times}"))
        await self._store.commit(commit)


async def test_conflicting_turn_is_computed_again_on_the_new_state(make_bench: MakeBench) -> None:
    async with make_bench(wrap=lambda store: Losing(store, 3)) as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation) == ["4"]
        assert [turn.seq for turn in await bench.store.turns(conversation)] == [1, 2, 3, 4]
        assert bench.store.loads == 4
        assert len(bench.records) == 1
        assert len(bench.conflicts) == 3


class Unordered:
    """The same as `Lines`, but nobody waits: every message goes ahead at once."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lines, name)

    def join(self, conversation: str) -> Any:
        place = self._lines.join(conversation)
        return Place(None, place.leave)


async def test_turns_without_the_queue_are_still_sequential(make_bench: MakeBench) -> None:
    """The queue is for latency; the unique sequence number keeps conversations right."""
    async with make_bench(limits=Limits(waiting_per_conversation=100)) as bench:
        bench.engine._lines = Unordered(bench.engine._lines)
        conversation = await bench.conversation()
        answers = await all_of(*(bench.say(conversation) for _ in range(12)))
        assert sorted(int(text) for [text] in answers) == list(range(1, 13))
        assert [turn.seq for turn in await bench.store.turns(conversation)] == list(range(1, 13))
        assert bench.conflicts, "they did meet"


class Broken:
    """A store whose commits fail from now on."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: TurnCommit) -> None:
        raise StoreUnavailable("the disk is gone")


async def test_failed_commit_gives_no_answer_and_informs_no_observer(make_bench: MakeBench) -> None:
    async with make_bench(wrap=Broken) as bench:
        with pytest.raises(StoreUnavailable):
            await bench.say(await bench.conversation())
        assert bench.records == []


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), BaseExceptionGroup("two", [SystemExit(2)])])
async def test_raising_observer_is_reported_and_changes_nothing(make_bench: MakeBench, error: BaseException) -> None:
    async with make_bench() as bench:
        noted: list[BaseException] = []

        def grumble(record: object) -> None:
            raise error

        bench.engine.watch = replace(
            bench.engine.watch, turn_committed=(grumble, bench.records.append), observer_failed=noted.append
        )
        assert await bench.say(await bench.conversation()) == ["1"]
        assert len(bench.records) == 1
        assert noted == [error]


async def test_external_intent_with_unstorable_entities_is_rejected(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation, "EXTERNAL: add")
        work = IntentWork(message, "add", ({"entity": "colour", "value": "red", "role": 5},))
        with pytest.raises(ValueError, match="its events cannot be kept"):
            await bench.engine.perform(work)
        assert await bench.store.turns(conversation) == []
        assert await bench.say(conversation) == ["1"]


async def test_record_shows_whether_a_user_said_the_message(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()

        def message(text: str) -> UserMessage:
            return bench.message(conversation, text)

        await bench.engine.handle(message("add"))
        await bench.engine.handle(message("EXTERNAL: add"))
        await bench.engine.perform(NoteWork(message("add"), background=True))
        await bench.engine.perform(IntentWork(message("add"), "add"))
        await bench.engine.perform(ExecuteWork(message("turn"), Prediction("turn", 1.0, "api"), background=False))
        await bench.engine.perform(EventsWork(message(""), [UserUttered(Parse("add"), "theirs")]))
        records = [read_record(turn.record) for turn in await bench.store.turns(conversation)]
        assert [record.is_said for record in records] == [True, True, True, False, False, False]


async def test_cached_state_that_the_store_lost_is_not_written_back(make_bench: MakeBench) -> None:
    async with make_bench() as one, make_bench() as other:
        conversation = await one.conversation()
        await one.say(conversation, message_id="first")
        database = one.store.database
        before = await database.read(lambda c: c.one("SELECT * FROM conversations"))
        await one.say(conversation, message_id="lost")

        def fail_over(connection: Connection) -> None:
            """A standby takes over that was one turn behind."""
            connection.run("DELETE FROM turns WHERE seq = 2")
            connection.run("DELETE FROM inbox WHERE seq = 2")
            sql = "UPDATE conversations SET seq = 1, snapshot = :snapshot, last_turn_at = :at"
            connection.run(sql, snapshot=before.snapshot, at=before.last_turn_at)

        await database.write(fail_over)
        await other.engine.perform(
            EventsWork(other.message(conversation, message_id="set"), [SlotSet("count", 41)])  # the second turn, again
        )
        assert await one.say(conversation, message_id="third") == ["42"]


async def test_session_start_is_recorded_with_its_reason(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        await bench.say(await bench.conversation())
        first = bench.records[-1].steps[0]
        reasons = [(because.policy, because.name) for because in first.because]
        assert (first.action, first.confidence, reasons) == (
            "action_session_start",
            1.0,
            [("default", "a new session")],
        )
