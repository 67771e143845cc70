"""Outside changes: prepared once, journalled before the call, spent once, and looked up if the outcome is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.config import Limits
from bot.dialogue.effects import EffectError, EffectResult
from bot.dialogue.events import ActionFailed, ConversationPaused, EffectSettled, ReminderScheduled
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.engine.background import LONGEST_WAIT, Background
from bot.engine.polling import LONGEST_BACKOFF
from bot.engine.protocols import EffectEntry, TurnCommit
from bot.errors import StoreUnavailable
from bot.sources import Sources
from bot.stores.turns import SqlTurns
from tests.engine.conftest import Bench, Gate, MakeBench, OneAction

NOON = "2026-01-01T12:00:00+00:00"


class Till:
    """A far side that moves money, and may fail before it does, after it did, or lose track."""

    settled_action = "action_settled"

    def __init__(self) -> None:
        self.moved: dict[str, int] = {}
        self.attempts = 0
        self.fails = ""

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        self.attempts += 1
        if self.fails == "before":
            raise ConnectionError("never arrived")
        if self.fails == "unknown, not done":
            return EffectResult("unknown")
        self.moved[key] = parameters["amount"]
        if self.fails == "after":
            raise ConnectionError("arrived, and the answer was lost")
        if self.fails == "unknown, done":
            return EffectResult("unknown")
        return EffectResult("done", {"amount": parameters["amount"]})

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        if self.fails == "cannot tell":
            return EffectResult("unknown")
        return EffectResult("done", {"amount": self.moved[key]}) if key in self.moved else EffectResult("refused")


async def ask(turn: Turn) -> None:
    turn.prepare("transfer", {"amount": 500})
    turn.say_text("Sure?")


async def yes(turn: Turn) -> None:
    if turn.tracker.effect is None:
        turn.say_text("nothing to confirm")
        return
    turn.say_text((await turn.spend()).outcome)


async def no(turn: Turn) -> None:
    turn.drop_effect()
    turn.say_text("dropped")


async def settled(turn: Turn) -> None:
    turn.say_text(f"it is {turn.message.metadata['effect']['outcome']}")


ACTIONS: dict[str, Action] = {
    "action_ask": ask,
    "action_yes": yes,
    "action_no": no,
    "action_settled": settled,
}


async def background(bench: Bench) -> Background:
    return Background(bench.engine, Sources(now=lambda: bench.clock.now))


async def test_confirmed_effect_is_performed_once_even_if_confirmed_again(make_bench: MakeBench) -> None:
    till = Till()
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        assert await bench.say(conversation, "yes") == ["done"]
        assert await bench.say(conversation, "yes") == ["nothing to confirm"]
        assert (till.attempts, list(till.moved.values())) == (1, [500])


async def test_confirmation_without_a_prepared_effect_performs_nothing(make_bench: MakeBench) -> None:
    till = Till()
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        assert await bench.say(await bench.conversation(), "yes") == ["nothing to confirm"]
        assert till.attempts == 0


async def test_unknown_effect_kind_is_rejected_when_prepared(make_bench: MakeBench) -> None:
    async def misspell(turn: Turn) -> None:
        turn.prepare("transfre", {"amount": 500})

    async with make_bench(actions={"action_misspell": misspell}, effects={"transfer": Till()}) as bench:
        [sorry] = await bench.say(await bench.conversation(), "misspell")
        assert sorry.startswith("Sorry")
        [(_, error)] = bench.failures
        nearest = "there is `transfer`. Did you mean `transfer`?"
        assert str(error) == f"no plugin offers the effect `transfre`; {nearest}"
    async with make_bench(actions={"action_misspell": misspell}) as bench:
        await bench.say(await bench.conversation("bob"), "misspell")
        [(_, error)] = bench.failures
        assert str(error).endswith("`transfre`; offer it in a lifespan, with `startup.add_effect`.")


async def test_dropped_effect_cannot_be_performed_later(make_bench: MakeBench) -> None:
    till = Till()
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        await bench.say(conversation, "no")
        assert await bench.say(conversation, "yes") == ["nothing to confirm"]
        assert till.attempts == 0


@pytest.mark.parametrize("fails", ["before", "after"])
async def test_confirmation_after_a_failure_looks_up_the_outcome_instead_of_repeating(
    make_bench: MakeBench, fails: str
) -> None:
    till = Till()
    till.fails = fails
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        [sorry] = await bench.say(conversation, "yes")
        assert sorry.startswith("Sorry")
        assert ActionFailed("action_yes", "ConnectionError") in bench.records[-1].events
        till.fails = ""
        assert await bench.say(conversation, "yes") == ["refused" if fails == "before" else "done"]
        assert till.attempts == 1


@pytest.mark.parametrize(("fails", "outcome"), [("unknown, done", "done"), ("unknown, not done", "refused")])
async def test_unknown_outcome_is_looked_up_later_and_reported_to_the_user(
    make_bench: MakeBench, fails: str, outcome: str
) -> None:
    till = Till()
    till.fails = fails
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        assert await bench.say(conversation, "yes") == ["unknown"]
        later = await background(bench)
        till.fails = "cannot tell"
        assert await later.settle_effects() == 0
        till.fails = ""
        assert await later.settle_effects() == 1
        assert await later.settle_effects() == 0
        assert [reply.text for reply in bench.records[-1].replies] == [f"it is {outcome}"]
        assert await bench.say(conversation, "yes") == ["nothing to confirm"]
        assert till.attempts == 1


async def test_late_outcome_does_not_settle_an_effect_prepared_since(
    make_bench: MakeBench,
) -> None:
    till = Till()
    till.fails = "unknown, not done"

    async def offer_again(turn: Turn) -> None:
        turn.prepare("transfer", {"amount": 499})
        turn.say_text("Once more?")

    async with make_bench(actions={**ACTIONS, "action_settled": offer_again}, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        assert await bench.say(conversation, "yes") == ["unknown"]
        till.fails = ""
        assert await (await background(bench)).settle_effects() == 1
        assert "refused" in {event.outcome for event in bench.records[-1].events if isinstance(event, EffectSettled)}
        assert await bench.say(conversation, "yes") == ["done"]
        assert list(till.moved.values()) == [499]


async def test_late_outcome_whose_report_failed_is_reported_at_the_next_confirmation(make_bench: MakeBench) -> None:
    till = Till()
    till.fails = "unknown, done"

    async def fail(turn: Turn) -> None:
        raise ZeroDivisionError

    async with make_bench(actions={**ACTIONS, "action_settled": fail}, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        await bench.say(conversation, "yes")
        till.fails = ""
        assert await (await background(bench)).settle_effects() == 1
        assert await bench.say(conversation, "yes") == ["done"]
        assert await bench.say(conversation, "yes") == ["nothing to confirm"]
        assert till.attempts == 1


async def test_journalled_effect_is_settled_after_a_restart(make_bench: MakeBench) -> None:
    till = Till()
    till.fails = "unknown, done"
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        await bench.say(conversation, "yes")
    till.fails = ""
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        assert await (await background(bench)).settle_effects() == 1
        assert [reply.text for reply in bench.records[-1].replies] == ["it is done"]


class LosesCommits(SqlTurns):
    """A store that cannot make turns durable while `lost` is set."""

    lost = False

    async def commit(self, commit: TurnCommit) -> None:
        if self.lost:
            raise StoreUnavailable("the disk is full")
        await super().commit(commit)


def losing(store: SqlTurns) -> LosesCommits:
    return LosesCommits(store.database, Sources())


async def test_effect_of_an_uncommitted_turn_is_looked_up_and_reported_later(make_bench: MakeBench) -> None:
    till = Till()
    async with make_bench(actions=ACTIONS, effects={"transfer": till}, wrap=losing) as bench:
        conversation, later = await bench.conversation(), await background(bench)
        await bench.say(conversation, "ask")
        bench.store.lost = True
        with pytest.raises(StoreUnavailable):
            await bench.say(conversation, "yes")
        bench.store.lost = False
        assert await later.settle_effects() == 0, "a turn may be at it still"
        bench.clock.forward(minutes=1)
        assert await later.settle_effects() == 1
        assert [reply.text for reply in bench.records[-1].replies] == ["it is done"]
        assert await bench.say(conversation, "yes") == ["nothing to confirm"]
        assert await later.settle_effects() == 0
        assert (till.attempts, list(till.moved.values())) == (1, [500])


async def test_effect_of_an_action_that_fails_afterwards_is_reported_later(make_bench: MakeBench) -> None:
    async def spend_and_fail(turn: Turn) -> None:
        await turn.spend()
        raise ZeroDivisionError

    till = Till()
    actions = {**ACTIONS, "action_break": spend_and_fail}
    async with make_bench(actions=actions, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        [sorry] = await bench.say(conversation, "break")
        assert sorry.startswith("Sorry")
        bench.clock.forward(minutes=1)
        assert await (await background(bench)).settle_effects() == 1
        assert [reply.text for reply in bench.records[-1].replies] == ["it is done"]
        assert till.attempts == 1


async def test_reminder_fires_once_when_due_even_after_a_restart(make_bench: MakeBench) -> None:
    async def remind(turn: Turn) -> None:
        at = turn.now.replace(hour=13).isoformat()
        turn.emit(ReminderScheduled("nudge", at, "my reminder", kill_on_user_message=False))

    async def nudge(turn: Turn) -> None:
        turn.say_text("you asked me to remind you")

    actions: dict[str, Action] = {"action_remind": remind, "action_nudge": nudge}
    async with make_bench(actions=actions) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "remind")
        assert await (await background(bench)).fire_reminders() == 0
    async with make_bench(actions=actions, clock=bench.clock) as bench:
        bench.clock.forward(hours=2)
        later = await background(bench)
        assert await later.fire_reminders() == 1
        assert await later.fire_reminders() == 0
        assert [reply.text for reply in bench.records[-1].replies] == ["you asked me to remind you"]
        assert [turn.seq for turn in await bench.store.turns(conversation)] == [1, 2]


async def test_reminder_with_kill_on_user_message_is_cancelled_by_a_message(make_bench: MakeBench) -> None:
    async def remind(turn: Turn) -> None:
        turn.emit(ReminderScheduled("nudge", turn.now.replace(hour=13).isoformat(), "soft", kill_on_user_message=True))

    async with make_bench(actions={"action_remind": remind}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "remind")
        await bench.say(conversation)
        bench.clock.forward(hours=2)
        assert await (await background(bench)).fire_reminders() == 0


async def test_reminder_queued_behind_the_message_that_cancels_it_does_not_fire(make_bench: MakeBench) -> None:
    async def remind(turn: Turn) -> None:
        at = turn.now.replace(hour=13).isoformat()
        turn.emit(ReminderScheduled("nudge", at, "soft", kill_on_user_message=True))

    gate = Gate()
    async with make_bench(actions={"action_remind": remind, "action_gate": gate}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "remind")
        saying = asyncio.create_task(bench.say(conversation, "gate"))
        await gate.reached.wait()
        bench.clock.forward(hours=2)
        firing = asyncio.create_task((await background(bench)).fire_reminders())
        async with asyncio.timeout(10):
            while bench.engine.waiting < 2:
                await asyncio.sleep(0.001)
        gate.go.set()
        assert await saying == ["through"]
        assert await firing == 0
        assert len(await bench.store.turns(conversation)) == 2


async def test_reminder_is_silent_in_a_paused_conversation(make_bench: MakeBench) -> None:
    async def hand_over(turn: Turn) -> None:
        turn.emit(ReminderScheduled("nudge", turn.now.replace(hour=13).isoformat(), "n", kill_on_user_message=False))
        turn.emit(ConversationPaused())

    async def nudge(turn: Turn) -> None:
        turn.say_text("not while a person talks")

    async with make_bench(actions={"action_hand": hand_over, "action_nudge": nudge}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "hand")
        bench.clock.forward(hours=2)
        assert await (await background(bench)).fire_reminders() == 1
        assert bench.records[-1].replies == ()
        assert bench.records[-1].message.text == "nudge"


async def test_reminder_set_again_for_the_same_time_fires_again(make_bench: MakeBench) -> None:
    async def remind(turn: Turn) -> None:
        turn.emit(ReminderScheduled("nudge", NOON, "nudge", kill_on_user_message=False))

    async def nudge(turn: Turn) -> None:
        turn.say_text("time is up")

    async with make_bench(actions={"action_remind": remind, "action_nudge": nudge}) as bench:
        conversation, later = await bench.conversation(), await background(bench)
        for _ in range(2):
            await bench.say(conversation, "remind")
            bench.clock.forward(hours=5)
            assert await later.fire_reminders() == 1
            assert await later.fire_reminders() == 0
            assert [reply.text for reply in bench.records[-1].replies] == ["time is up"]


@pytest.mark.parametrize(
    ("raised", "reported"), [(KeyError("not understood"), KeyError), (asyncio.CancelledError(), RuntimeError)]
)
async def test_failing_lookup_does_not_delay_other_effects(
    make_bench: MakeBench, raised: BaseException, reported: type[BaseException]
) -> None:
    class Lost(Till):
        async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
            raise raised

    lost, till = Lost(), Till()
    lost.fails = till.fails = "unknown, done"

    async def ask_lost(turn: Turn) -> None:
        turn.prepare("lost", {"amount": 1})

    actions = {**ACTIONS, "action_lost": ask_lost}
    async with make_bench(actions=actions, effects={"transfer": till, "lost": lost}) as bench:
        for sender, first in (("ann", "lost"), ("bob", "ask")):
            conversation = await bench.conversation(sender)
            await bench.say(conversation, first)
            await bench.say(conversation, "yes")
        till.fails = ""
        assert await (await background(bench)).settle_effects() == 1
        assert [reply.text for reply in bench.records[-1].replies] == ["it is done"]
        assert [(name, type(error)) for name, error in bench.failures] == [("settle lost", reported)]


async def test_effect_of_a_running_turn_is_left_to_that_turn(make_bench: MakeBench) -> None:
    class Slow(Till):
        def __init__(self) -> None:
            super().__init__()
            self.arrived, self.answer = asyncio.Event(), asyncio.Event()

        async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
            result = await super().perform(key, parameters)
            self.arrived.set()
            await self.answer.wait()
            return result

    till = Slow()
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "ask")
        saying = asyncio.create_task(bench.say(conversation, "yes"))
        await till.arrived.wait()
        async with asyncio.timeout(5):  # without the rule it waits for the turn, and tells the user again
            assert await (await background(bench)).settle_effects() == 0
        till.answer.set()
        assert await saying == ["done"]
        assert len(await bench.store.turns(conversation)) == 2


async def test_reminders_of_several_conversations_fire_concurrently(make_bench: MakeBench) -> None:
    gate = Gate()

    async def remind(turn: Turn) -> None:
        turn.emit(ReminderScheduled("gate", turn.now.isoformat(), "r"))

    async with make_bench(actions={"action_remind": remind, "action_gate": gate}) as bench:
        for number in range(8):
            await bench.say(await bench.conversation(f"user-{number}"), "remind")
        firing = asyncio.create_task((await background(bench)).fire_reminders())
        async with asyncio.timeout(10):
            while gate.runs < 8:
                await asyncio.sleep(0.001)
        gate.go.set()
        assert await firing == 8


async def unknown_effects(bench: Bench, kind: str, count: int) -> None:
    conversation = await bench.conversation(kind)
    for number in range(count):
        entry = EffectEntry(f"{kind}-{number}", conversation, kind, b"{}", "unknown", bench.clock.now)
        await bench.store.journal(entry)


async def test_outcomes_of_several_conversations_are_looked_up_concurrently(make_bench: MakeBench) -> None:
    gate = Gate()

    class Slow(Till):
        settled_action = None  # type: ignore[assignment] # nobody is told

        async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
            gate.runs += 1
            await gate.go.wait()
            return EffectResult("done")

    async with make_bench(effects={kind: Slow() for kind in "abcd"}) as bench:
        for kind in "abcd":
            await unknown_effects(bench, kind, 1)
        settling = asyncio.create_task((await background(bench)).settle_effects())
        async with asyncio.timeout(10):
            while gate.runs < 4:
                await asyncio.sleep(0.001)
        gate.go.set()
        assert await settling == 4


async def test_hanging_lookup_times_out(make_bench: MakeBench) -> None:
    class Hanging(Till):
        async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
            await asyncio.Event().wait()
            raise AssertionError

    async with make_bench(effects={"a": Hanging()}, limits=Limits(action_seconds=0.05)) as bench:
        await unknown_effects(bench, "a", 1)
        async with asyncio.timeout(5):
            assert await (await background(bench)).settle_effects() == 0
        ((what, error),) = bench.failures
        assert what == "settle a"
        assert isinstance(error, TimeoutError)
        assert "0.05 seconds" in str(error)


async def test_effects_of_a_removed_plugin_delay_nothing_and_are_reported_once(
    make_bench: MakeBench,
) -> None:
    till = Till()
    till.moved = {"transfer-0": 5}
    async with make_bench(actions=ACTIONS, effects={"transfer": till}) as bench:
        await unknown_effects(bench, "gone", 501)
        bench.clock.forward(hours=1)
        await unknown_effects(bench, "transfer", 1)
        later = await background(bench)
        assert await later.settle_effects() == 1
        assert await later.settle_effects() == 0
        assert [name for name, _ in bench.failures] == ["settle gone"]
        assert "startup.add_effect" in str(bench.failures[0][1])


async def test_unknown_outcome_is_looked_up_less_and_less_often(make_bench: MakeBench) -> None:
    asked: list[datetime] = []

    class Lost(Till):
        async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
            asked.append(bench.clock.now)
            return EffectResult("unknown")

    async with make_bench(effects={"transfer": Lost()}) as bench:
        begin, later = bench.clock.now, await background(bench)
        await unknown_effects(bench, "transfer", 1)
        for _ in range(3600):
            bench.clock.forward(seconds=1)
            await later.settle_effects()
        waits = [(after - before).total_seconds() for before, after in pairwise(asked)]
        assert asked[0] == begin + timedelta(seconds=1)
        assert waits == sorted(waits)
        assert waits[-1] == LONGEST_BACKOFF.total_seconds()


async def test_failing_reminders_are_postponed_and_do_not_delay_others(make_bench: MakeBench) -> None:
    tried: list[str] = []

    class Policies(OneAction):
        def predict(self, tracker: Tracker) -> Prediction:
            if tracker.parse and tracker.parse.intent_name == "broken" and tracker.latest_action == "action_listen":
                tried.append(tracker.conversation)
                raise ZeroDivisionError
            return super().predict(tracker)

    async def remind(turn: Turn) -> None:
        [_, intent, count] = turn.message.text.split()
        for number in range(int(count)):
            turn.emit(ReminderScheduled(intent, turn.now.isoformat(), f"{intent}-{number}"))

    async def work(turn: Turn) -> None:
        turn.say_text("time is up")

    async with make_bench(actions={"action_remind": remind, "action_work": work}) as bench:
        bench.engine.agent = replace(bench.engine.agent, dialogue=Policies())
        await bench.say(await bench.conversation("ann"), "remind broken 501")
        bench.clock.forward(seconds=1)
        await bench.say(await bench.conversation("bob"), "remind work 1")
        bench.clock.forward(minutes=1)
        later = await background(bench)
        assert await later.fire_reminders() == 1
        assert len(tried) == 501
        assert await later.fire_reminders() == 0
        assert len(tried) == 501
        bench.clock.forward(minutes=1)
        await later.fire_reminders()
        assert len(tried) == 1002


async def test_next_poll_is_when_a_postponed_reminder_may_retry_or_another_is_due(
    make_bench: MakeBench,
) -> None:
    class Policies(OneAction):
        def predict(self, tracker: Tracker) -> Prediction:
            said = tracker.latest_message
            if said and said.parse.intent_name == "broken" and tracker.latest_action == "action_listen":
                raise ZeroDivisionError
            return super().predict(tracker)

    async def remind(turn: Turn) -> None:
        [_, intent, seconds] = turn.message.text.split()
        turn.emit(
            ReminderScheduled(intent, (turn.now + timedelta(seconds=int(seconds))).isoformat(), intent, (), False)
        )

    gate = Gate()
    actions: dict[str, Action] = {"action_remind": remind, "action_gate": gate}
    async with make_bench(actions=actions, limits=Limits(waiting_per_conversation=1)) as bench:
        bench.engine.agent = replace(bench.engine.agent, dialogue=Policies())
        ann, bob = await bench.conversation("ann"), await bench.conversation("bob")
        await bench.say(ann, "remind broken 0")
        await bench.say(bob, "remind add 55")
        bench.clock.forward(seconds=40)
        later = await background(bench)
        assert await later.fire_reminders() == 0
        assert await later._seconds_to_next() == 15, "the other one is due"
        bench.clock.forward(seconds=16)
        busy = asyncio.create_task(bench.say(bob, "gate"))
        await gate.reached.wait()
        assert await later.fire_reminders() == 0
        assert await later._seconds_to_next() == 1, "it could fire at any moment"
        gate.go.set()
        await busy
        assert await later.fire_reminders() == 1
        assert await later.fire_reminders() == 0
        assert await later._seconds_to_next() == 4, "the broken one has rested for half as long as it was open"


async def test_reminder_that_fired_after_a_failure_causes_no_further_polls(make_bench: MakeBench) -> None:
    broken = True

    class Policies(OneAction):
        def predict(self, tracker: Tracker) -> Prediction:
            if broken and tracker.latest_message and tracker.latest_message.parse.intent_name == "add":
                raise ZeroDivisionError
            return super().predict(tracker)

    async def remind(turn: Turn) -> None:
        turn.emit(ReminderScheduled("add", turn.now.isoformat(), "add", (), False))

    async with make_bench(actions={"action_remind": remind}) as bench:
        bench.engine.agent = replace(bench.engine.agent, dialogue=Policies())
        await bench.say(await bench.conversation(), "remind")
        bench.clock.forward(seconds=10)
        later = await background(bench)
        assert await later.fire_reminders() == 0
        broken = False
        bench.clock.forward(seconds=6)
        assert await later.fire_reminders() == 1
        assert await later.fire_reminders() == 0
        assert await later._seconds_to_next() == LONGEST_WAIT, "none is left"


async def test_spend_returns_the_result_at_once_and_after_a_lookup(make_bench: MakeBench) -> None:
    async def yes(turn: Turn) -> None:
        effect = await turn.spend()
        turn.say_text(f"{effect.outcome} {effect.result}")

    till = Till()
    async with make_bench(actions={**ACTIONS, "action_yes": yes}, effects={"transfer": till}) as bench:
        for sender, fails in (("ann", ""), ("bob", "after")):
            conversation = await bench.conversation(sender)
            await bench.say(conversation, "ask")
            till.fails = fails
            if fails:
                await bench.say(conversation, "yes")
                till.fails = ""
            assert await bench.say(conversation, "yes") == ["done {'amount': 500}"]
        assert till.attempts == 2


async def test_confirmed_effect_of_a_removed_plugin_fails_and_is_not_journalled(
    make_bench: MakeBench,
) -> None:
    async with make_bench(actions=ACTIONS, effects={"transfer": Till()}) as bench:
        await bench.say(await bench.conversation(), "ask")
    async with make_bench(actions=ACTIONS) as bench:
        [sorry] = await bench.say(await bench.conversation(), "yes", message_id="later")
        assert sorry.startswith("Sorry")
        [(_, error)] = bench.failures
        message = "no plugin offers the effect 'transfer'; add it in a lifespan with startup.add_effect"
        assert (type(error), str(error)) == (EffectError, message)
        assert await bench.store.unsettled_effects() == []
