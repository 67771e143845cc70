"""Messages of asynchronous channels: kept before they are acknowledged, and answered even after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.config import Limits
from bot.dialogue.events import SessionStarted
from bot.engine.protocols import Accepted, TurnCommit
from bot.engine.work import MOST_TRIES, GivenUp, MessageWork
from bot.errors import SequenceConflict, StoreUnavailable, TurnError
from bot.messages import Parse, UserMessage
from bot.sources import Sources
from bot.stores.turns import SqlTurns
from tests.engine.conftest import Bench, Gate, MakeBench, cancel_own_task


async def test_accepted_message_is_answered_once_in_the_background(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation)
        await bench.engine.accept(message)
        await bench.engine.accept(message)
        assert (await bench.engine.handle(message)).replies == [{"text": "1"}]
        await bench.engine.finish(5.0)
        assert len(await bench.store.turns(conversation)) == 1
        assert await bench.store.accepted() == []
        assert bench.engine.waiting == 0


async def test_accepted_messages_are_drained_in_order(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        messages = [bench.message(conversation) for _ in range(30)]
        for message in messages:
            await bench.store.accept(message, MessageWork(message).fingerprint)
    async with make_bench() as bench:
        assert await bench.engine.drain() == 30
        assert await bench.answered(conversation) == [message.message_id for message in messages]
        assert await bench.store.accepted() == []


async def test_unanswerable_message_stays_accepted_and_delays_no_others(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        bad, good = await bench.conversation("ann"), await bench.conversation("bob")
        messages = [bench.message(bad, "break"), bench.message(bad), bench.message(good)]
        for message in messages:
            await bench.store.accept(message, MessageWork(message).fingerprint)
        understand: Callable[[str, datetime], Parse] = bench.engine.agent.matcher.parse

        class Broken:
            def parse(self, text: str, now: datetime) -> Parse:
                if text == "break":
                    raise RecursionError("this message")
                return understand(text, now)

        bench.engine.agent = replace(bench.engine.agent, matcher=Broken())
        assert await bench.engine.drain() == 2
        assert [message.text for message in await bench.store.accepted()] == ["break"]


async def test_messages_are_answered_in_order_once_the_store_is_back(make_bench: MakeBench) -> None:
    class Away:
        """A store that for a while commits nothing, and only accepts messages."""

        def __init__(self, store: Any) -> None:
            self._store = store
            self.away = True

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        async def commit(self, commit: TurnCommit) -> None:
            if self.away:
                raise StoreUnavailable("locked")
            await self._store.commit(commit)

    async with make_bench(wrap=Away) as bench:
        conversation = await bench.conversation()
        messages = [bench.message(conversation) for _ in range(3)]
        for message in messages:
            await bench.engine.accept(message)
        await bench.engine.finish(5.0)
        cast("Away", bench.store).away = False
        assert await bench.engine.drain(waiting_for=timedelta(seconds=10)) == 0  # they may still be under way
        bench.clock.forward(seconds=11)
        assert await bench.engine.drain(waiting_for=timedelta(seconds=10)) == 3
        assert await bench.answered(conversation) == [message.message_id for message in messages]
        assert await bench.store.accepted() == []


async def test_backlog_larger_than_the_waiting_limit_is_drained(make_bench: MakeBench) -> None:
    async with make_bench(limits=Limits(waiting=100)) as bench:
        for number in range(150):
            message = bench.message(await bench.conversation(f"sender-{number}"))
            await bench.store.accept(message, MessageWork(message).fingerprint)
        assert await bench.engine.drain() == 150
        assert await bench.store.accepted() == []


class FailsOnce(SqlTurns):
    """A store that is unavailable for the first commit."""

    failed = False

    async def commit(self, commit: TurnCommit) -> None:
        if not self.failed:
            self.failed = True
            raise StoreUnavailable("locked")
        await super().commit(commit)


async def test_backlog_keeps_its_order_while_the_store_is_unavailable(make_bench: MakeBench) -> None:
    async with make_bench(wrap=lambda store: FailsOnce(store.database, Sources())) as bench:
        conversation = await bench.conversation()
        messages = [bench.message(conversation) for _ in range(2)]
        for message in messages:
            await bench.store.accept(message, MessageWork(message).fingerprint)
        await bench.engine.drain()
        assert await bench.store.turns(conversation) == [], "the second does not overtake the first"
        await bench.engine.drain()
        assert await bench.answered(conversation) == [message.message_id for message in messages]


async def test_unanswered_message_is_retried_before_the_next_one(make_bench: MakeBench) -> None:
    async with make_bench(wrap=lambda store: FailsOnce(store.database, Sources())) as bench:
        conversation = await bench.conversation()
        first, second = bench.message(conversation), bench.message(conversation)
        await bench.engine.accept(first)
        await bench.engine.finish(5.0)
        assert [message.message_id for message in await bench.store.accepted()] == [first.message_id]
        await bench.engine.accept(second)
        await bench.engine.finish(5.0)
        assert await bench.answered(conversation) == [first.message_id, second.message_id]


async def test_accepted_message_drained_by_two_workers_is_answered_once(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_gate": gate}) as bench, make_bench(actions={"action_gate": gate}) as other:
        conversation = await bench.conversation()
        await bench.engine.accept(bench.message(conversation, "gate", id_is_ours=True))
        await gate.reached.wait()
        draining = asyncio.create_task(other.engine.drain())
        async with asyncio.timeout(10):
            while gate.runs < 2:
                await asyncio.sleep(0.001)
        gate.go.set()
        assert await draining == 1
        await bench.engine.finish(5.0)
        assert len(await bench.store.turns(conversation)) == 1
        assert gate.runs == 2, "one in each worker: SQLite has no leases between two"


async def test_hanging_message_delays_the_next_by_no_more_than_its_own_time(make_bench: MakeBench) -> None:
    async with make_bench(actions={"action_gate": Gate()}, limits=Limits(turn_seconds=0.2, action_seconds=60)) as bench:
        conversation = await bench.conversation()
        stuck, good = bench.message(conversation, "gate"), bench.message(conversation)
        await bench.engine.accept(stuck)
        await bench.engine.finish(5.0)
        await bench.engine.accept(good)
        await bench.engine.finish(5.0)
        assert await bench.answered(conversation) == [good.message_id]
        assert [message.message_id for message in await bench.store.accepted()] == [stuck.message_id]


async def test_turn_cancelled_by_its_action_is_reported_and_the_next_message_answered(
    make_bench: MakeBench,
) -> None:
    async def wait_for_cancelled(turn: Turn) -> None:
        part = asyncio.create_task(asyncio.Event().wait())
        part.cancel()
        await part

    actions: dict[str, Action] = {"action_cancel": cancel_own_task, "action_wait": wait_for_cancelled}
    async with make_bench(actions=actions) as bench:
        failed: list[BaseException] = []
        bench.engine.watch = replace(bench.engine.watch, turn_failed=failed.append)
        conversation = await bench.conversation()
        bad, good = bench.message(conversation, "cancel"), bench.message(conversation, "wait")
        await bench.engine.accept(bad)
        await bench.engine.finish(5.0)
        assert [type(error) for error in failed] == [TurnError]
        await bench.engine.accept(good)
        await bench.engine.finish(5.0)
        assert await bench.answered(conversation) == [good.message_id]
        assert [message.message_id for message in await bench.store.accepted()] == [bad.message_id]


class Costly:
    """An action with a side effect, whose turn then fails."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, turn: Turn) -> None:
        self.runs += 1
        await cancel_own_task(turn)


async def retry(bench: Bench, times: int) -> None:
    """Retry unanswered messages, each time when they are no longer postponed; it all takes less than a session."""
    for _ in range(times):
        bench.clock.forward(minutes=11)
        await bench.engine.drain()


async def test_message_whose_turn_always_fails_is_given_up_with_an_apology(make_bench: MakeBench) -> None:
    costly = Costly()
    async with make_bench(actions={"action_costly": costly}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation)
        message = bench.message(conversation, "costly")
        await bench.engine.accept(message)
        await bench.engine.finish(5.0)
        await retry(bench, MOST_TRIES + 2)
        assert costly.runs == 1 + MOST_TRIES
        assert await bench.store.accepted() == []
        [reply] = bench.records[-1].replies
        assert reply.text.startswith("Sorry")
        assert [(where, type(error)) for where, error in bench.failures] == [("turn", GivenUp)]
        assert (await bench.engine.handle(message)).replies == [{"text": reply.text}], "a repeat gets the same"
        assert await bench.say(conversation) == ["2"], "and the conversation goes on as it was before"


async def test_try_is_counted_before_it_is_made(
    make_bench: MakeBench,
) -> None:
    seen: list[int] = []

    async def look(turn: Turn) -> None:
        seen.extend([message.tries for message in await bench.store.accepted()])

    async with make_bench(actions={"action_look": look}) as bench:
        message = bench.message(await bench.conversation(), "look")
        await bench.store.accept(message, MessageWork(message).fingerprint)
        assert await bench.engine.drain() == 1
        assert seen == [1]


async def test_try_is_counted_once_although_other_workers_commit_first(make_bench: MakeBench) -> None:
    class Overtaken(SqlTurns):
        conflicts = 3
        counted: ClassVar[list[int]] = []

        async def keep_tries(self, message: Accepted) -> None:
            self.counted.append(message.tries)
            await super().keep_tries(message)

        async def commit(self, commit: TurnCommit) -> None:
            if self.conflicts:
                self.conflicts -= 1
                raise SequenceConflict
            await super().commit(commit)

    async with make_bench(wrap=lambda store: Overtaken(store.database, Sources())) as bench:
        message = bench.message(await bench.conversation())
        await bench.store.accept(message, MessageWork(message).fingerprint)
        assert await bench.engine.drain() == 1
        assert (len(bench.conflicts), bench.store.counted) == (3, [1])


class Slow(SqlTurns):
    """A store that takes its time to accept a message, and refuses those with the text "no"."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def accept(self, message: UserMessage, fingerprint: str) -> bool:
        self.asked.set()
        await self.go.wait()
        if message.text == "no":
            raise StoreUnavailable("the disk is full")
        return await super().accept(message, fingerprint)


@pytest.mark.parametrize(("text", "is_answered"), [("add", True), ("no", False)])
async def test_message_does_not_overtake_one_that_is_being_accepted(
    make_bench: MakeBench, text: str, is_answered: bool
) -> None:
    async with make_bench(wrap=lambda store: Slow(store.database, Sources())) as bench:
        conversation = await bench.conversation()
        first, second = bench.message(conversation, text), bench.message(conversation)
        accepting = asyncio.create_task(bench.engine.accept(first))
        await bench.store.asked.wait()
        answering = asyncio.create_task(bench.engine.handle(second))
        for _ in range(20):
            await bench.store.find_conversation("nobody", "", "")  # time in which it would overtake
        bench.store.go.set()
        await asyncio.gather(accepting, answering, return_exceptions=True)
        await bench.engine.finish(5.0)
        expected = [first.message_id] if is_answered else []
        assert await bench.answered(conversation) == [*expected, second.message_id]
        assert bench.engine.waiting == 0


async def test_repeat_that_leaves_the_queue_lets_nobody_overtake(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_gate": gate}) as bench:
        conversation = await bench.conversation()
        first, last = bench.message(conversation, "gate"), bench.message(conversation)
        await bench.engine.accept(first)
        await gate.reached.wait()
        await bench.engine.accept(first)
        answering = asyncio.create_task(bench.engine.handle(last))
        for _ in range(20):
            await bench.store.find_conversation("nobody", "", "")  # time in which it would overtake
        gate.go.set()
        await answering
        assert await bench.answered(conversation) == [first.message_id, last.message_id]
        assert bench.conflicts == []


async def test_failing_message_is_postponed_and_later_ones_do_not_wait(make_bench: MakeBench) -> None:
    costly = Costly()
    async with make_bench(actions={"action_costly": costly}) as bench:
        conversation = await bench.conversation()
        await bench.engine.accept(bench.message(conversation, "costly"))
        await bench.engine.finish(5.0)
        bench.clock.forward(minutes=10)
        for _ in range(3):
            await bench.engine.drain()
            await bench.engine.accept(bench.message(conversation))
            await bench.engine.finish(5.0)
        assert costly.runs == 2
        assert len(await bench.store.turns(conversation)) == 3
        bench.clock.forward(minutes=4)
        await bench.engine.drain()
        assert costly.runs == 2
        bench.clock.forward(minutes=2)
        await bench.engine.drain()
        assert costly.runs == 3


async def test_unavailable_store_does_not_count_as_a_try(make_bench: MakeBench) -> None:
    class Away(SqlTurns):
        away = True

        async def commit(self, commit: TurnCommit) -> None:
            if self.away:
                raise StoreUnavailable("the disk is full")
            await super().commit(commit)

    async with make_bench(wrap=lambda store: Away(store.database, Sources())) as bench:
        await bench.engine.accept(bench.message(await bench.conversation()))
        await bench.engine.finish(5.0)
        for _ in range(2 * MOST_TRIES):
            assert await bench.engine.drain() == 0
        bench.store.away = False
        assert await bench.engine.drain() == 1
        assert [reply.text for reply in bench.records[-1].replies] == ["1"]


async def test_given_up_first_message_starts_no_session_and_the_next_one_does(
    make_bench: MakeBench,
) -> None:
    starts: list[str] = []

    async def end_the_process(turn: Turn) -> None:
        raise AssertionError("it was run once more")

    async def start(turn: Turn) -> None:
        starts.append(turn.message.text)
        turn.emit(SessionStarted({"count": 41}))

    async with make_bench(actions={"action_session_start": end_the_process}) as bench:
        conversation = await bench.conversation()
        message = bench.message(conversation, message_id="deadly")
        await bench.store.accept(message, MessageWork(message).fingerprint)
        (accepted,) = await bench.store.accepted()
        await bench.store.keep_tries(replace(accepted, tries=MOST_TRIES))  # each try crashed the process
        assert await bench.engine.drain() == 1
        assert [(where, type(error)) for where, error in bench.failures] == [("turn", GivenUp)]
        assert bench.records[-1].is_said, "somebody waits for an answer to it"
    async with make_bench(actions={"action_session_start": start}) as bench:
        assert [await bench.say(conversation), await bench.say(conversation)] == [["42"], ["43"]]
        assert starts == ["add"]


async def test_repeat_of_an_accepted_message_is_not_another_try(make_bench: MakeBench) -> None:
    costly = Costly()
    async with make_bench(actions={"action_costly": costly}) as bench:
        message = bench.message(await bench.conversation(), "costly")
        for _ in range(3):
            await bench.engine.accept(message)
            await bench.engine.finish(5.0)
        assert costly.runs == 1
        assert bench.engine.waiting == 0


async def test_new_message_retries_an_earlier_one_that_is_no_longer_postponed(
    make_bench: MakeBench,
) -> None:
    costly = Costly()
    async with make_bench(actions={"action_costly": costly}) as bench:
        conversation = await bench.conversation()

        async def accept_another() -> int:
            await bench.engine.accept(bench.message(conversation))
            await bench.engine.finish(5.0)
            return costly.runs

        await bench.engine.accept(bench.message(conversation, "costly"))
        await bench.engine.finish(5.0)
        bench.clock.forward(minutes=10)
        assert await accept_another() == 2
        assert await accept_another() == 2, "it is postponed for five minutes"
        bench.clock.forward(minutes=6)
        assert await accept_another() == 3
