"""What a content's rules and stories come to: the policies that predict the next action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.content import NOWHERE, Content
from bot.dialogue.ensemble import combine
from bot.dialogue.prediction import Because, Policy, Prediction
from bot.dialogue.tracker import Tracker

if TYPE_CHECKING:
    from bot.dialogue.train import Factory

FOLLOWUP = "followup"


class Dialogue:
    """Predicts the next action of a conversation; immutable and shared by all turns.

    `max_turns` is how many user turns of history the policies look at: a
    tracker may be trimmed to that.
    """

    def __init__(self, policies: Sequence[Policy], max_turns: int) -> None:
        self.policies = tuple(policies)
        self.max_turns = max_turns

    def predict(self, tracker: Tracker) -> Prediction:
        """The next action, why, and the events to apply before it runs; a follow-up action goes before all policies."""
        if tracker.followup_action:
            because = (Because(FOLLOWUP, "an action asked for it", NOWHERE),)
            return Prediction(tracker.followup_action, 1.0, FOLLOWUP, because=because)
        made = (policy.predict(tracker) for policy in self.policies)
        return combine([prediction for prediction in made if prediction is not None], tracker)

    def save(self, folder: Path) -> None:
        """Keep in `folder` what is slow to learn."""
        from bot.dialogue.train import save_dialogue

        save_dialogue(self, folder)

    @classmethod
    def load(cls, folder: Path, content: Content, policies: Mapping[str, Factory] | None = None) -> Dialogue:
        """The dialogue kept in `folder`, of the same content; raises ValueError where it cannot be read.

        `policies` make plugins' policies, as for `train_dialogue`.
        """
        from bot.dialogue.train import load_dialogue

        return load_dialogue(folder, content, policies)
