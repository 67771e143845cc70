"""The kit that plugin authors test their actions with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot import Domain, EffectResult, ReminderScheduled, SlotSet, Turn
from bot.actions.turn import Action
from bot.actions.unknown import UnknownResponse
from bot.content import ResponseCondition, Slot, Variation
from bot.testing.kit import CUSTOMER, SpentEffects, make_entity, make_parse, make_turn, replies, texts

DOMAIN = Domain(responses={"utter_hello": (Variation(text="Hello {name}, your {colour} coat is here."),)})


async def greet(turn: Turn) -> None:
    turn.set("colour", "red")
    turn.say("utter_hello", name=turn.customer.id if turn.customer else "stranger", custom={"a": 1})


async def test_an_action_is_run_on_a_turn_made_by_hand() -> None:
    turn = make_turn("hi", domain=DOMAIN, customer=CUSTOMER)
    await greet(turn)
    assert texts(turn) == ["Hello customer-1, your red coat is here."]
    assert replies(turn)[0].custom == {"a": 1}
    assert SlotSet("colour", "red") in turn.events


async def test_nobody_is_logged_in_unless_a_customer_is_given() -> None:
    turn = make_turn("hi", domain=DOMAIN)
    await greet(turn)
    assert texts(turn) == ["Hello stranger, your red coat is here."]


@pytest.mark.parametrize(
    "does",
    [
        lambda turn: turn.set("price", Decimal("1.50")),
        lambda turn: turn.set("colours", {"red"}),
        lambda turn: turn.say_text(12),
        lambda turn: turn.emit(ReminderScheduled("nudge", "tomorrow", "r")),
        lambda turn: turn.prepare("order", {"price": Decimal("1.50")}),
    ],
)
def test_what_a_bot_could_not_keep_fails_the_test(does: Callable[[Turn], None]) -> None:
    turn = make_turn("hi")
    turn.say_text("hello")
    assert texts(turn) == ["hello"]
    does(turn)
    for look in (texts, replies):
        with pytest.raises(ValueError, match="its events cannot be kept"):
            look(turn)


async def test_a_misspelt_response_fails_the_test() -> None:
    turn = make_turn("hi", domain=DOMAIN)
    with pytest.raises(UnknownResponse, match=r"no response `utter_helo`\. Did you mean `utter_hello`\?"):
        turn.say("utter_helo")


async def test_a_response_of_which_nothing_applies_now_says_nothing() -> None:
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
async def test_a_list_slot_makes_a_list_of_what_is_none(value: object, kept: object) -> None:
    turn = make_turn("hi", domain=Domain(slots={"toppings": Slot("toppings", "list"), "size": Slot("size")}))
    turn.set("toppings", value)
    turn.set("size", "M")
    assert (turn.slot("toppings"), turn.slot("size")) == (kept, "M")


async def test_what_was_set_before_and_what_was_said_can_be_seen() -> None:
    parse = make_parse("red coat", ranking=["inform", "greet"], entities=[make_entity("red coat", "red", "colour")])
    turn = make_turn(parse, slots={"size": "M"})
    assert turn.slot("size") == "M"
    assert turn.tracker.parse == parse
    assert parse.intent_name == "inform"
    assert turn.events == (), "only what the action appends"


async def test_what_a_slot_was_when_the_message_came_stays() -> None:
    turn = make_turn("hi", domain=DOMAIN, slots={"colour": "blue"})
    await greet(turn)
    assert (turn.slot("colour"), turn.slot_before("colour"), turn.slot_before("size")) == ("red", "blue", None)


async def test_resources_actions_and_effects_are_those_given() -> None:
    effects = SpentEffects(EffectResult("refused"))
    turn = make_turn("hi", domain=DOMAIN, resources={"shop": 7}, actions={"greet": greet}, spend=effects)
    assert turn.resources.get("shop", int) == 7
    assert SlotSet("colour", "red") in await turn.run("greet")
    turn.prepare("order", {"coat": 1})
    assert (await turn.spend()).outcome == "refused"
    assert effects.spent == [("order", "id-1", {"coat": 1})]


@pytest.mark.parametrize("actions", [{}, {"greet": greet}])
async def test_an_action_that_was_not_given_is_asked_for(actions: dict[str, Action]) -> None:
    with pytest.raises(KeyError, match="give make_turn the action 'bye' in `actions`"):
        await make_turn("hi", actions=actions).run("bye")


async def test_equal_turns_have_equal_ids_and_dice() -> None:
    one, other = make_turn("hi", seed=3), make_turn("hi", seed=3)
    assert one.context.new_id() == other.context.new_id()
    assert one.context.random.share() == other.context.random.share()
