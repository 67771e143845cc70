"""What plugins bring into every turn, kept from failing it: what they raise is told, and the turn does without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from bot.dialogue.prediction import Because, Policy, Prediction
from bot.dialogue.tracker import Tracker
from bot.dialogue.train import Factory
from bot.encoding import keeping
from bot.messages import Parse
from bot.nlu.cache import Parses
from bot.nlu.components import ComponentFailed

T = TypeVar("T")
TellFailure = Callable[[str, BaseException], None]
"""Is told what failed (`policy …`, `component …`) and what it raised."""


class GuardedMatcher:
    """A matcher that does without the components that raise."""

    def __init__(self, matcher: Parses, tell: TellFailure) -> None:
        self._matcher = matcher
        self._tell = tell

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        try:
            return self._matcher.parse(text, now)
        except ComponentFailed as failed:
            for name, error in failed.failures:
                self._tell(f"component {name}", error)
            return failed.parse or Parse(text)


_kept = keeping(Prediction)


class GuardedPolicy:
    """A plugin's policy that abstains when it raises, or gives what is no prediction."""

    def __init__(self, policy: Policy, tell: TellFailure) -> None:
        self.name = policy.name
        self.priority = policy.priority
        self.by_text: bool | None = getattr(policy, "by_text", None)
        self._policy = policy
        self._tell = tell

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The policy's prediction, or None."""

        def ask() -> Prediction | None:
            prediction = self._policy.predict(tracker)
            if not isinstance(prediction, Prediction | None):
                raise TypeError(f"predict gave {type(prediction).__name__}, not a Prediction or None")
            if prediction is not None:
                _kept(prediction)
            return prediction

        return self._guarded(ask, None)

    def because(self, prediction: Prediction, tracker: Tracker) -> tuple[Because, ...]:
        """The policy's reasons, where it has any."""
        explain = getattr(self._policy, "because", None)
        return self._guarded(lambda: explain(prediction, tracker), ()) if explain else ()

    def _guarded(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except (Exception, SystemExit) as error:  # a policy is a plugin's: it must not lose the turn
            self._tell(f"policy {self.name}", error)
            return otherwise


def guarded_policies(factories: Mapping[str, Factory], tell: TellFailure) -> dict[str, Factory]:
    """The same factories, of guarded policies."""

    def guarded(factory: Factory) -> Factory:
        return lambda content, entry: GuardedPolicy(factory(content, entry), tell)

    return {name: guarded(factory) for name, factory in factories.items()}
