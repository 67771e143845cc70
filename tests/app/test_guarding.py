"""What plugins bring into every turn is timed: what holds up all conversations is told, once in a while."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.app.guarding import LONGEST, Guard


class Clock:
    """Seconds that pass when they are told to."""

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
    assert guard.ask(clock.passes(LONGEST / 2), "") == "said"
    assert told == []
    for _ in range(3):
        assert guard.ask(clock.passes(2 * LONGEST), "") == "said"
    [(name, error)] = told
    assert name == "policy Slow"
    assert isinstance(error, TimeoutError)
    assert str(error).startswith("it held up all conversations for 1.0 seconds")
    clock.at += 3_600
    guard.ask(clock.passes(2 * LONGEST), "")
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
