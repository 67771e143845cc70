from __future__ import annotations

from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ConversationPaused, LoopInterrupted, SlotSet
from bot.dialogue.evolve import evolve_all
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.dialogue.turn_loop import before_action, goes_on, is_silent, record, rejection, user_spoke_again
from tests.dialogue.making import uttered

PREDICTION = Prediction("form", 0.9, "RulePolicy", events=(LoopInterrupted(True),), hide_rule_turn=True)


def test_execution_is_recorded_between_prediction_events_and_action_events() -> None:
    assert record(PREDICTION, [SlotSet("a", 1)]) == (
        LoopInterrupted(True),
        ActionExecuted("form", "RulePolicy", 0.9, hide_rule_turn=True),
        SlotSet("a", 1),
    )


def test_action_that_emits_a_rejection_is_not_recorded_as_executed() -> None:
    refused = ActionExecutionRejected("form")
    assert record(PREDICTION, [SlotSet("a", 1), refused]) == (SlotSet("a", 1), refused)


def test_refused_action_records_only_its_rejection() -> None:
    assert rejection(PREDICTION) == (ActionExecutionRejected("form", "RulePolicy", 0.9),)


def test_action_sees_the_events_of_its_prediction() -> None:
    tracker = before_action(Prediction("form", 1.0, "x", events=(SlotSet("a", 1),)), Tracker())
    assert tracker.slots == {"a": 1}
    assert tracker.latest_action is None


def test_listening_and_session_start_end_a_turn() -> None:
    assert [goes_on(name) for name in ("action_listen", "action_session_start", "utter_greet")] == [False, False, True]


def test_paused_conversation_is_silent_except_for_a_restart() -> None:
    paused = evolve_all([ConversationPaused(), uttered("greet")], Tracker())
    assert is_silent(paused)
    assert not is_silent(evolve_all([uttered("restart")], paused))
    assert not is_silent(Tracker())


def test_user_message_added_by_an_action_is_detected() -> None:
    assert user_spoke_again([SlotSet("a"), uttered("greet")])
    assert not user_spoke_again([SlotSet("a")])
