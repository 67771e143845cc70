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
    """The next action, and how sure the policy is (0 to 1).

    `priority` counts among equally sure ones; that of a plugin's policy need not be given: its policy's counts then.
    `events` are applied before it runs. `no_user_prediction`: a running loop's
    own, which looks at no user message. `hide_rule_turn`: a rule's that no
    story knows, which learned policies do not see. `end_to_end`: made from the
    message's text instead of its intent.
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


class Policy(Protocol):
    """A policy looks at a tracker and predicts; it is pure, built once from content, shared by all turns."""

    @property
    def name(self) -> str:
        """What it is called in reports; a text that is not empty."""

    @property
    def priority(self) -> float:
        """Who goes first among equally sure ones: rules have 4, learned policies 1."""

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The next action as this policy sees it, or None when it has nothing to say."""
