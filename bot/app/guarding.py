"""Keeps plugins' parts from failing a turn: their exceptions are reported, and the turn goes on without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Final, TypeVar

from msgspec.structs import replace

from bot.dialogue.prediction import Because, Policy, Prediction
from bot.dialogue.tracker import Tracker, with_own_values
from bot.dialogue.train import Factory
from bot.encoding import round_trip
from bot.engine.codec import read_back
from bot.engine.deadline import LONGEST_STEP, held_up
from bot.engine.record import TurnRecord
from bot.errors import PLUGIN_FAILURES
from bot.messages import Parse
from bot.nlu.cache import Parses
from bot.nlu.components import ComponentFailed

T = TypeVar("T")
ReportFailure = Callable[[str, BaseException], None]
"""Called with what failed (`policy …`, `component …`, `observer …`) and the exception it raised."""

_SECONDS_BETWEEN_REPORTS: Final = 60.0
"""Seconds before the same part is reported again."""


class Guard:
    """Calls a plugin's part and reports its failures.

    Reported are its exceptions, and calls that held up all conversations (as a TimeoutError; their result still
    counts). `clock` returns seconds.
    """

    def __init__(self, name: str, report: ReportFailure, clock: Callable[[], float] = perf_counter) -> None:
        self._name = name
        self._report = report
        self._clock = clock
        self._silent_until = float("-inf")

    def ask(self, part: Callable[[], T], otherwise: T) -> T:
        """The part's result, or `otherwise` if it raises."""
        try:
            return self.time(part)
        except PLUGIN_FAILURES as error:
            self._report(self._name, error)
            return otherwise

    def time(self, part: Callable[[], T]) -> T:
        """The part's result; raises what the part raises."""
        started = self._clock()
        try:
            return part()
        finally:
            ended = self._clock()
            if ended - started > LONGEST_STEP and ended >= self._silent_until:
                self._silent_until = ended + _SECONDS_BETWEEN_REPORTS
                self._report(self._name, held_up(ended - started))


class GuardedMatcher:
    """A matcher that does without the components that raise."""

    def __init__(self, matcher: Parses, report: ReportFailure, components: tuple[str, ...] = ()) -> None:
        self._matcher = matcher
        self._report = report
        self._guard = Guard(f"component {' or '.join(components)}" if components else "matcher", report)

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        try:
            return self._guard.time(lambda: self._matcher.parse(text, now))
        except ComponentFailed as failed:
            for name, error in failed.failures:
                self._report(f"component {name}", error)
            return failed.parse or Parse(text)


_as_stored = round_trip(Prediction)


class GuardedPolicy:
    """A plugin's policy that abstains when it raises or returns something that is not a prediction."""

    def __init__(self, policy: Policy, report: ReportFailure) -> None:
        self.name = policy.name
        self.priority = policy.priority
        self.by_text: bool | None = getattr(policy, "by_text", None)
        self._policy = policy
        self._guard = Guard(f"policy {policy.name}", report)

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The policy's prediction, or None."""

        def ask() -> Prediction | None:
            prediction = self._policy.predict(with_own_values(tracker))
            if not isinstance(prediction, Prediction | None):
                raise TypeError(f"predict returned {type(prediction).__name__}, not a Prediction or None")
            return None if prediction is None else self._checked(prediction)

        return self._guard.ask(ask, None)

    def _checked(self, prediction: Prediction) -> Prediction:
        """The prediction, with the policy's priority if it has none; raises TypeError or ValueError if invalid."""
        prediction = _as_stored(prediction)
        if not 0 <= prediction.confidence <= 1:
            raise ValueError(f"predict returned a confidence of {prediction.confidence}, which must be from 0 to 1")
        return prediction if prediction.priority else replace(prediction, priority=self.priority)

    def because(self, prediction: Prediction, tracker: Tracker) -> tuple[Because, ...]:
        """The policy's reasons, if it offers any."""
        explain = getattr(self._policy, "because", None)
        if explain is None:
            return ()
        return self._guard.ask(lambda: tuple(explain(prediction, with_own_values(tracker))), ())


def guarded_policies(factories: Mapping[str, Factory], report: ReportFailure) -> dict[str, Factory]:
    """The same factories, but making guarded policies."""

    def guarded(factory: Factory) -> Factory:
        return lambda content, entry: GuardedPolicy(factory(content, entry), report)

    return {name: guarded(factory) for name, factory in factories.items()}


def guarded_observers(
    observers: Mapping[str, Callable[[TurnRecord], None]], report: ReportFailure
) -> tuple[Callable[[TurnRecord], None], ...]:
    """The same observers, guarded so that they never raise."""

    def guarded(name: str, observe: Callable[[TurnRecord], None]) -> Callable[[TurnRecord], None]:
        guard = Guard(f"observer {name}", report)
        return lambda record: guard.ask(lambda: observe(replace(record, events=read_back(record.events))), None)

    return tuple([guarded(name, observe) for name, observe in observers.items()])
