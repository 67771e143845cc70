"""What rules for times share: their result, their shape, and days whose year is not said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from bot.nlu.entities.grammar.calendar import Reference, When
from bot.nlu.entities.grammar.tokens import Tokens


class Dated(NamedTuple):
    """A stretch of time whose phrase ends before token `end`."""

    end: int
    when: When


DateRule = Callable[[Tokens, int, Reference, bool], Dated | None]
"""A rule reads what begins at a token; the last argument says that a date is expected there."""


def nearest_day(month: int, day: int, reference: Reference) -> datetime:
    """Give the month and day in the latest year up to today, or the first from today on."""
    today = reference.today
    step = -1 if reference.past else 1
    for years in range(9):  # 29 February may be eight years away
        try:
            candidate = today.replace(year=today.year + step * years, month=month, day=day)
        except ValueError:
            continue
        if (candidate <= today) if reference.past else (candidate >= today):
            return candidate
    raise ValueError("no such day")
