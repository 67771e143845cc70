from __future__ import annotations

from typing import Any

import pytest

from bot.content import Domain, Form, MappingCondition, Slot, SlotMapping
from bot.dialogue.events import SlotSet, UserUttered
from bot.dialogue.slots import fill_slots, initial_slots
from bot.dialogue.tracker import LoopState, Tracker
from bot.messages import Entity, IntentScore, Parse


def filled(
    *mappings: SlotMapping,
    intent: str = "inform",
    entities: tuple[Entity, ...] = (),
    text: str = "words",
    loop: LoopState | str | None = None,
    type: str = "text",
    **slots: Any,
) -> Any:
    """The new value of slot `s`; "kept" if it is unchanged."""
    domain = Domain(
        slots={"s": Slot("s", type, mappings=mappings), "other": Slot("other", mappings=(mappings[0],))},
        forms={"form": Form("form", ("s",), ("ignored",)), "pair": Form("pair", ("s", "other"))},
    )
    tracker = Tracker(
        slots=slots,
        loop=LoopState(loop) if isinstance(loop, str) else loop,
        latest_message=UserUttered(Parse(text, IntentScore(intent, 1.0), entities=entities)),
    )
    return next((e.value for e in fill_slots(tracker, domain) if isinstance(e, SlotSet) and e.name == "s"), "kept")


def entity(name: str = "city", value: Any = "Oslo", **more: Any) -> Entity:
    return Entity(name, value, 0, 0, **more)


CITY = SlotMapping("from_entity", entity="city")


def test_last_matching_entity_fills_the_slot() -> None:
    assert filled(CITY, entities=(entity(), entity(value="Bergen"))) == "Bergen"
    assert filled(CITY, entities=(entity("name"),)) == "kept"


def test_list_slot_takes_all_matching_entities() -> None:
    assert filled(CITY, type="list", entities=(entity(), entity(value="Bergen"))) == ["Oslo", "Bergen"]


def test_entity_role_and_group_must_match_the_mapping() -> None:
    to = SlotMapping("from_entity", entity="city", role="to", group="first")
    assert filled(to, entities=(entity(role="to", group="first"),)) == "Oslo"
    assert filled(to, entities=(entity(role="to"),)) == "kept"
    assert filled(CITY, entities=(entity(role="to"),)) == "kept"


def test_mapping_applies_only_to_its_intents() -> None:
    wanted = SlotMapping("from_intent", intent=("yes", "sure"), value=True)
    assert filled(wanted, intent="sure") is True
    assert filled(wanted, intent="no") == "kept"
    unwanted = SlotMapping("from_intent", not_intent=("no",), value=True)
    assert filled(unwanted, intent="yes") is True
    assert filled(unwanted, intent="no") == "kept"


def test_first_mapping_with_a_value_wins() -> None:
    by_intent = SlotMapping("from_intent", value="from intent")
    assert filled(CITY, by_intent, entities=(entity(),)) == "Oslo"
    assert filled(CITY, by_intent) == "from intent"


def test_mapping_conditions_need_the_loop_and_the_requested_slot() -> None:
    asked = SlotMapping("from_text", conditions=(MappingCondition("form", "s"),))
    assert filled(asked, loop="form", requested_slot="s") == "words"
    assert filled(asked, loop="form", requested_slot="t") == "kept"
    assert filled(asked, loop="other", requested_slot="s") == "kept"
    assert filled(asked) == "kept"
    outside = SlotMapping("from_text", conditions=(MappingCondition(None),))
    assert filled(outside) == "words"
    assert filled(outside, loop="form") == "kept"
    assert filled(SlotMapping("from_text", conditions=(MappingCondition("form"), MappingCondition(None)))) == "words"


def test_rejected_loop_does_not_fill_its_requested_slot() -> None:
    asked = SlotMapping("from_text", conditions=(MappingCondition("form"),))
    assert filled(asked, loop=LoopState("form", rejected=True), requested_slot="s") == "kept"


def test_ignored_intents_of_a_form_fill_only_mappings_that_name_them() -> None:
    assert filled(CITY, loop="form", intent="ignored", entities=(entity(),)) == "kept"
    assert filled(CITY, intent="ignored", entities=(entity(),)) == "Oslo"
    named = SlotMapping("from_entity", entity="city", intent=("ignored",))
    assert filled(named, loop="form", intent="ignored", entities=(entity(),)) == "Oslo"


def test_trigger_intent_mapping_needs_its_active_loop() -> None:
    trigger = SlotMapping("from_trigger_intent", intent=("go",), value="v", conditions=(MappingCondition("form"),))
    assert filled(trigger, intent="go") == "kept"
    assert filled(trigger, intent="go", loop="form") == "v"
    assert filled(trigger, intent="go", loop="pair") == "kept"


def test_ambiguous_entity_in_a_form_fills_only_the_requested_slot() -> None:
    assert filled(CITY, loop="pair", requested_slot="s", entities=(entity(),)) == "Oslo"
    assert filled(CITY, loop="pair", requested_slot="other", entities=(entity(),)) == "kept"


def test_mapping_to_null_clears_a_set_slot() -> None:
    nothing = SlotMapping("from_intent", value=None)
    assert filled(nothing) == "kept"
    assert filled(nothing, s="x") is None


@pytest.mark.parametrize(
    ("loop", "filled_by"),
    [(None, ["action_a", SlotSet("c", "x")]), ("form", ["action_a", "action_b", SlotSet("c", "x")])],
)
def test_custom_mapping_actions_are_named_once_if_their_conditions_hold(
    loop: str | None, filled_by: list[SlotSet | str]
) -> None:
    custom = SlotMapping("custom", action="action_a")
    inside = SlotMapping("custom", action="action_b", conditions=(MappingCondition("form"),))
    domain = Domain(
        slots={
            "a": Slot("a", mappings=(custom,)),
            "b": Slot("b", mappings=(custom, inside)),
            "c": Slot("c", mappings=(SlotMapping("from_text"), SlotMapping("custom", action="action_never"))),
        }
    )
    tracker = Tracker(
        loop=LoopState(loop) if loop else None, latest_message=UserUttered(Parse("x", IntentScore("i", 1.0)))
    )
    assert list(fill_slots(tracker, domain)) == filled_by


def test_custom_mapping_takes_its_place_among_the_other_mappings() -> None:
    slots = {
        "both": Slot("both", mappings=(SlotMapping("custom", action="action_a"), SlotMapping("from_text"))),
        "said": Slot("said", mappings=(SlotMapping("from_text"),)),
        "custom": Slot("custom", mappings=(SlotMapping("custom", action="action_b"),)),
    }
    tracker = Tracker(latest_message=UserUttered(Parse("x", IntentScore("i", 1.0))))
    steps = ["action_a", SlotSet("both", "x"), SlotSet("said", "x"), "action_b"]
    assert list(fill_slots(tracker, Domain(slots=slots))) == steps


def test_no_slot_is_filled_without_a_message() -> None:
    domain = Domain(slots={"s": Slot("s", mappings=(SlotMapping("from_text"),))})
    assert list(fill_slots(Tracker(), domain)) == []


def test_initial_value_of_a_list_slot_becomes_a_list() -> None:
    started = {"bare": "cheese", "whole": ["ham"], "empty": [], "none": None}
    slots = {name: Slot(name, "list", initial_value=value) for name, value in started.items()}
    domain = Domain(slots={**slots, "size": Slot("size", initial_value="M")})
    assert initial_slots(domain) == {"bare": ["cheese"], "whole": ["ham"], "empty": [], "size": "M"}


def test_initial_values_are_new_at_every_start() -> None:
    domain = Domain(slots={"basket": Slot("basket", "list", initial_value=["bread"])})
    initial_slots(domain)["basket"].append("milk")
    assert initial_slots(domain) == {"basket": ["bread"]}
