"""Plugin code in every turn is timed: what blocks all conversations is logged, at a limited rate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot import Prediction, Tracker
from bot.actions.unknown import UnknownSlot
from bot.app.guarding import Guard, GuardedPolicy, guarded_observers
from bot.app.watching import Repeats
from bot.content import Domain
from bot.dialogue.ensemble import combine
from bot.dialogue.events import SlotSet
from bot.engine.deadline import LONGEST_STEP, held_up
from bot.engine.record import TurnRecord
from bot.messages import Principal, UserMessage


class Clock:
    """A clock that is advanced by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at

    def passes(self, seconds: float) -> Callable[[], str]:
        def part() -> str:
            self.at += seconds
            return "said"

        return part


class Reports(list[tuple[str, BaseException]]):
    def __call__(self, name: str, error: BaseException) -> None:
        self.append((name, error))


def test_slow_part_is_reported_once_a_minute_and_its_result_is_used() -> None:
    clock, reports = Clock(), Reports()
    guard = Guard("policy Slow", reports, clock)
    assert guard.ask(clock.passes(LONGEST_STEP / 2), "") == "said"
    assert reports == []
    for _ in range(3):
        assert guard.ask(clock.passes(2 * LONGEST_STEP), "") == "said"
    [(name, error)] = reports
    assert name == "policy Slow"
    assert isinstance(error, TimeoutError)
    assert str(error).startswith("it held up all conversations for 1.0 seconds")
    clock.at += 3_600
    guard.ask(clock.passes(2 * LONGEST_STEP), "")
    assert len(reports) == 2


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), BaseExceptionGroup("two", [SystemExit(2)])])
def test_part_that_raises_is_reported_and_replaced_by_the_default(error: BaseException) -> None:
    def part() -> str:
        raise error

    reports = Reports()
    guard = Guard("observer all", reports)
    assert [guard.ask(part, "otherwise") for _ in range(2)] == ["otherwise"] * 2
    assert reports == [("observer all", error)] * 2


def test_timed_part_raises_its_own_exception() -> None:
    def part() -> str:
        raise ZeroDivisionError

    reports = Reports()
    with pytest.raises(ZeroDivisionError):
        Guard("matcher", reports).time(part)
    assert reports == []


class Says:
    """A policy that always says the same."""

    name = "Says"

    def __init__(self, prediction: Prediction, priority: float) -> None:
        self.priority = priority
        self._prediction = prediction

    def predict(self, tracker: Tracker) -> Prediction | None:
        return self._prediction


@pytest.mark.parametrize(("priority", "chosen"), [(3.5, "action_rule"), (4.5, "action_mine")])
def test_policy_priority_decides_between_equally_confident_predictions(priority: float, chosen: str) -> None:
    policy = GuardedPolicy(Says(Prediction("action_mine", 1.0, "Says"), priority), Reports())
    mine = policy.predict(Tracker())
    assert mine is not None
    rule = Prediction("action_rule", 1.0, "RulePolicy", 4)
    assert combine([mine, rule], Tracker(), None).action == chosen


def test_prediction_can_have_its_own_priority() -> None:
    policy = GuardedPolicy(Says(Prediction("action_mine", 1.0, "Says", priority=5), 1), Reports())
    mine = policy.predict(Tracker())
    assert mine is not None
    assert mine.priority == 5


@pytest.mark.parametrize("confidence", [5.0, -0.1, float("nan")])
def test_policy_with_an_invalid_confidence_abstains_and_is_reported(confidence: float) -> None:
    reports = Reports()
    assert GuardedPolicy(Says(Prediction("action_mine", confidence, "Says"), 1), reports).predict(Tracker()) is None
    [(name, error)] = reports
    assert (name, type(error)) == ("policy Says", ValueError)


def test_value_that_a_policy_changes_in_place_stays_as_it_was() -> None:
    class Changes(Says):
        def predict(self, tracker: Tracker) -> Prediction | None:
            tracker.slots["basket"].append("milk")
            return super().predict(tracker)

    tracker = Tracker(slots={"basket": ["tea"]})
    policy = GuardedPolicy(Changes(Prediction("action_mine", 1.0, "Says"), 1), Reports())
    assert policy.predict(tracker) is not None
    assert tracker.slots == {"basket": ["tea"]}


def test_prediction_has_its_events_as_they_will_be_stored() -> None:
    prediction = Prediction("action_mine", 1.0, "Says", events=(SlotSet("sizes", (1, 2)),))
    mine = GuardedPolicy(Says(prediction, 1), Reports()).predict(Tracker())
    assert mine is not None
    assert mine.events == (SlotSet("sizes", [1, 2]),)


def test_value_that_an_observer_changes_in_place_stays_as_it_was() -> None:
    def redact(record: TurnRecord) -> None:
        [event] = record.events
        assert isinstance(event, SlotSet)
        event.value.clear()

    reports = Reports()
    message = UserMessage("hello", "c", "m", datetime(2026, 11, 3, tzinfo=UTC), Principal("key", "key:test"))
    record = TurnRecord(1, message, (SlotSet("basket", ["tea"]),), (), message.arrived, 1, "content")
    [observe] = guarded_observers({"all": redact}, reports)
    observe(record)
    assert reports == []
    assert record.events == (SlotSet("basket", ["tea"]),)


def test_slip_is_reported_once_and_a_slow_step_once_a_minute() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    slip, other = (UnknownSlot(name, Domain()) for name in ("kake", "caek"))
    assert [repeats.is_new("action_a", error) for error in (slip, slip, other)] == [True, False, True]
    assert repeats.is_new("action_b", slip)
    assert [repeats.is_new("action_a", held_up(seconds)) for seconds in (1, 2)] == [True, False]
    clock.at += 3_600
    assert repeats.is_new("action_a", held_up(1))
    assert not repeats.is_new("action_a", slip)
