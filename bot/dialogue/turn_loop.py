"""One step of a turn, apart from running actions: what is recorded when, and when the bot listens again.

The order is Rasa's (`MessageProcessor._run_action`). A turn is

    UserUttered, the events of action_extract_slots,
    then, up to the limit on actions per turn:
        prediction = dialogue.predict(tracker)
        events = run prediction.action on `before_action(prediction, tracker)`
        tracker = evolve_all(record(prediction, events), tracker)
    until `goes_on` says no.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, Event, UserUttered
from bot.dialogue.evolve import evolve_all
from bot.dialogue.names import LISTEN, SESSION_START
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker


def before_action(prediction: Prediction, tracker: Tracker) -> Tracker:
    """The tracker that the predicted action sees: with the prediction's events, not yet with its own execution."""
    return evolve_all(prediction.events, tracker)


def record(prediction: Prediction, events: Sequence[Event], *, action_text: str | None = None) -> tuple[Event, ...]:
    """The events to record after the action ran: the prediction's, the execution, then the action's.

    If the action itself emitted a rejection, only its own events are recorded.
    `action_text` is its text, if it is a bot message of an end-to-end story.
    """
    if any(isinstance(event, ActionExecutionRejected) for event in events):
        return tuple(events)
    executed = ActionExecuted(
        prediction.action, prediction.policy, prediction.confidence, prediction.hide_rule_turn, action_text
    )
    return (*prediction.events, executed, *events)


def rejection(prediction: Prediction) -> tuple[Event, ...]:
    """The events to record if the action refused to run (`ActionRejected`), without the prediction's events."""
    return (ActionExecutionRejected(prediction.action, prediction.policy, prediction.confidence),)


def goes_on(action: str) -> bool:
    """Whether another action is predicted after this one; listening and starting a session end a turn."""
    return action not in (LISTEN, SESSION_START)


def user_spoke_again(events: Sequence[Event]) -> bool:
    """Whether the action added a user message to the tracker, so that action_extract_slots must run again."""
    return any(isinstance(event, UserUttered) for event in events)


def is_silent(tracker: Tracker) -> bool:
    """Whether the bot stays silent: the conversation is paused, and the message does not restart it."""
    return tracker.paused and (tracker.parse is None or tracker.parse.intent_name != "restart")
