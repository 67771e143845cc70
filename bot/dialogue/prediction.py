"""Predictions of policies: the next action, how confident, and for what reasons."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from bot.content import Place
from bot.dialogue.events import Event
from bot.dialogue.tracker import Tracker


class Because(Struct, frozen=True):
    """A reason for a prediction: the rule, story or default (`name`), and its place."""

    policy: str
    name: str
    place: Place


class Prediction(Struct, frozen=True):
    """The next action, and the policy's confidence (0 to 1).

    `priority` decides between equally confident predictions; a plugin's policy can omit it, as its own priority is used
    then. `events` are applied before the action runs. `no_user_prediction`: made by an active loop, without looking at
    a user message. `hide_rule_turn`: made by a rule that no story uses, so learned policies do not see the turn.
    `end_to_end`: made from the message's text instead of its intent.
    """

    action: str
    confidence: float
    policy: str
    priority: float = 0
    because: tuple[Because, ...] = ()
    events: tuple[Event, ...] = ()
    no_user_prediction: bool = False
    hide_rule_turn: bool = False
    end_to_end: bool = False


def intent_confidence(tracker: Tracker) -> float:
    """How sure the matcher is of the latest message's intent; 1 if there is none."""
    intent = tracker.parse.intent if tracker.parse else None
    return intent.confidence if intent else 1.0


class Policy(Protocol):
    """Predicts the next action from a tracker; pure, built once from content and shared by all turns."""

    @property
    def name(self) -> str:
        """Its name in reports; not empty."""

    @property
    def priority(self) -> float:
        """Decides between equally confident policies, the highest first: rules have 4, learned policies 1."""

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The next action according to this policy, or None if it predicts nothing."""
