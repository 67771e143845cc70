from __future__ import annotations

from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ConversationPaused, LoopInterrupted, SlotSet
from bot.dialogue.evolve import evolve_all
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.dialogue.turn_loop import before_action, goes_on, is_silent, record, rejection, user_spoke_again
from tests.dialogue.making import uttered

PREDICTION = Prediction("form", 0.9, "RulePolicy", events=(LoopInterrupted(True),), hide_rule_turn=True)


def test_an_action_is_recorded_between_the_predictions_events_and_its_own() -> None:
    assert record(PREDICTION, [SlotSet("a", 1)]) == (
        LoopInterrupted(True),
        ActionExecuted("form", "RulePolicy", 0.9, hide_rule_turn=True),
        SlotSet("a", 1),
    )


def test_an_action_that_says_itself_that_it_refused_did_not_run() -> None:
    refused = ActionExecutionRejected("form")
    assert record(PREDICTION, [SlotSet("a", 1), refused]) == (SlotSet("a", 1), refused)


def test_a_refused_action_leaves_nothing_but_its_refusal() -> None:
    assert rejection(PREDICTION) == (ActionExecutionRejected("form", "RulePolicy", 0.9),)


def test_an_action_sees_what_its_prediction_says() -> None:
    tracker = before_action(Prediction("form", 1.0, "x", events=(SlotSet("a", 1),)), Tracker())
    assert tracker.slots == {"a": 1}
    assert tracker.latest_action is None


def test_listening_and_a_sessions_start_end_a_turn() -> None:
    assert [goes_on(name) for name in ("action_listen", "action_session_start", "utter_greet")] == [False, False, True]


def test_a_paused_conversation_only_hears_a_restart() -> None:
    paused = evolve_all([ConversationPaused(), uttered("greet")], Tracker())
    assert is_silent(paused)
    assert not is_silent(evolve_all([uttered("restart")], paused))
    assert not is_silent(Tracker())


def test_a_message_put_in_by_an_action_is_noticed() -> None:
    assert user_spoke_again([SlotSet("a"), uttered("greet")])
    assert not user_spoke_again([SlotSet("a")])
