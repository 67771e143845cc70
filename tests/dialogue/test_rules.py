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
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, LoopInterrupted, SlotSet
from tests.dialogue.making import Walk, rule, story, walk

GREET = rule("greet", UserStep("greet"), ActionStep("utter_greet"), ActionStep("utter_help"))
START = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
SUBMIT = rule("submit", ActionStep("form"), LoopStep(None), ActionStep("utter_done"), condition=(LoopStep("form"),))
RULES_ONLY = (Component("RulePolicy"),)


def test_a_rule_is_followed_to_its_end_wherever_the_conversation_is() -> None:
    talk = walk(GREET)
    for _ in range(2):
        talk.hears("greet")
        assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "action_listen"]


def test_every_prediction_names_the_rule_line_it_follows() -> None:
    talk = walk(GREET).hears("greet")
    assert [(because.policy, because.name) for because in talk.next.because] == [("RulePolicy", "greet")]


def test_a_rule_that_does_not_wait_leaves_the_next_action_to_others() -> None:
    hello = rule("hello", UserStep("greet"), ActionStep("utter_greet"), wait_for_user_input=False)
    then = rule("then", ActionStep("utter_greet"), ActionStep("utter_offer"))
    talk = walk(hello, then).hears("greet")
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_offer", "action_listen"]


def test_a_rule_goes_on_in_every_rule_that_begins_with_its_checkpoint_and_ends_as_that_one() -> None:
    asked = rule("asked", UserStep("ask"), ActionStep("utter_which"), CheckpointStep("c"))
    silent = rule("silent", CheckpointStep("c"), ActionStep("utter_wait"), wait_for_user_input=False)
    then = rule("then", ActionStep("utter_wait"), ActionStep("utter_offer"))
    talk = walk(asked, silent, then, policies=RULES_ONLY).hears("ask")
    assert [talk.does() for _ in range(4)] == ["utter_which", "utter_wait", "utter_offer", "action_listen"]


def test_a_rule_for_the_conversations_start_holds_only_there() -> None:
    first = rule("first", UserStep("greet"), ActionStep("utter_welcome"), conversation_start=True)
    talk = walk(first, rule("later", UserStep("bye"), ActionStep("utter_bye")), policies=RULES_ONLY)
    assert talk.hears("greet").does() == "utter_welcome"
    assert talk.does() == "action_listen"
    assert talk.hears("greet").does() == "action_default_fallback"


def test_rules_that_contradict_each_other_say_nothing_however_many_agree() -> None:
    both = [rule(a, UserStep("greet"), ActionStep(a)) for a in ("utter_greet", "utter_help", "utter_greet")]
    assert walk(*both, policies=RULES_ONLY).hears("greet").next.action == "action_default_fallback"


def test_the_more_particular_rule_goes_first() -> None:
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
def test_a_condition_looks_at_a_slot_as_its_type_says(slot: Slot, wanted: object, holds: list, fails: list) -> None:
    talk = walk(
        rule("if", UserStep("ask"), ActionStep("utter_yes"), condition=(SlotStep("s", wanted),)),
        slots=[slot],
        policies=RULES_ONLY,
    )
    for value in holds:
        assert talk.happens(SlotSet("s", value)).hears("ask").does() == "utter_yes", value
    for value in fails:
        assert talk.happens(SlotSet("s", value)).hears("ask").does() == "action_default_fallback", value


def test_an_initial_value_fulfils_a_condition() -> None:
    talk = walk(
        rule("if", UserStep("ask"), ActionStep("utter_yes"), condition=(SlotStep("s", True),)),
        slots=[Slot("s", "bool", initial_value=True)],
    )
    talk.happens(SlotSet("s", True))
    assert talk.hears("ask").does() == "utter_yes"


def test_entities_narrow_a_rule() -> None:
    talk = walk(
        rule("any", UserStep("ask"), ActionStep("utter_what")),
        rule("with", UserStep("ask", entities=(StepEntity("thing"),)), ActionStep("utter_that")),
    )
    assert talk.hears("ask").does() == "utter_what"
    assert talk.hears("ask", "thing").does() == "utter_that"


def test_a_text_goes_before_an_intent() -> None:
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
def test_default_intents_overrule_everything(intent: str, action: str) -> None:
    assert walk(GREET).hears(intent).does() == action
    assert walk(GREET).happens(ActionExecuted("form"), ActiveLoop("form")).hears(intent).does() == action


def test_a_running_form_goes_before_rules_and_looks_at_no_message() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    assert talk.does() == "form"
    talk.happens(ActiveLoop("form"))
    assert talk.does() == "action_listen"
    talk.hears("greet")
    assert talk.next.action == "form"
    assert talk.next.no_user_prediction


def test_after_a_rejection_a_rule_answers_and_the_form_goes_on() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    talk.does()
    talk.happens(ActiveLoop("form")).hears("greet").happens(ActionExecutionRejected("form"))
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "form"]


def test_a_submitted_form_is_followed_by_its_rule() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order")
    talk.does()
    talk.happens(ActiveLoop("form")).hears("yes")
    assert talk.does() == "form"
    talk.happens(ActiveLoop(None))
    assert [talk.does() for _ in range(2)] == ["utter_done", "action_listen"]


def test_a_form_learns_that_it_was_interrupted_by_a_detour_in_a_story() -> None:
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


def test_a_fallback_takes_the_configured_name_and_threshold() -> None:
    options = {"core_fallback_threshold": 0.4, "core_fallback_action_name": "action_mine"}
    place = Place("config.yml", 9, 3)
    talk = walk(GREET, policies=[Component("RulePolicy", options, place)]).hears("ask")
    assert (talk.next.action, talk.next.confidence) == ("action_mine", 0.4)
    assert [because.place for because in talk.next.because] == [place]


def test_without_a_fallback_the_bot_listens() -> None:
    talk = walk(GREET, policies=[Component("RulePolicy", {"enable_fallback_prediction": False})]).hears("ask")
    assert (talk.next.action, talk.next.confidence) == ("action_listen", 0.0)


def test_the_matchers_confidence_may_be_the_rules() -> None:
    talk = walk(GREET, policies=[Component("RulePolicy", {"use_nlu_confidence_as_score": True})])
    assert talk.hears("greet", confidence=0.6).next.confidence == 0.6


def test_what_only_rules_know_is_hidden_from_policies_that_learn_from_stories() -> None:
    order = story("order", UserStep("order"), ActionStep("utter_what"), UserStep("yes"), ActionStep("utter_done"))
    talk = walk(GREET, order)
    talk.hears("order")
    assert [talk.does() for _ in range(2)] == ["utter_what", "action_listen"]
    talk.hears("greet")
    assert [talk.does() for _ in range(3)] == ["utter_greet", "utter_help", "action_listen"]
    assert talk.hears("yes").next.action == "utter_done"
    assert talk.next.policy == "MemoizationPolicy"


def test_a_rule_that_ends_in_listening_gives_way_to_a_story_that_goes_on() -> None:
    waits = rule("waits", ActionStep("utter_answer"))
    more = rule("more", ActionStep("utter_answer"), ActionStep("utter_more"), condition=(SlotStep("name"),))
    other = story("other", UserStep("ask"), ActionStep("utter_answer"), ActionStep("utter_else"))
    talk = walk(waits, more, other, slots=[Slot("name")]).hears("ask")
    assert [talk.does() for _ in range(3)] == ["utter_answer", "utter_else", "action_listen"]
    talk.happens(SlotSet("name", "Ann")).hears("ask").happens(ActionExecuted("utter_answer"))
    assert talk.does() == "utter_more"


def in_form(talk: Walk, intent: str) -> Walk:
    """The form runs and refuses the message of this intent."""
    talk.hears("order").happens(ActionExecuted("form"), ActiveLoop("form"))
    return talk.hears(intent).happens(ActionExecutionRejected("form"))


def test_a_rule_for_a_detour_goes_before_the_general_one_and_leads_back() -> None:
    detour = rule(
        "detour", UserStep("greet"), ActionStep("utter_busy"), ActionStep("form"), condition=(LoopStep("form"),)
    )
    talk = in_form(walk(GREET, START, SUBMIT, detour), "greet")
    assert [talk.does() for _ in range(3)] == ["utter_busy", "form", "action_listen"]
    assert not any(isinstance(event, LoopInterrupted) for event in talk.tracker.events)


def test_a_rule_may_wait_for_the_answer_to_a_detour_before_the_form_goes_on() -> None:
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


def test_a_story_that_goes_on_after_a_rules_answer_in_a_form_is_left_to_the_stories() -> None:
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


def test_what_no_rule_and_no_story_answers_in_a_form_is_the_fallbacks() -> None:
    assert in_form(walk(GREET, START, SUBMIT), "bye").next.action == "action_default_fallback"


def test_a_form_that_is_filled_at_once_is_submitted() -> None:
    talk = walk(GREET, START, SUBMIT).hears("order").happens(SlotSet("thing", "x"), ActionExecuted("form"))
    talk.happens(ActiveLoop("form"), ActiveLoop(None), SlotSet("requested_slot", None))
    assert talk.next.action == "utter_done"
