"""Actions are plugins: if one fails, the turn is still answered and the conversation goes on."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
import traceback
from collections.abc import Callable
from typing import Any, cast

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.config import Limits
from bot.content import Content, Domain, Slot, Variation
from bot.dialogue.events import ActionFailed, BotUttered, Event, ReminderScheduled, SlotSet
from bot.engine.deadline import LONGEST_STEP, TooSlow
from bot.engine.protocols import TurnCommit
from bot.errors import ActionRejected, BotError, SequenceConflict, TurnError, TurnTimedOut
from bot.messages import Reply
from bot.sources import Sources
from bot.stores.turns import SqlTurns
from tests.engine.conftest import Gate, MakeBench, cancel_own_task


async def test_raising_action_gets_an_apology_and_loses_only_its_own_events(
    make_bench: MakeBench,
) -> None:
    async def fail(turn: Turn) -> None:
        turn.emit(SlotSet("half", "done"))
        turn.say_text("never said")
        raise RuntimeError("secret detail 12345678")

    async with make_bench(actions={"action_fail": fail}) as bench:
        conversation = await bench.conversation()
        [text] = await bench.say(conversation, "fail")
        assert text.startswith("Sorry")
        events = bench.records[-1].events
        assert ActionFailed("action_fail", "RuntimeError") in events
        assert not [e for e in events if isinstance(e, SlotSet)]
        assert "secret detail" not in (await bench.store.turns(conversation))[0].record.decode()
        assert [name for name, _ in bench.failures] == ["action_fail"]
        assert await bench.say(conversation) == ["1"]


async def test_slow_action_gets_an_apology_and_an_error_with_its_waiting_line(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_wait": gate}, limits=Limits(action_seconds=0.01)) as bench:
        [text] = await bench.say(await bench.conversation(), "wait")
        assert text.startswith("Sorry")
        assert ActionFailed("action_wait", "TooSlow") in bench.records[-1].events
        [(_, error)] = bench.failures
        assert isinstance(error, BotError), "so that the log shows its message"
        limit = "it took longer than 0.01 seconds (`limits.action_seconds`)"
        assert str(error) == f"{limit}; it waited at tests/engine/conftest.py:{line_of(Gate.__call__, 'self.go.wait')}"
        passed = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert "__call__" in passed, "the log's `where` leads there, too"


async def test_timeout_raised_by_the_action_itself_is_reported_as_timeout_error(make_bench: MakeBench) -> None:
    async def impatient(turn: Turn) -> None:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()

    async with make_bench(actions={"action_impatient": impatient}) as bench:
        await bench.say(await bench.conversation(), "impatient")
        assert ActionFailed("action_impatient", "TimeoutError") in bench.records[-1].events


def line_of(function: Callable[..., Any], what: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(at for at, line in enumerate(lines) if what in line)


async def test_action_that_ignores_the_turn_deadline_is_answered_late(make_bench: MakeBench) -> None:
    async def stubborn(turn: Turn) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            turn.say_text("at last")

    limits = Limits(turn_seconds=0.05, action_seconds=5.0)
    async with make_bench(actions={"action_stubborn": stubborn}, limits=limits) as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation, "stubborn") == ["at last"]
        assert await bench.say(conversation) == ["1"]


async def test_blocking_action_over_its_time_limit_fails_with_advice(make_bench: MakeBench) -> None:
    """No timeout interrupts code that never awaits; it still counts as too slow, and the log says why."""

    async def block(turn: Turn) -> None:
        turn.say_text("never said")
        time.sleep(0.02)

    async with make_bench(actions={"action_block": block}, limits=Limits(action_seconds=0.01)) as bench:
        [text] = await bench.say(await bench.conversation(), "block")
        assert text.startswith("Sorry")
        [(_, error)] = bench.failures
        assert "asyncio.to_thread" in str(error)


async def test_briefly_blocking_action_is_warned_about_once_and_does_not_fail(
    make_bench: MakeBench,
) -> None:
    async def block(turn: Turn) -> None:
        await asyncio.sleep(0)
        time.sleep(LONGEST_STEP + 0.01)
        turn.say_text("done")

    async def outer(turn: Turn) -> None:
        for event in await turn.run("action_block"):
            turn.emit(event)

    async with make_bench(actions={"action_block": block, "action_outer": outer}) as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation, "outer") == ["done"]
        [(action, error)] = bench.warnings
        assert (action, type(error)) == ("action_block", TooSlow)
        assert str(error).startswith("it held up all conversations for 0.")
        assert bench.failures == []
        await bench.say(conversation, "block")
        assert len(bench.warnings) == 2


@pytest.mark.parametrize("error", [SystemExit(3), BaseExceptionGroup("two", [ValueError(), KeyboardInterrupt()])])
async def test_action_that_exits_fails_without_ending_the_process(make_bench: MakeBench, error: BaseException) -> None:
    async def leave(turn: Turn) -> None:
        raise error

    async with make_bench(actions={"action_leave": leave}) as bench:
        conversation = await bench.conversation()
        [text] = await bench.say(conversation, "leave")
        assert text.startswith("Sorry")
        assert await bench.say(conversation) == ["1"]


async def test_action_that_cancels_its_own_task_fails_only_its_turn(
    make_bench: MakeBench,
) -> None:
    async with make_bench(actions={"action_cancel": cancel_own_task}) as bench:
        conversation = await bench.conversation()
        with pytest.raises(TurnError, match="must not cancel its own task"):
            await bench.say(conversation, "cancel")
        assert await bench.say(conversation) == ["1"]


async def test_action_that_cancels_its_task_and_outlives_its_turn_times_out(make_bench: MakeBench) -> None:
    async def cancel(turn: Turn) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    async with make_bench(actions={"action_cancel": cancel}, limits=Limits(turn_seconds=0.05)) as bench:
        conversation = await bench.conversation()
        with pytest.raises(TurnTimedOut):
            await bench.say(conversation, "cancel")
        assert await bench.say(conversation) == ["1"]


async def test_action_that_returns_events_fails(make_bench: MakeBench) -> None:
    async def return_events(turn: Turn) -> list[Event]:
        return [SlotSet("count", 1)]

    async with make_bench(actions={"action_rasa": cast("Action", return_events)}) as bench:
        [sorry] = await bench.say(await bench.conversation(), "rasa")
        assert sorry.startswith("Sorry")
        [(_, error)] = bench.failures
        assert "returned a list, which does nothing; write `turn.emit(…)`" in str(error)


async def test_action_that_returns_an_empty_list_succeeds(make_bench: MakeBench) -> None:
    async def return_events(turn: Turn) -> list[Event]:
        turn.say_text("done")
        return []

    async with make_bench(actions={"action_rasa": cast("Action", return_events)}) as bench:
        assert await bench.say(await bench.conversation(), "rasa") == ["done"]
        assert bench.failures == []


async def test_unknown_action_gets_an_apology_and_an_error_with_the_nearest_name(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        [text] = await bench.say(await bench.conversation(), "ad")
        assert text.startswith("Sorry")
        assert ActionFailed("action_ad", "UnknownAction") in bench.records[-1].events
        [(_, error)] = bench.failures
        assert str(error) == "no plugin, response or form is called `action_ad`. Did you mean `action_add`?"


async def test_unknown_slot_is_a_warning_with_its_place(
    make_bench: MakeBench,
) -> None:
    async def misspell(turn: Turn) -> None:
        turn.set("requested_slot", None)
        turn.set("kake", "carrot")
        turn.say_text(f"{turn.slot('kake')} {turn.slot('caek')} {turn.slot('cake')}")

    async with make_bench(actions={"action_misspell": misspell}) as bench:
        domain = Domain(slots={"cake": Slot("cake")})
        bench.engine.agent = replace(bench.engine.agent, content=Content(domain))
        assert await bench.say(await bench.conversation(), "misspell") == ["carrot None None"]
        assert bench.failures == []
        slots = ["kake", "caek"]
        assert [str(error) for _, error in bench.warnings] == [
            f"the domain has no slot `{slot}`. Did you mean `cake`?" for slot in slots
        ]
        for action, error in bench.warnings:
            assert action == "action_misspell"
            assert error.__traceback__ is not None
            assert error.__traceback__.tb_frame.f_code is misspell.__code__


async def test_unfilled_placeholder_is_a_warning_with_its_place(make_bench: MakeBench) -> None:
    async def say(turn: Turn) -> None:
        turn.say("utter_loans", loan=2, colour="{blue}")

    async with make_bench(actions={"action_say": say}) as bench:
        responses = {"utter_loans": (Variation("{loans} and {{loan}}, {colour}."),)}
        bench.engine.agent = replace(bench.engine.agent, content=Content(Domain(responses=responses)))
        assert await bench.say(await bench.conversation(), "say") == ["{loans} and {loan}, {blue}."]
        [(action, error)] = bench.warnings
        assert action == "action_say"
        assert str(error).startswith("`utter_loans` was said with `{loans}` left in it")
        assert str(error).endswith("Did you mean `loan`?")
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_frame.f_code is say.__code__


async def test_unknown_response_fails_the_action_with_the_nearest_name(make_bench: MakeBench) -> None:
    async def misspell(turn: Turn) -> None:
        turn.say("utter_opne")

    async with make_bench(actions={"action_misspell": misspell}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "misspell")
        responses = {"utter_open": (Variation("We are open."),)}
        bench.engine.agent = replace(bench.engine.agent, content=Content(Domain(responses=responses)))
        await bench.say(conversation, "misspell")
        assert ActionFailed("action_misspell", "UnknownResponse") in bench.records[-1].events
        nothing = "the domain has no response `utter_opne`."
        assert [str(error) for _, error in bench.failures] == [nothing, f"{nothing} Did you mean `utter_open`?"]


async def test_turn_stops_at_the_limit_of_actions(make_bench: MakeBench) -> None:
    async def refuse(turn: Turn) -> None:
        raise ActionRejected("action_refuse")

    class Stubborn:
        max_turns = 5

        def predict(self, tracker: Any) -> Any:
            from bot.dialogue.prediction import Prediction

            return Prediction("action_refuse", 1.0, "stubborn")

    async with make_bench(actions={"action_refuse": refuse}, limits=Limits(actions_per_turn=4)) as bench:
        bench.engine.agent = replace(bench.engine.agent, dialogue=Stubborn())
        assert await bench.say(await bench.conversation()) == []
        assert [step.action for step in bench.records[-1].steps].count("action_refuse") == 4
        [(action, error)] = bench.warnings
        assert action == "action_refuse"
        assert "the 4 actions that a message may cause (`limits.actions_per_turn`)" in str(error)


async def test_action_that_awaits_a_cancelled_task_fails_without_cancelling_the_turn(make_bench: MakeBench) -> None:
    async def wait_for_cancelled(turn: Turn) -> None:
        part = asyncio.create_task(asyncio.Event().wait())
        part.cancel()
        await part

    async with make_bench(actions={"action_wait": wait_for_cancelled}) as bench:
        [sorry] = await bench.say(await bench.conversation(), "wait")
        assert sorry.startswith("Sorry")
        assert ActionFailed("action_wait", "RuntimeError") in bench.records[-1].events


@pytest.mark.parametrize(
    "event",
    [
        SlotSet("count", object()),
        SlotSet("count", 2**70),
        BotUttered(Reply(text="half a surrogate pair: \ud83d")),
        ReminderScheduled("nudge", "some time tomorrow", "a reminder"),
        ReminderScheduled("nudge", cast("str", None), "a reminder"),
    ],
)
async def test_action_with_unstorable_events_fails(make_bench: MakeBench, event: Event) -> None:
    async def emit(turn: Turn) -> None:
        turn.emit(event)

    async with make_bench(actions={"action_emit": emit}) as bench:
        conversation = await bench.conversation()
        [sorry] = await bench.say(conversation, "emit")
        assert sorry.startswith("Sorry")
        assert await bench.say(conversation) == ["1"]


async def test_action_that_ends_late_is_not_reported_as_blocking_while_it_waited(
    make_bench: MakeBench,
) -> None:
    async def compute_at_last(turn: Turn) -> None:
        await asyncio.sleep(0.18)
        time.sleep(0.05)

    async def clean_up(turn: Turn) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(5)

    actions = {"action_compute": compute_at_last, "action_clean": clean_up}
    async with make_bench(actions=actions, limits=Limits(action_seconds=0.2)) as bench:
        for action in ("compute", "clean"):
            await bench.say(await bench.conversation(), action)
        assert bench.warnings == []
        for _, error in bench.failures:
            assert type(error) is TooSlow
            assert str(error).startswith("it took 0.2 seconds, longer than 0.2 (`limits.action_seconds`)")
        assert [action for action, _ in bench.failures] == ["action_compute", "action_clean"]


async def test_late_turn_that_conflicts_is_not_computed_again(make_bench: MakeBench) -> None:
    """Its time was up before: the caller gets the error, and can retry."""

    class Overtaken(SqlTurns):
        async def commit(self, commit: TurnCommit) -> None:
            raise SequenceConflict("another worker was first")

    runs: list[str] = []

    async def stubborn(turn: Turn) -> None:
        runs.append(turn.message.text)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    limits = Limits(turn_seconds=0.05, action_seconds=5.0)
    async with make_bench(
        actions={"action_stubborn": stubborn},
        limits=limits,
        wrap=lambda store: Overtaken(store.database, Sources()),
    ) as bench:
        with pytest.raises(TurnTimedOut):
            await bench.say(await bench.conversation(), "stubborn")
        assert runs == ["stubborn"]
