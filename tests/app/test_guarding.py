"""Plugin code in every turn is timed: what blocks all conversations is logged, at a limited rate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot import Prediction, Tracker
from bot.actions.unknown import UnknownSlot
from bot.app.guarding import Guard, GuardedPolicy
from bot.app.watching import Repeats
from bot.content import Domain
from bot.dialogue.ensemble import combine
from bot.engine.deadline import LONGEST_STEP, held_up


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


class Told(list[tuple[str, BaseException]]):
    def __call__(self, name: str, error: BaseException) -> None:
        self.append((name, error))


def test_a_part_that_holds_up_all_conversations_is_named_once_in_a_while_and_heard_all_the_same() -> None:
    clock, told = Clock(), Told()
    guard = Guard("policy Slow", told, clock)
    assert guard.ask(clock.passes(LONGEST_STEP / 2), "") == "said"
    assert told == []
    for _ in range(3):
        assert guard.ask(clock.passes(2 * LONGEST_STEP), "") == "said"
    [(name, error)] = told
    assert name == "policy Slow"
    assert isinstance(error, TimeoutError)
    assert str(error).startswith("it held up all conversations for 1.0 seconds")
    clock.at += 3_600
    guard.ask(clock.passes(2 * LONGEST_STEP), "")
    assert len(told) == 2


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), BaseExceptionGroup("two", [SystemExit(2)])])
def test_a_part_that_raises_is_told_of_and_done_without(error: BaseException) -> None:
    def part() -> str:
        raise error

    told = Told()
    guard = Guard("observer all", told)
    assert [guard.ask(part, "otherwise") for _ in range(2)] == ["otherwise"] * 2
    assert told == [("observer all", error)] * 2


def test_what_is_only_timed_raises_what_it_raises() -> None:
    def part() -> str:
        raise ZeroDivisionError

    told = Told()
    with pytest.raises(ZeroDivisionError):
        Guard("matcher", told).time(part)
    assert told == []


class Says:
    """A policy that always says the same."""

    name = "Says"

    def __init__(self, prediction: Prediction, priority: float) -> None:
        self.priority = priority
        self._prediction = prediction

    def predict(self, tracker: Tracker) -> Prediction | None:
        return self._prediction


@pytest.mark.parametrize(("priority", "chosen"), [(3.5, "action_rule"), (4.5, "action_mine")])
def test_a_policys_priority_decides_between_predictions_that_are_equally_sure(priority: float, chosen: str) -> None:
    policy = GuardedPolicy(Says(Prediction("action_mine", 1.0, "Says"), priority), Told())
    mine = policy.predict(Tracker())
    assert mine is not None
    rule = Prediction("action_rule", 1.0, "RulePolicy", 4)
    assert combine([mine, rule], Tracker(), None).action == chosen


def test_a_prediction_may_have_a_priority_of_its_own() -> None:
    policy = GuardedPolicy(Says(Prediction("action_mine", 1.0, "Says", priority=5), 1), Told())
    mine = policy.predict(Tracker())
    assert mine is not None
    assert mine.priority == 5


@pytest.mark.parametrize("confidence", [5.0, -0.1, float("nan")])
def test_a_policy_that_is_surer_than_sure_abstains_and_is_told_of(confidence: float) -> None:
    told = Told()
    assert GuardedPolicy(Says(Prediction("action_mine", confidence, "Says"), 1), told).predict(Tracker()) is None
    [(name, error)] = told
    assert (name, type(error)) == ("policy Says", ValueError)


def test_a_slip_is_told_once_and_what_holds_up_the_loop_once_a_minute() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    slip, other = (UnknownSlot(name, Domain()) for name in ("kake", "caek"))
    assert [repeats.is_new("action_a", error) for error in (slip, slip, other)] == [True, False, True]
    assert repeats.is_new("action_b", slip)
    assert [repeats.is_new("action_a", held_up(seconds)) for seconds in (1, 2)] == [True, False]
    clock.at += 3_600
    assert repeats.is_new("action_a", held_up(1))
    assert not repeats.is_new("action_a", slip)
