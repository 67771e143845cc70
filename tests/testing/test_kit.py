"""The kit that plugin authors test their actions with."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from bot import AllSlotsReset, Domain, EffectError, EffectResult, ReminderScheduled, SlotSet, Turn
from bot.actions.turn import Action
from bot.actions.unknown import UnfilledPlaceholder, UnknownResponse, UnknownSlot
from bot.content import ResponseCondition, Slot, Variation
from bot.engine.deadline import LONGEST_STEP
from bot.errors import ContentError
from bot.reading.template import write_template
from bot.testing.kit import (
    CUSTOMER,
    NOW,
    SpentEffects,
    load_domain,
    make_entity,
    make_parse,
    make_record,
    make_startup,
    make_turn,
    replies,
    run_action,
    texts,
)

DOMAIN = Domain(responses={"utter_hello": (Variation(text="Hello {name}, your {colour} coat is here."),)})


async def greet(turn: Turn) -> None:
    turn.set("colour", "red")
    turn.say("utter_hello", name=turn.customer.id if turn.customer else "stranger", custom={"a": 1})


async def test_action_runs_on_a_turn_created_by_hand() -> None:
    turn = make_turn("hi", domain=DOMAIN, customer=CUSTOMER)
    await greet(turn)
    assert texts(turn) == ["Hello customer-1, your red coat is here."]
    assert replies(turn)[0].custom == {"a": 1}
    assert SlotSet("colour", "red") in turn.events


async def test_turn_without_a_customer_is_not_logged_in() -> None:
    turn = make_turn("hi", domain=DOMAIN)
    await greet(turn)
    assert texts(turn) == ["Hello stranger, your red coat is here."]


@pytest.mark.parametrize(
    "act",
    [
        lambda turn: turn.set("price", Decimal("1.50")),
        lambda turn: turn.set("colours", {"red"}),
        lambda turn: turn.say_text(12),
        lambda turn: turn.emit(ReminderScheduled("nudge", "tomorrow", "r")),
        lambda turn: turn.prepare("order", {"price": Decimal("1.50")}),
    ],
)
def test_events_that_cannot_be_stored_fail_the_test(act: Callable[[Turn], None]) -> None:
    turn = make_turn("hi")
    turn.say_text("hello")
    assert texts(turn) == ["hello"]
    act(turn)
    for look in (texts, replies):
        with pytest.raises(ValueError, match="its events cannot be kept"):
            look(turn)


async def test_misspelt_response_fails_the_test() -> None:
    turn = make_turn("hi", domain=DOMAIN)
    with pytest.raises(UnknownResponse, match=r"no response `utter_helo`\. Did you mean `utter_hello`\?"):
        turn.say("utter_helo")


async def test_response_without_an_applicable_variation_says_nothing() -> None:
    elsewhere = Variation(text="On Slack.", channel="slack")
    unmet = Variation(text="For members.", conditions=(ResponseCondition("member", True),))
    turn = make_turn("hi", domain=Domain(responses={"utter_hello": (elsewhere, unmet)}))
    turn.say("utter_hello", buttons=[{"title": "Yes", "payload": "/yes"}])
    assert turn.events == ()
    turn.emit(SlotSet("member", True))
    turn.say("utter_hello")
    assert texts(turn) == ["For members."]


@pytest.mark.parametrize(
    ("value", "kept"), [("ham", ["ham"]), (["ham"], ["ham"]), ({"a": 1}, [{"a": 1}]), (None, None), ([], []), ("", "")]
)
async def test_list_slot_wraps_a_single_value_in_a_list(value: object, kept: object) -> None:
    turn = make_turn("hi", domain=Domain(slots={"toppings": Slot("toppings", "list"), "size": Slot("size")}))
    turn.set("toppings", value)
    turn.set("size", "M")
    assert (turn.slot("toppings"), turn.slot("size")) == (kept, "M")


async def test_turn_has_the_given_slots_and_parse_but_no_events() -> None:
    parse = make_parse("red coat", ranking=["inform", "greet"], entities=[make_entity("red coat", "red", "colour")])
    turn = make_turn(parse, slots={"size": "M"})
    assert turn.slot("size") == "M"
    assert turn.tracker.parse == parse
    assert parse.intent_name == "inform"
    assert turn.events == (), "only what the action appends"


async def test_slot_before_keeps_the_value_from_the_start_of_the_turn() -> None:
    turn = make_turn("hi", domain=DOMAIN, slots={"colour": "blue"})
    await greet(turn)
    assert (turn.slot("colour"), turn.slot_before("colour"), turn.slot_before("size")) == ("red", "blue", None)


async def test_slot_that_the_message_fills_has_its_earlier_value_before() -> None:
    turn = make_turn("red", slots={"colour": "blue"}, filled={"colour": "red", "size": "M"})
    assert (turn.slot("colour"), turn.slot_before("colour")) == ("red", "blue")
    assert (turn.slot("size"), turn.slot_before("size")) == ("M", None)
    assert turn.events == (), "only what the action appends"


async def test_startup_has_what_it_was_given() -> None:
    given = make_startup(
        channels={"pager": {"token": "t"}}, plugin_settings={"till": {"port": 1}}, resources={"shop": 7}, testing=True
    )
    assert given.settings.channels["pager"]["token"] == "t"
    assert given.settings.plugin_settings["till"]["port"] == 1
    assert (given.resources.get("shop", int), given.sources.now(), given.testing) == (7, NOW, True)
    await given.add_customer("12345678", "1234", "cust-1")
    given.announce("a line")


async def test_record_shows_what_happened_in_the_turn() -> None:
    turn = make_turn("hi", intent="hello", domain=DOMAIN)
    await greet(turn)
    record = make_record(turn, "action_greet")
    assert [reply.text for reply in record.replies] == ["Hello stranger, your red coat is here."]
    assert ([step.action for step in record.steps], record.is_said) == (["action_greet"], True)
    assert [type(event).__name__ for event in record.events[:2]] == ["UserUttered", "ActionExecuted"]


async def test_turn_uses_the_given_resources_actions_and_effects() -> None:
    effects = SpentEffects(EffectResult("refused"))
    turn = make_turn("hi", domain=DOMAIN, resources={"shop": 7}, actions={"greet": greet}, spend=effects)
    assert turn.resources.get("shop", int) == 7
    assert SlotSet("colour", "red") in await turn.run("greet")
    turn.prepare("order", {"coat": 1})
    assert (await turn.spend()).outcome == "refused"
    assert effects.spent == [("order", "id-1", {"coat": 1})]


@pytest.mark.parametrize("actions", [{}, {"greet": greet}])
async def test_running_an_action_that_was_not_given_raises_key_error(actions: dict[str, Action]) -> None:
    with pytest.raises(KeyError, match="give make_turn the action 'bye' in `actions`"):
        await make_turn("hi", actions=actions).run("bye")


async def test_turns_with_equal_seeds_have_equal_ids_and_random_numbers() -> None:
    one, other = make_turn("hi", seed=3), make_turn("hi", seed=3)
    assert one.context.new_id() == other.context.new_id()
    assert one.context.random.share() == other.context.random.share()


async def test_run_action_applies_the_rules_of_the_bot() -> None:
    async def returns_events(turn: Turn) -> list[SlotSet]:
        return [SlotSet("colour", "red")]

    async def sets_unstorable_value(turn: Turn) -> None:
        turn.set("price", Decimal("1.50"))

    with pytest.raises(TypeError, match=r"returned a list, which does nothing; write `turn\.emit"):
        await run_action(make_turn("hi"), cast("Action", returns_events))
    with pytest.raises(ValueError, match="its events cannot be kept"):
        await run_action(make_turn("hi"), sets_unstorable_value)
    turn = make_turn("hi", domain=DOMAIN)
    await run_action(turn, greet)
    assert texts(turn) == ["Hello stranger, your red coat is here."]


async def test_action_that_blocks_the_event_loop_fails_the_test() -> None:
    async def block(turn: Turn) -> None:
        time.sleep(LONGEST_STEP + 0.01)

    with pytest.raises(TimeoutError, match=r"asyncio\.to_thread"):
        await run_action(make_turn("hi"), block)


def test_slot_missing_from_the_domain_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("slots: {branch: {type: text, mappings: [{type: custom}]}}\n")
    turn = make_turn("hi", domain=load_domain(tmp_path))
    turn.set("branch", "Leeds")
    with pytest.raises(UnknownSlot, match=r"no slot `brnach`\. Did you mean `branch`\?"):
        turn.set("brnach", "Leeds")
    with pytest.raises(UnknownSlot):
        turn.slot("brnach")


def test_unfilled_placeholder_fails_the_test() -> None:
    with pytest.raises(UnfilledPlaceholder, match=r"`utter_hello` was said with `\{colour\}` left in it"):
        make_turn("hi", domain=DOMAIN).say("utter_hello", name="Ann")


def test_json_in_a_button_payload_is_not_a_placeholder() -> None:
    payload = '/choose{"cake":"cheesecake"}'
    ask = Domain(responses={"utter_ask": (Variation("Which?", buttons=({"payload": payload},)),)})
    turn = make_turn("hi", domain=ask)
    turn.say("utter_ask")
    assert replies(turn)[0].buttons == ({"payload": payload},)


def test_domain_is_loaded_without_the_projects_actions(tmp_path: Path) -> None:
    write_template(tmp_path / "bakery")
    assert "cake" in load_domain(tmp_path / "bakery").slots


def test_domain_is_loaded_although_configuration_variables_are_unset(tmp_path: Path) -> None:
    write_template(tmp_path / "bakery")
    (tmp_path / "bakery/config.yml").write_text("server: {metrics_token: '${NOWHERE}'}\n")
    assert "cake" in load_domain(tmp_path / "bakery").slots


def test_turn_begins_with_the_initial_values_of_slots() -> None:
    domain = Domain(slots={name: Slot(name, initial_value=f"{name} first") for name in ("a", "b")})
    turn = make_turn("hi", domain=domain, slots={"b": "given"})
    assert (turn.slot("a"), turn.slot("b"), turn.slot_before("a")) == ("a first", "given", "a first")
    turn.emit(AllSlotsReset())
    assert turn.slot("b") == "b first"


def test_unreadable_domain_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("slots: [")
    with pytest.raises(ContentError, match=r"domain\.yml"):
        load_domain(tmp_path)


async def test_spend_raises_if_nothing_is_prepared_or_no_spend_is_given() -> None:
    turn = make_turn("yes")
    with pytest.raises(EffectError, match="nothing was prepared"):
        await turn.spend()
    turn.prepare("order", {"coat": 1})
    with pytest.raises(EffectError, match=r"pass `spend=SpentEffects\(\)`"):
        await turn.spend()


async def test_metadata_is_on_the_message_and_in_the_tracker() -> None:
    about = {"effect": {"kind": "order", "outcome": "done"}}
    turn = make_turn("", metadata=about)
    assert turn.message.metadata == about
    assert turn.tracker.latest_message is not None
    assert turn.tracker.latest_message.metadata == about
