"""The choice between several predictions: Rasa's arbitration."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, Event, UserFeaturization
from bot.dialogue.names import LISTEN
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker

NOBODY = Prediction(LISTEN, 0.0, "nobody")


def rejected_action(tracker: Tracker) -> str | None:
    """The action that has just refused to run, and must not be predicted again; None if there is none."""
    for event in reversed(tracker.events):
        if isinstance(event, ActionExecutionRejected):
            return event.name
        if isinstance(event, ActionExecuted):
            return None
    return None


def combine(predictions: Sequence[Prediction], tracker: Tracker, rejected: str | None) -> Prediction:
    """The best prediction, with the events of all; `rejected` is the action that refused to run.

    A loop's own prediction takes precedence over all, and one made from the
    message's text over those made from its intent; then confidence decides,
    then priority, then the order of the policies.
    """
    allowed = [replace(p, confidence=0.0) if p.action == rejected else p for p in predictions]
    best = max(allowed, key=_rank, default=NOBODY)
    events: list[Event] = [event for p in allowed for event in p.events]
    if tracker.latest_action == LISTEN and best.end_to_end:
        events.append(UserFeaturization(True))
    return replace(best, events=tuple(events)) if events else best


def _rank(prediction: Prediction) -> tuple[bool, bool, float, float]:
    p = prediction
    return (p.no_user_prediction, p.end_to_end, p.confidence, p.priority)
