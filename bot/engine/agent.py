"""The agent: content, matcher, policies and actions in one immutable bundle, used for a whole turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from bot.actions.turn import Action, Resources
from bot.content import Content
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.engine.protocols import Matcher


class DialoguePolicies(Protocol):
    """Decides the next action (bot.dialogue)."""

    @property
    def max_turns(self) -> int:
        """How many of the latest user turns the policies look at; the snapshot keeps these."""

    def predict(self, tracker: Tracker) -> Prediction:
        """The next action."""


class Agent(Struct, frozen=True):
    """Everything a turn needs from the content.

    `actions` holds every action by name: built-in, form, response, plugin, remote. The latest `kept_events` events
    always stay in a conversation's snapshot, for action servers; the policies' own history may be shorter.
    """

    content: Content
    matcher: Matcher
    dialogue: DialoguePolicies
    actions: Mapping[str, Action]
    resources: Resources
    kept_events: int = 0

    @property
    def fingerprint(self) -> str:
        """The content's fingerprint."""
        return self.content.fingerprint
