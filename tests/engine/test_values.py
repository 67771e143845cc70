"""Values belong to their turn: what an action does to them in place reaches neither the store nor another turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.actions.default import extract_slots, start_session
from bot.actions.turn import Turn
from bot.content import Content, Domain, Slot, SlotMapping
from bot.dialogue.events import ActiveLoop, AllSlotsReset, EffectPrepared
from bot.dialogue.tracker import Tracker
from bot.encoding import write
from bot.engine.codec import read_record
from bot.engine.snapshots import after_turn, read_snapshot
from bot.messages import Entity, IntentScore, Parse
from bot.nlu.cache import CachedParses
from tests.engine.conftest import Bench, MakeBench

Step: TypeAlias = Callable[[Turn], None]

NOW = datetime(2026, 11, 3, tzinfo=UTC)
ANY_ENTITY = (SlotMapping("from_entity", entity="amount"),)
DOMAIN = Domain(
    slots={
        "amount": Slot("amount", "any", mappings=ANY_ENTITY),
        "kept": Slot("kept", "any"),
        "first": Slot("first", "any", initial_value=["tea"]),
    }
)


class AmountMatcher:
    """Finds an amount in every message; its value is a dict."""

    def parse(self, text: str, now: datetime) -> Parse:
        found = Entity("amount", {"from": 10, "to": [20]}, 0, len(text), details={"unit": "£"})
        return Parse(text, IntentScore(text, 1.0), entities=(found,), response_selector={"default": {}})


def find_amounts(bench: Bench) -> None:
    """Let the bench's bot find amounts and fill a slot with them."""
    bench.engine.agent = replace(bench.engine.agent, content=Content(DOMAIN), matcher=CachedParses(AmountMatcher()))


async def test_entity_changed_by_one_conversation_is_unchanged_in_the_next(make_bench: MakeBench) -> None:
    seen: list[Any] = []

    async def ask(turn: Turn) -> None:
        parse = turn.tracker.parse
        assert parse is not None
        values = [turn.slot("amount"), turn.tracker.slots["amount"], parse.entities[0].value]
        seen.append(str(values))
        for value in values:
            value["asked_by"] = turn.message.conversation

    async with make_bench(actions={"action_ask": ask, "action_extract_slots": extract_slots}) as bench:
        find_amounts(bench)
        for sender in ("ann", "bob"):
            await bench.say(await bench.conversation(sender), "ask")
    assert seen == [str([{"from": 10, "to": [20]}] * 3)] * 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"at": NOW, 1: "one"}, {"at": "2026-11-03T00:00:00Z", "1": "one"}),
        ((1, (2,)), [1, [2]]),
        (float("nan"), None),
    ],
)
async def test_value_is_at_once_as_it_will_be_stored(make_bench: MakeBench, given: Any, kept: Any) -> None:
    async def keep(turn: Turn) -> None:
        turn.set("kept", given)

    async def look(turn: Turn) -> None:
        turn.say_text(repr(turn.slot("kept")))

    async with make_bench(actions={"action_keep": keep, "action_look": look}) as bench:
        conversation = await bench.conversation()
        await bench.say(conversation, "keep")
        assert await bench.say(conversation, "look") == [repr(kept)]
        assert read_snapshot(await snapshot(bench, conversation), conversation).tracker.slot("kept") == kept


async def test_slot_changed_in_place_is_not_changed_until_it_is_set(make_bench: MakeBench) -> None:
    async def fill(turn: Turn) -> None:
        turn.set("kept", ["tea"])
        turn.slot("kept").append("milk")
        turn.say_text(str(turn.slot("kept")))

    async def add(turn: Turn) -> None:
        basket = turn.slot("kept")
        basket.append("milk")
        turn.say_text(str(turn.slot("kept")))
        turn.set("kept", basket)
        turn.say_text(f"{turn.slot_before('kept')}, {turn.slot('kept')}")

    async with make_bench(actions={"action_fill": fill, "action_add": add}) as bench:
        conversation = await bench.conversation()
        assert await bench.say(conversation, "fill") == ["['tea']"]
        assert await bench.say(conversation, "add") == ["['tea']", "['tea'], ['tea', 'milk']"]


# --- the law ------------------------------------------------------------------


def change(value: Any) -> None:
    """Change a list or dict in place, so that it cannot be stored as it is."""
    if isinstance(value, list):
        value.append(NOW)
    elif isinstance(value, dict):
        value[5] = NOW


def change_slots(turn: Turn) -> None:
    for name in ("amount", "kept"):
        change(turn.slot(name))
        change(turn.slot_before(name))
        change(turn.tracker.slot(name))
    change(turn.tracker.initial_slots["first"])


def change_loop(turn: Turn) -> None:
    if turn.tracker.loop is None:
        turn.emit(ActiveLoop("form"))
    else:
        trigger = turn.tracker.loop.trigger_message
        assert trigger is not None
        for value in (trigger.entities[0].value, trigger.response_selector):
            change(value)


def reset_slots(turn: Turn) -> None:
    turn.emit(AllSlotsReset())
    change(turn.tracker.slot("first"))


def change_message(turn: Turn) -> None:
    said = turn.tracker.latest_message
    assert said is not None
    [entity] = said.parse.entities
    for value in (turn.message.metadata, said.metadata, said.parse.response_selector, entity.value, entity.details):
        change(value)


def change_effect(turn: Turn) -> None:
    if turn.tracker.effect is None:
        turn.emit(EffectPrepared("order", "key-1", {"wanted": [1]}))
    else:
        change(turn.tracker.effect.parameters["wanted"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=2) | st.floats() | st.just(NOW),
    lambda values: (
        st.lists(values, max_size=2)
        | st.tuples(values, values)
        | st.dictionaries(st.text(max_size=2) | st.integers(0, 3), values, max_size=2)
    ),
    max_leaves=5,
)
CHANGES: list[Step] = [change_slots, change_message, change_effect, change_loop, reset_slots]
STEPS = st.sampled_from(CHANGES) | VALUES.map(lambda value: lambda turn: turn.set("kept", value))
FILES = count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.lists(STEPS, max_size=4), min_size=2, max_size=3))
def test_turn_begins_with_what_is_stored_and_that_is_the_fold_whatever_actions_do(
    make_bench: MakeBench, turns: list[list[Step]]
) -> None:
    asyncio.run(_talk(make_bench, turns))


async def _talk(make_bench: MakeBench, turns: list[list[Step]]) -> None:
    found: list[Tracker] = []
    steps = iter(turns)

    async def act(turn: Turn) -> None:
        found.append(turn.context.before)
        for step in next(steps):
            step(turn)

    actions = {"action_act": act, "action_extract_slots": extract_slots, "action_session_start": start_session}
    async with make_bench(actions=actions, file=f"{next(FILES)}.db") as bench:
        find_amounts(bench)
        conversation = await bench.conversation()
        await bench.say(conversation, "act", metadata={"colours": ["red"]})
        for _ in turns[1:]:
            stored = read_snapshot(await snapshot(bench, conversation), conversation).tracker
            folded = await fold(bench, conversation)
            assert _state(stored) == _state(folded)
            await bench.say(conversation, "act", metadata={"colours": ["red"]})
            assert found[-1] == stored
            assert write(found[-1]) == write(stored), "equal numbers may have different types"
        assert bench.failures == []


def _state(tracker: Tracker) -> Tracker:
    """The tracker without its past, of which a fold keeps more."""
    return replace(tracker, events=(), applied=(), base=None)


async def snapshot(bench: Bench, conversation: str) -> bytes | None:
    return (await bench.store.load(conversation, None)).snapshot


async def fold(bench: Bench, conversation: str) -> Tracker:
    tracker = Tracker(conversation)
    for turn in await bench.store.turns(conversation):
        tracker = after_turn(read_record(turn.record), tracker)
    return tracker
