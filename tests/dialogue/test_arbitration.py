"""Which of several predictions counts."""

from __future__ import annotations

from bot.content import (
    ActionStep,
    UserStep,
)
from bot.dialogue.ensemble import combine
from bot.dialogue.events import (
    ActionExecutionRejected,
    FollowupAction,
    SlotSet,
)
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from tests.dialogue.making import story, walk

ORDER = story("order", UserStep("order"), ActionStep("utter_what"), UserStep("yes"), ActionStep("utter_done"))

LISTENING = Tracker(latest_action="action_listen")


def test_confidence_counts_and_then_priority_and_then_order() -> None:
    low, high, other = (Prediction(n, 1.0, n, p) for n, p in (("low", 1), ("high", 3), ("other", 3)))
    sure = Prediction("sure", 1.1, "sure", 0)
    assert combine([low, high, other], LISTENING).action == "high"
    assert combine([low, high, sure], LISTENING).action == "sure"


def test_a_loops_own_prediction_goes_before_a_texts_and_that_before_all_others() -> None:
    loop = Prediction("loop", 0.1, "rules", no_user_prediction=True)
    text = Prediction("text", 0.2, "learned", end_to_end=True)
    other = Prediction("other", 1.0, "memory")
    assert combine([other, text, loop], LISTENING).action == "loop"
    assert combine([other, text], LISTENING).action == "text"


def test_what_was_just_rejected_is_not_chosen_while_there_is_anything_else() -> None:
    tracker = Tracker(latest_action="action_listen", events=(ActionExecutionRejected("form"),))
    form, other = Prediction("form", 1.0, "rules", 6), Prediction("other", 0.2, "learned", 1)
    assert combine([form, other], tracker).action == "other"


def test_the_events_of_all_predictions_happen() -> None:
    one, two = Prediction("a", 1.0, "a", events=(SlotSet("x"),)), Prediction("b", 0.5, "b", events=(SlotSet("y"),))
    assert combine([one, two], LISTENING).events == (SlotSet("x"), SlotSet("y"))


def test_a_followup_action_goes_before_all_policies() -> None:
    talk = walk(ORDER).hears("order").happens(FollowupAction("action_next"))
    assert talk.next.action == "action_next"
    assert talk.does() == "action_next"
    assert talk.next.action != "action_next"
