"""Times of a tracker's events: all events of a turn have its time, so one entry per turn is enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TypeAlias

from bot.dialogue.events import Event, UserUttered

Times: TypeAlias = tuple[tuple[int, float], ...]
"""Pairs of the number of events and their time (seconds since 1970, UTC), oldest first."""


def without_first(times: Times, count: int) -> Times:
    """The times without those of the first `count` events."""
    for first, (number, at) in enumerate(times):
        if number > count:
            return ((number - count, at), *times[first + 1 :]) if count else times[first:]
        count -= number
    return ()


def each(times: Times) -> Iterator[float]:
    """The time of each event, in order."""
    for number, at in times:
        yield from repeat(at, number)


def user_spoke_at(events: Sequence[Event], times: Times) -> float | None:
    """The time of the latest user message among the events, whose times are `times`; None if there is none."""
    behind = 0
    for event in reversed(events):
        if type(event) is UserUttered:
            break
        behind += 1
    for number, at in reversed(times):
        behind -= number
        if behind < 0:
            return at
    return None
