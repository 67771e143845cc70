"""Shared by the rules for times: their result, their signature, and days without a year."""

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
"""A rule reads what begins at a token; the last argument says whether a date is expected there."""


def nearest_day(month: int, day: int, reference: Reference) -> datetime:
    """Return the latest such day up to today, or when leaning to the future, the first from today on."""
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
