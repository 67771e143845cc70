"""What a policy says: which action next, how sure, and because of what."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from bot.content import Place
from bot.dialogue.events import Event
from bot.dialogue.tracker import Tracker


class Because(Struct, frozen=True):
    """A reason for a prediction: the rule, story or default (`name`), and where it stands."""

    policy: str
    name: str
    place: Place


class Prediction(Struct, frozen=True):
    """The next action.

    `events` are applied before it runs. `no_user_prediction`: a running loop's
    own, which looks at no user message. `hide_rule_turn`: a rule's that no
    story knows, which learned policies do not see. `end_to_end`: made from the
    message's text instead of its intent.
    """

    action: str
    confidence: float
    policy: str
    priority: int = 0
    because: tuple[Because, ...] = ()
    events: tuple[Event, ...] = ()
    no_user_prediction: bool = False
    hide_rule_turn: bool = False
    end_to_end: bool = False


class Policy(Protocol):
    """A policy looks at a tracker and predicts; it is pure, built once from content, shared by all turns."""

    name: str
    priority: int

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The next action as this policy sees it, or None when it has nothing to say."""
