from __future__ import annotations

import pytest

from bot.content import (
    ANY,
    ActionStep,
    BotStep,
    CheckpointStep,
    Component,
    LoopStep,
    Place,
    Slot,
    SlotStep,
    StepEntity,
    UserStep,
)
from bot.dialogue import train_dialogue
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, LoopInterrupted, SlotSet
from bot.dialogue.training import start_of
from tests.dialogue.making import Walk, content_of, rule, story, walk

GREET = rule("greet", UserStep("greet"), ActionStep("utter_greet"), ActionStep("utter_help"))
START = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
SUBMIT = rule("submit", ActionStep("form"), LoopStep(None), ActionStep("utter_done"), condition=(LoopStep("form"),))
RULES_ONLY = (Component("RulePolicy"),)


def test_rule_is_followed_to_its_end_anywhere_in_the_conversation() -> None:
    talk = walk(GREET)
    for _ in range(2):
        talk.hears("greet")
        assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "action_listen"]


def test_prediction_names_the_rule_it_follows() -> None:
    talk = walk(GREET).hears("greet")
    assert [(because.policy, because.name) for because in talk.next.because] == [("RulePolicy", "greet")]


def test_rule_that_does_not_wait_is_continued_by_another_rule() -> None:
    hello = rule("hello", UserStep("greet"), ActionStep("utter_greet"), wait_for_user_input=False)
    then = rule("then", ActionStep("utter_greet"), ActionStep("utter_offer"))
    talk = walk(hello, then).hears("greet")
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_offer", "action_listen"]


def test_rule_continues_at_its_checkpoint_and_ends_like_the_last_rule() -> None:
    asked = rule("asked", UserStep("ask"), ActionStep("utter_which"), CheckpointStep("c"))
    silent = rule("silent", CheckpointStep("c"), ActionStep("utter_wait"), wait_for_user_input=False)
    then = rule("then", ActionStep("utter_wait"), ActionStep("utter_offer"))
    talk = walk(asked, silent, then, policies=RULES_ONLY).hears("ask")
    assert [talk.does() for _ in range(4)] == ["utter_which", "utter_wait", "utter_offer", "action_listen"]


def test_conversation_start_rule_applies_only_at_the_start() -> None:
    first = rule("first", UserStep("greet"), ActionStep("utter_welcome"), conversation_start=True)
    talk = walk(first, rule("later", UserStep("bye"), ActionStep("utter_bye")), policies=RULES_ONLY)
    assert talk.hears("greet").does() == "utter_welcome"
    assert talk.does() == "action_listen"
    assert talk.hears("greet").does() == "action_default_fallback"


def test_contradictory_rules_predict_nothing() -> None:
    both = [rule(a, UserStep("greet"), ActionStep(a)) for a in ("utter_greet", "utter_help", "utter_greet")]
    assert walk(*both, policies=RULES_ONLY).hears("greet").next.action == "action_default_fallback"


def test_more_specific_rule_wins() -> None:
    plain = rule("plain", UserStep("ask"), ActionStep("utter_answer"))
    known = rule("known", UserStep("ask"), ActionStep("utter_by_name"), condition=(SlotStep("name"),))
    talk = walk(plain, known, slots=[Slot("name")])
    assert talk.hears("ask").does() == "utter_answer"
    assert talk.happens(SlotSet("name", "Ann")).hears("ask").does() == "utter_by_name"


@pytest.mark.parametrize(
    ("slot", "wanted", "holds", "fails"),
    [
        (Slot("s", "bool"), True, ["true", True, 1], [False, None, "maybe"]),
        (Slot("s", "bool"), None, [None], [True, False]),
        (Slot("s", "bool"), ANY, [True, False], [None]),
        (Slot("s", "categorical", values=("low", "high")), "low", ["low", "LOW"], ["high", "other", None]),
        (Slot("s", "categorical", values=("low", "high")), "other", ["middling"], ["low", None]),
        (Slot("s", "float", max_value=10.0), 5, [5, "5", 5.0], [4, None, "five"]),
        (Slot("s", "float"), ANY, [0.0, 3], [None, "x"]),
        (Slot("s", "list"), ANY, [["a"]], [[], None]),
        (Slot("s", "text"), "anything", ["something else"], [None]),
        (Slot("s", "text"), None, [None], ["x"]),
        (Slot("s", "text", influence_conversation=False), "x", [None, "x"], []),
        (Slot("s", "any", influence_conversation=False), None, [None, "x"], []),
    ],
)
def test_slot_condition_depends_on_the_slot_type(slot: Slot, wanted: object, holds: list, fails: list) -> None:
    talk = walk(
        rule("if", UserStep("ask"), ActionStep("utter_yes"), condition=(SlotStep("s", wanted),)),
        slots=[slot],
        policies=RULES_ONLY,
    )
    for value in holds:
        assert talk.happens(SlotSet("s", value)).hears("ask").does() == "utter_yes", value
    for value in fails:
        assert talk.happens(SlotSet("s", value)).hears("ask").does() == "action_default_fallback", value


def test_initial_slot_value_satisfies_a_condition() -> None:
    content = content_of(
        rule("if", UserStep("ask"), ActionStep("utter_yes"), condition=(SlotStep("s", True),)),
        slots=[Slot("s", "bool", initial_value=True)],
    )
    talk = Walk(train_dialogue(content), start_of(content.domain))
    assert talk.hears("ask").does() == "utter_yes"


def test_rule_with_an_entity_beats_the_rule_without_it() -> None:
    talk = walk(
        rule("any", UserStep("ask"), ActionStep("utter_what")),
        rule("with", UserStep("ask", entities=(StepEntity("thing"),)), ActionStep("utter_that")),
    )
    assert talk.hears("ask").does() == "utter_what"
    assert talk.hears("ask", "thing").does() == "utter_that"


def test_text_rule_beats_intent_rule() -> None:
    talk = walk(
        rule("intent", UserStep("greet"), ActionStep("utter_greet")),
        rule("text", UserStep(text="ahoy"), ActionStep("utter_pirate"), BotStep("Arr.")),
    )
    assert talk.hears("greet", text="hello").does() == "utter_greet"
    talk.hears("greet", text="ahoy")
    assert talk.next.end_to_end
    assert [talk.does() for _ in range(3)] == ["utter_pirate", "Arr.", "action_listen"]


@pytest.mark.parametrize(
    ("intent", "action"),
    [("restart", "action_restart"), ("back", "action_back"), ("session_start", "action_session_start")],
)
def test_default_intents_override_rules_and_running_forms(intent: str, action: str) -> None:
    assert walk(GREET).hears(intent).does() == action
    assert walk(GREET).happens(ActionExecuted("form"), ActiveLoop("form")).hears(intent).does() == action


def test_running_form_beats_rules_without_looking_at_the_message() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    assert talk.does() == "form"
    talk.happens(ActiveLoop("form"))
    assert talk.does() == "action_listen"
    talk.hears("greet")
    assert talk.next.action == "form"
    assert talk.next.no_user_prediction


def test_rule_answers_after_a_form_rejection_and_the_form_continues() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    talk.does()
    talk.happens(ActiveLoop("form")).hears("greet").happens(ActionExecutionRejected("form"))
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "form"]


def test_submit_rule_follows_a_completed_form() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    talk.does()
    talk.happens(ActiveLoop("form")).hears("yes")
    assert talk.does() == "form"
    talk.happens(ActiveLoop(None))
    assert [talk.does() for _ in range(2)] == ["utter_done", "action_listen"]


def test_detour_in_a_story_interrupts_the_form() -> None:
    detour = story(
        "detour",
        UserStep("order"),
        ActionStep("form"),
        LoopStep("form"),
        UserStep("no"),
        ActionStep("utter_sure"),
        UserStep("yes"),
        ActionStep("form"),
        LoopStep("form"),
    )
    talk = walk(START, SUBMIT, detour).hears("order")
    talk.does()
    talk.happens(ActiveLoop("form")).hears("no").happens(ActionExecutionRejected("form"))
    assert talk.does() == "utter_sure"
    talk.happens(ActionExecutionRejected("form"))
    assert talk.does() == "action_listen"
    talk.hears("yes").happens(ActionExecutionRejected("form"))
    assert LoopInterrupted(True) in talk.next.events


def test_fallback_uses_the_configured_action_and_threshold() -> None:
    options = {"core_fallback_threshold": 0.4, "core_fallback_action_name": "action_mine"}
    place = Place("config.yml", 9, 3)
    talk = walk(GREET, policies=[Component("RulePolicy", options, place)]).hears("ask")
    assert (talk.next.action, talk.next.confidence) == ("action_mine", 0.4)
    assert [because.place for because in talk.next.because] == [place]


def test_bot_listens_if_the_fallback_is_disabled() -> None:
    talk = walk(GREET, policies=[Component("RulePolicy", {"enable_fallback_prediction": False})]).hears("ask")
    assert (talk.next.action, talk.next.confidence) == ("action_listen", 0.0)


def test_rule_confidence_can_be_the_nlu_confidence() -> None:
    talk = walk(GREET, policies=[Component("RulePolicy", {"use_nlu_confidence_as_score": True})])
    assert talk.hears("greet", confidence=0.6).next.confidence == 0.6


def test_rule_only_turn_does_not_disturb_a_memorised_story() -> None:
    order = story("order", UserStep("order"), ActionStep("utter_what"), UserStep("yes"), ActionStep("utter_done"))
    talk = walk(GREET, order)
    talk.hears("order")
    assert [talk.does() for _ in range(2)] == ["utter_what", "action_listen"]
    talk.hears("greet")
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "action_listen"]
    assert talk.hears("yes").next.action == "utter_done"
    assert talk.next.policy == "MemoizationPolicy"


def test_rule_that_ends_by_listening_yields_to_a_story_that_continues() -> None:
    waits = rule("waits", ActionStep("utter_answer"))
    more = rule("more", ActionStep("utter_answer"), ActionStep("utter_more"), condition=(SlotStep("name"),))
    other = story("other", UserStep("ask"), ActionStep("utter_answer"), ActionStep("utter_else"))
    talk = walk(waits, more, other, slots=[Slot("name")]).hears("ask")
    assert [talk.does() for _ in range(3)] == ["utter_answer", "utter_else", "action_listen"]
    talk.happens(SlotSet("name", "Ann")).hears("ask").happens(ActionExecuted("utter_answer"))
    assert talk.does() == "utter_more"


def in_form(talk: Walk, intent: str) -> Walk:
    """The conversation after the form ran and refused a message of this intent."""
    talk.hears("order").happens(ActionExecuted("form"), ActiveLoop("form"))
    return talk.hears(intent).happens(ActionExecutionRejected("form"))


def test_detour_rule_beats_the_general_rule_and_returns_to_the_form() -> None:
    detour = rule(
        "detour", UserStep("greet"), ActionStep("utter_busy"), ActionStep("form"), condition=(LoopStep("form"),)
    )
    talk = in_form(walk(GREET, START, SUBMIT, detour), "greet")
    assert [talk.does() for _ in range(3)] == ["utter_busy", "form", "action_listen"]
    assert not any(isinstance(event, LoopInterrupted) for event in talk.tracker.events)


def test_detour_rule_can_wait_for_an_answer_before_the_form_continues() -> None:
    detour = rule(
        "detour",
        UserStep("greet"),
        ActionStep("utter_busy"),
        UserStep("yes"),
        ActionStep("form"),
        condition=(LoopStep("form"),),
    )
    unrestricted = (Component("RulePolicy", {"restrict_rules": False}),)
    talk = in_form(walk(GREET, START, SUBMIT, detour, policies=unrestricted), "greet")
    assert [talk.does() for _ in range(2)] == ["utter_busy", "action_listen"]
    talk.hears("yes")
    assert talk.next.action == "form"
    assert LoopInterrupted(True) in talk.next.events


def test_story_continues_after_a_rule_answers_inside_a_form() -> None:
    detour = story(
        "detour",
        UserStep("order"),
        ActionStep("form"),
        LoopStep("form"),
        UserStep("greet"),
        ActionStep("utter_greet"),
        ActionStep("utter_more"),
        ActionStep("form"),
    )
    short = rule("greet", UserStep("greet"), ActionStep("utter_greet"))
    talk = in_form(walk(short, START, SUBMIT, detour), "greet")
    assert talk.does() == "utter_greet"
    assert (talk.next.action, talk.next.policy) == ("utter_more", "MemoizationPolicy")
    assert [talk.does() for _ in range(2)] == ["utter_more", "form"]


def test_unanswered_message_inside_a_form_leads_to_the_fallback() -> None:
    assert in_form(walk(GREET, START, SUBMIT), "bye").next.action == "action_default_fallback"


def test_form_completed_in_its_first_run_is_submitted() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order").happens(SlotSet("thing", "x"), ActionExecuted("form"))
    talk.happens(ActiveLoop("form"), ActiveLoop(None), SlotSet("requested_slot", None))
    assert talk.next.action == "utter_done"
