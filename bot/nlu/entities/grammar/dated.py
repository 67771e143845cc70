"""Shared by the rules for times: their result, their signature, and days without a year."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from bot.nlu.entities.grammar.calendar import Reference, When, add, floor
from bot.nlu.entities.grammar.tokens import Tokens


class Dated(NamedTuple):
    """A stretch of time whose phrase ends before token `end`."""

    end: int
    when: When


class DatePart(NamedTuple):
    """A year, a day of the month or a count, as a number, from a phrase that ends before token `end`."""

    end: int
    value: int


DateRule = Callable[[Tokens, int, Reference, bool], Dated | None]
"""A rule reads what begins at a token; the last argument says whether a date is expected there."""


def end_of_name(tokens: Tokens, at: int) -> int:
    """Return where the name of a month or weekday ends: after the point of an abbreviation, as in `Oct.`."""
    return tokens.skip(at + 1, (".",)) if len(tokens.words[at]) < 5 else at + 1


def nearest_day(month: int, day: int, reference: Reference) -> datetime:
    """Return the latest such day up to today, or when leaning to the future, the first from today on."""
    first = reference.today.replace(day=1, month=month)
    years = range(9)  # 29 February may be eight years away
    return _nearest_with(day, (add(first, "year", reference.direction * count) for count in years), reference)


def day_of_month(day: int, reference: Reference) -> datetime:
    """Return the latest such day of a month up to today, or when leaning to the future, the first from today on."""
    first = floor(reference.now, "month")
    return _nearest_with(day, (add(first, "month", reference.direction * count) for count in range(3)), reference)


def _nearest_with(day: int, months: Iterable[datetime], reference: Reference) -> datetime:
    """Return the day in the first of the months that has it on the right side of today; today counts for both."""
    for month in months:
        if day <= monthrange(month.year, month.month)[1]:
            candidate = month.replace(day=day)
            if candidate == reference.today or (candidate < reference.today) == reference.past:
                return candidate
    raise ValueError("no such day")
