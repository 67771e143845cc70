"""The choice between several predictions."""

from __future__ import annotations

from bot.content import ActionStep, Component, LoopStep, UserStep
from bot.dialogue.ensemble import combine
from bot.dialogue.events import (
    ActionExecutionRejected,
    ActiveLoop,
    FollowupAction,
    LoopInterrupted,
    SlotSet,
)
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from tests.dialogue.making import rule, story, walk

ORDER = story("order", UserStep("order"), ActionStep("utter_what"), UserStep("yes"), ActionStep("utter_done"))

LISTENING = Tracker(latest_action="action_listen")


def test_highest_confidence_wins_then_priority_then_policy_order() -> None:
    low, high, other = (Prediction(n, 1.0, n, p) for n, p in (("low", 1), ("high", 3), ("other", 3)))
    sure = Prediction("sure", 1.1, "sure", 0)
    assert combine([low, high, other], LISTENING, None).action == "high"
    assert combine([low, high, sure], LISTENING, None).action == "sure"


def test_loop_prediction_beats_text_prediction_which_beats_intent_prediction() -> None:
    loop = Prediction("loop", 0.1, "rules", no_user_prediction=True)
    text = Prediction("text", 0.2, "learned", end_to_end=True)
    other = Prediction("other", 1.0, "memory")
    assert combine([other, text, loop], LISTENING, None).action == "loop"
    assert combine([other, text], LISTENING, None).action == "text"


def test_rejected_action_loses_to_any_other_prediction() -> None:
    form, other = Prediction("form", 1.0, "rules", 6), Prediction("other", 0.2, "learned", 1)
    assert combine([form, other], LISTENING, "form").action == "other"


def test_combined_prediction_has_the_events_of_all_predictions() -> None:
    one, two = Prediction("a", 1.0, "a", events=(SlotSet("x"),)), Prediction("b", 0.5, "b", events=(SlotSet("y"),))
    assert combine([one, two], LISTENING, None).events == (SlotSet("x"), SlotSet("y"))


def test_followup_action_overrides_all_policies_once() -> None:
    talk = walk(ORDER).hears("order").happens(FollowupAction("action_next"))
    assert talk.next.action == "action_next"
    assert talk.does() == "action_next"
    assert talk.next.action != "action_next"


MEMORY_FIRST = (Component("RulePolicy"), Component("MemoizationPolicy", {"max_history": 5, "priority": 9}))
FORM = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
DETOUR = story(
    "detour",
    UserStep("order"),
    ActionStep("form"),
    LoopStep("form"),
    UserStep("ask"),
    ActionStep("utter_info"),
    UserStep("yes"),
    ActionStep("form"),
    LoopStep("form"),
)


def test_running_form_beats_memoization_policy_with_higher_priority() -> None:
    talk = walk(FORM, DETOUR, policies=MEMORY_FIRST).hears("order")
    assert talk.does() == "form"
    talk.happens(ActiveLoop("form"))
    assert talk.does() == "action_listen"
    assert talk.hears("ask").does() == "form"


def test_loop_interruption_from_rules_applies_when_memoization_wins() -> None:
    talk = walk(FORM, DETOUR, policies=MEMORY_FIRST).hears("order")
    assert talk.does() == "form"
    talk.happens(ActiveLoop("form")).does()
    talk.hears("ask").happens(ActionExecutionRejected("form"))
    assert [talk.does(), talk.does()] == ["utter_info", "action_listen"]
    talk.hears("yes")
    assert (talk.next.action, talk.next.policy) == ("form", "MemoizationPolicy")
    assert LoopInterrupted(True) in talk.next.events


def test_learned_policy_decides_after_the_memorised_action_is_rejected() -> None:
    policies = (Component("MemoizationPolicy", {"max_history": 5}), Component("TEDPolicy"))
    talk = walk(ORDER, policies=policies).hears("order")
    assert talk.next.policy == "MemoizationPolicy"
    assert talk.happens(ActionExecutionRejected("utter_what")).next.policy == "TEDPolicy"
