"""The dialogue model: the policies, built from rules and stories, that predict the next action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec.structs import replace

from bot.content import NOWHERE, Content
from bot.dialogue.ensemble import combine, rejected_action
from bot.dialogue.prediction import Because, Policy, Prediction
from bot.dialogue.rules import RulePolicy
from bot.dialogue.tracker import Tracker

if TYPE_CHECKING:
    from bot.dialogue.train import Factory

FOLLOWUP = "followup"


@runtime_checkable
class Explains(Protocol):
    """A policy that works out the reasons for its prediction only if that prediction wins."""

    name: str

    def because(self, prediction: Prediction, tracker: Tracker) -> tuple[Because, ...]:
        """The reasons for this policy's prediction."""


def _may_be_overruled(prediction: Prediction, by: Sequence[Policy]) -> bool:
    """Whether one of these policies could still overrule this prediction of full confidence."""
    return any(_may_go_before(policy) or policy.priority >= prediction.priority for policy in by)


def _may_go_before(policy: Policy) -> bool:
    """Whether its prediction may win over a more confident one: by the text, for a running loop, or by events.

    Nothing is known about a plugin's policy, so it may.
    """
    return getattr(policy, "by_text", None) is not False or isinstance(policy, RulePolicy)


class Dialogue:
    """Predicts the next action of a conversation; immutable and shared by all turns.

    `max_turns` is the number of user turns of history that the policies look
    at: a tracker can be trimmed to that.
    """

    def __init__(self, policies: Sequence[Policy], max_turns: int) -> None:
        self.policies = tuple(policies)
        self.max_turns = max_turns
        self._ranked = sorted(policies, key=lambda policy: -policy.priority)

    def predict(self, tracker: Tracker) -> Prediction:
        """The next action, why, and the events to apply before it runs; a follow-up action overrules all policies."""
        if tracker.followup_action:
            because = (Because(FOLLOWUP, "an action asked for it", NOWHERE),)
            return Prediction(tracker.followup_action, 1.0, FOLLOWUP, because=because)
        predictions: list[Prediction] = []
        rejected = rejected_action(tracker)
        for number, policy in enumerate(self._ranked, start=1):
            prediction = policy.predict(tracker)
            if prediction is not None:
                predictions.append(prediction)
                is_sure = prediction.confidence >= 1.0 and prediction.action != rejected
                if is_sure and not _may_be_overruled(prediction, by=self._ranked[number:]):
                    break
        return self._explained(combine(predictions, tracker, rejected), tracker)

    def _explained(self, prediction: Prediction, tracker: Tracker) -> Prediction:
        """Add the reasons, if the policy works them out only on request."""
        if prediction.because:
            return prediction
        for policy in self.policies:
            if isinstance(policy, Explains) and policy.name == prediction.policy:
                return replace(prediction, because=policy.because(prediction, tracker))
        return prediction

    def save(self, folder: Path) -> None:
        """Save in `folder` what is slow to learn."""
        from bot.dialogue.train import save_dialogue

        save_dialogue(self, folder)

    @classmethod
    def load(cls, folder: Path, content: Content, policies: Mapping[str, Factory] | None = None) -> Dialogue:
        """Load the dialogue saved in `folder` for the same content; raises ValueError if it cannot be read.

        `policies` are factories of plugins' policies, as in `train_dialogue`.
        """
        from bot.dialogue.train import load_dialogue

        return load_dialogue(folder, content, policies)
