from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.content import (
    ActionStep,
    Content,
    Domain,
    Form,
    Intent,
    LoopStep,
    MappingCondition,
    ResponseCondition,
    Slot,
    SlotMapping,
    Story,
    UserStep,
    Variation,
)
from bot.dialogue.events import ActionExecutionRejected, ActiveLoop, Event, SlotSet

Talk = Callable[..., Any]


def from_entity(entity: str, *loops: str, requested: str | None = None, **more: Any) -> SlotMapping:
    conditions = tuple(MappingCondition(loop, requested) for loop in loops)
    return SlotMapping("from_entity", entity=entity, conditions=conditions, **more)


def content(**domain: Any) -> Content:
    slots = {
        "size": Slot("size", mappings=(from_entity("size"),)),
        "topping": Slot("topping", mappings=(from_entity("topping"),)),
        "note": Slot("note", mappings=(SlotMapping("from_text", conditions=(MappingCondition("order", "note"),)),)),
    }
    responses = {
        name: (Variation(text=text),)
        for name, text in {
            "utter_ask_size": "Which size?",
            "utter_ask_order_topping": "Which topping on your {size} one?",
            "utter_ask_topping": "never said: the form's own question goes first",
            "utter_ask_note": "Anything else?",
            "utter_done": "{size} with {topping}.",
            "utter_greet": "Hello.",
            "utter_stop": "Shall I stop?",
        }.items()
    }
    rules = (
        Story("start", (UserStep("order"), ActionStep("order"), LoopStep("order")), "rule"),
        Story("submit", (ActionStep("order"), LoopStep(None), ActionStep("utter_done")), "rule", (LoopStep("order"),)),
        Story("greet", (UserStep("greet"), ActionStep("utter_greet")), "rule"),
    )
    made = Domain(
        intents={name: Intent(name) for name in ("order", "inform", "greet", "stop")},
        slots=domain.pop("slots", slots),
        responses=responses,
        forms={"order": Form("order", domain.pop("required", ("size", "topping")), domain.pop("ignored", ()))},
    )
    return Content(domain=made, rules=rules, **domain)


async def test_form_asks_for_each_slot_in_order_and_ends(talk_to: Talk) -> None:
    talk = talk_to(content())
    assert await talk.say("order") == ["Which size?"]
    assert talk.tracker.active_loop == "order"
    assert await talk.say("inform size=large") == ["Which topping on your large one?"]
    assert await talk.say("inform topping=ham") == ["large with ham."]
    assert talk.tracker.active_loop is None
    assert talk.tracker.slot("requested_slot") is None


async def test_slots_filled_by_the_first_message_are_not_asked_for(talk_to: Talk) -> None:
    talk = talk_to(content())
    assert await talk.say("order size=small topping=egg") == ["small with egg."]


async def test_unrelated_message_is_answered_by_its_rule_and_the_question_repeated(talk_to: Talk) -> None:
    talk = talk_to(content())
    await talk.say("order")
    assert await talk.say("greet") == ["Hello.", "Which size?"]
    assert talk.tracker.active_loop == "order"
    assert any(isinstance(event, ActionExecutionRejected) for event in talk.events)
    assert await talk.say("inform size=large") == ["Which topping on your large one?"]


async def test_answer_to_a_later_question_is_kept(talk_to: Talk) -> None:
    talk = talk_to(content())
    await talk.say("order")
    assert await talk.say("inform topping=ham") == ["Which size?"]
    assert await talk.say("inform size=large") == ["large with ham."]


async def test_from_text_takes_the_message_only_when_its_slot_is_requested(talk_to: Talk) -> None:
    talk = talk_to(content(required=("size", "note")))
    await talk.say("order")
    assert talk.tracker.slot("note") is None
    assert await talk.say("inform size=large") == ["Anything else?"]
    await talk.say('"please hurry')
    assert talk.tracker.slot("note") == '"please hurry'


async def test_ignored_intent_fills_no_slot_while_the_form_runs(talk_to: Talk) -> None:
    talk = talk_to(content(ignored=("greet",)))
    await talk.say("order")
    assert await talk.say("greet size=large") == ["Hello.", "Which size?"]
    assert talk.tracker.slot("size") is None


async def test_entity_mapped_to_two_slots_fills_only_the_requested_one(talk_to: Talk) -> None:
    slots = {name: Slot(name, mappings=(from_entity("city"),)) for name in ("size", "topping")}
    talk = talk_to(content(slots=slots))
    await talk.say("order")
    assert await talk.say("inform city=Oslo") == ["Which topping on your Oslo one?"]
    assert (talk.tracker.slot("size"), talk.tracker.slot("topping")) == ("Oslo", None)


async def test_trigger_intent_fills_its_slot_when_the_form_starts(talk_to: Talk) -> None:
    slots = {
        "size": Slot("size", mappings=(SlotMapping("from_trigger_intent", intent=("order",), value="usual"),)),
        "topping": Slot("topping", mappings=(from_entity("topping"),)),
    }
    talk = talk_to(content(slots=slots))
    assert await talk.say("order") == ["Which topping on your usual one?"]


async def test_inapplicable_question_is_silent_and_its_answer_still_counts(talk_to: Talk) -> None:
    only_small = (Variation("Anything else?", conditions=(ResponseCondition("size", "small"),)),)
    base = content(required=("size", "note"))
    responses = {**base.domain.responses, "utter_ask_note": only_small}
    talk = talk_to(replace(base, domain=replace(base.domain, responses=responses)))
    await talk.say("order")
    assert await talk.say("inform size=large") == []
    assert talk.tracker.slot("requested_slot") == "note"
    await talk.say('"please hurry')
    assert talk.tracker.slot("note") == '"please hurry'
    assert talk.tracker.active_loop is None


async def reject_small(turn: Turn) -> None:
    if turn.slot("size") == "small":
        turn.say_text("Not small, please.")
        turn.set("size", None)


async def test_value_rejected_by_validation_is_asked_for_again(talk_to: Talk) -> None:
    talk = talk_to(content(), validate_order=reject_small)
    await talk.say("order")
    assert await talk.say("inform size=small") == ["Not small, please.", "Which size?"]
    assert await talk.say("inform size=large") == ["Which topping on your large one?"]


async def test_slots_filled_before_the_form_are_validated(talk_to: Talk) -> None:
    talk = talk_to(content(), validate_order=reject_small)
    await talk.say("greet size=small")
    assert await talk.say("order") == ["Not small, please.", "Which size?"]


async def test_validation_sees_prefilled_slots_as_the_latest_events(talk_to: Talk) -> None:
    """As `rasa_sdk` reads them: the slots to validate are those that were set last."""
    shown: list[Event] = []

    async def look(turn: Turn) -> None:
        events = [*turn.tracker.events]
        while isinstance(events[-1], SlotSet):
            shown.append(events.pop())

    talk = talk_to(content(), validate_order=look)
    await talk.say("greet size=small")
    await talk.say("order topping=ham")
    assert shown == [SlotSet("topping", "ham"), SlotSet("size", "small")]


async def test_validation_may_choose_the_next_slot_or_end_the_form(talk_to: Talk) -> None:
    async def topping_first(turn: Turn) -> None:
        if turn.slot("topping") is None:
            turn.set("requested_slot", "topping")
        else:
            turn.set("requested_slot", None)

    talk = talk_to(content(), validate_order=topping_first)
    assert await talk.say("order") == ["Which topping on your {size} one?"]
    await talk.say("inform topping=ham")
    assert talk.tracker.active_loop is None
    assert talk.tracker.slot("size") is None


async def test_validation_may_fill_a_slot_that_no_mapping_fills(talk_to: Talk) -> None:
    async def guess(turn: Turn) -> None:
        message = turn.tracker.parse
        if message and message.text == "inform":
            turn.set("size", "guessed")

    talk = talk_to(content(), validate_order=guess)
    await talk.say("order")
    assert await talk.say("inform") == ["Which topping on your guessed one?"]


async def test_ask_action_asks_for_its_slot(talk_to: Talk) -> None:
    async def ask(turn: Turn) -> None:
        turn.say_text(f"Asking in {turn.tracker.active_loop} for {turn.slot('requested_slot')}")

    talk = talk_to(content(), action_ask_size=ask)
    assert await talk.say("order") == ["Asking in order for size"]


async def test_unhandled_message_falls_back_and_keeps_the_form_active(talk_to: Talk) -> None:
    base = content()
    domain = replace(base.domain, responses={**base.domain.responses, "utter_default": (Variation(text="Sorry?"),)})
    talk = talk_to(replace(base, domain=domain))
    await talk.say("order")
    assert await talk.say("stop") == ["Sorry?"]
    assert talk.tracker.active_loop == "order"
    assert await talk.say("inform size=large") == ["Which topping on your large one?"]


async def test_story_may_end_the_form_early(talk_to: Talk) -> None:
    base = content()
    story = Story(
        "stop",
        (
            UserStep("order"),
            ActionStep("order"),
            LoopStep("order"),
            UserStep("stop"),
            ActionStep("utter_stop"),
            ActionStep("action_deactivate_loop"),
            LoopStep(None),
        ),
    )
    talk = talk_to(replace(base, stories=(story,)))
    await talk.say("order")
    assert await talk.say("stop") == ["Shall I stop?"]
    assert talk.actions == ["utter_stop", "action_deactivate_loop"]
    assert talk.tracker.active_loop is None
    assert SlotSet("requested_slot", None) in talk.events


async def test_answer_to_a_detour_does_not_fill_the_requested_slot(talk_to: Talk) -> None:
    base = content()
    detour = Story(
        "detour",
        (
            UserStep("order"),
            ActionStep("order"),
            LoopStep("order"),
            UserStep("stop"),
            ActionStep("utter_stop"),
            UserStep("inform"),
            ActionStep("order"),
            LoopStep("order"),
        ),
    )
    talk = talk_to(replace(base, stories=(detour,)))
    await talk.say("order")
    assert await talk.say("stop") == ["Shall I stop?"]
    assert await talk.say("inform") == ["Which size?"]
    assert talk.tracker.active_loop == "order"


async def test_form_whose_validation_emits_a_rejection_is_not_recorded_as_run(talk_to: Talk) -> None:
    async def refuse(turn: Turn) -> None:
        turn.emit(ActionExecutionRejected("order"))

    talk = talk_to(content(), validate_order=refuse)
    await talk.say("order", failing=["order"])  # it is retried repeatedly
    assert "order" not in talk.actions


@pytest.mark.parametrize("end", [SlotSet("requested_slot", None), ActiveLoop(None)])
async def test_validation_ends_the_form_by_either_event(talk_to: Talk, end: Any) -> None:
    async def stop(turn: Turn) -> None:
        turn.emit(end)

    validate: Action = stop
    talk = talk_to(content(), validate_order=validate)
    await talk.say("order")
    assert talk.tracker.active_loop is None


async def test_second_form_ignores_the_slot_requested_by_the_first(talk_to: Talk) -> None:
    base = content()
    asked = SlotMapping("from_text", conditions=(MappingCondition("return", "size"),))
    slots = {**base.domain.slots, "size": Slot("size", mappings=(from_entity("size", "order"), asked))}
    forms = {**base.domain.forms, "return": Form("return", ("size",))}
    intents = {**base.domain.intents, "return": Intent("return")}
    switch = Story(
        "switch",
        (UserStep("order"), ActionStep("order"), LoopStep("order"), UserStep("return"), ActionStep("return")),
    )
    seen: list[Any] = []

    async def look(turn: Turn) -> None:
        seen.append(turn.slot("requested_slot"))

    domain = replace(base.domain, slots=slots, forms=forms, intents=intents)
    talk = talk_to(replace(base, domain=domain, stories=(switch,)), validate_return=look)
    await talk.say("order")
    assert await talk.say("return") == ["Which size?"]
    assert talk.tracker.active_loop == "return"
    assert talk.tracker.slot("size") is None
    assert set(seen) == {None}


async def confirm_latest_slots(turn: Turn) -> None:
    """As Rasa's `ValidationAction` does: what was found are the slot events at the end, and each is set again."""
    for event in reversed(turn.tracker.events):
        if not isinstance(event, SlotSet):
            break
        turn.set(event.name, event.value)


async def test_form_works_with_global_slot_validation(talk_to: Talk) -> None:
    talk = talk_to(content(), action_validate_slot_mappings=confirm_latest_slots)
    assert await talk.say("order") == ["Which size?"]
    assert await talk.say("inform size=large") == ["Which topping on your large one?"]
    assert await talk.say("inform topping=ham") == ["large with ham."]


async def test_global_slot_validation_does_not_end_a_form(talk_to: Talk) -> None:
    async def forget_the_question(turn: Turn) -> None:
        turn.set("requested_slot", None)

    talk = talk_to(content(), action_validate_slot_mappings=forget_the_question)
    assert await talk.say("order size=large") == ["Which topping on your large one?"]
