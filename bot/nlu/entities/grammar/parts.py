"""Parts of longer periods: `the end of last month`, `the last Friday of March`, `the week of 6 October`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.nlu.entities.grammar.calendar import Grain, Reference, add, coarse, floor, span, unit
from bot.nlu.entities.grammar.dated import Dated, DatePart, DateRule
from bot.nlu.entities.grammar.dates import bare_year, day_first, month_first, quarter
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.names import WEEKDAYS
from bot.nlu.entities.grammar.numbers import ORDINAL_WORDS, ordinal
from bot.nlu.entities.grammar.quantities import cycle
from bot.nlu.entities.grammar.shifts import shifted
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens

_ENDS: Final[Mapping[str, Grain]] = {"eod": "day", "eow": "week", "eom": "month", "eoy": "year"}


def edge(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `the start of the month`, `the end of 2025`, `the first day in March`, `EOM` as a day."""
    if tokens.words[at] in _ENDS:
        grain = _ENDS[tokens.words[at]]
        return Dated(at + 1, unit(add(floor(reference.now, grain), grain, 1) - timedelta(days=1), "day"))
    first = tokens.skip(at, ("the",))
    side, after = tokens.words[first], first + 1
    if side in {"first", "last"} and tokens.words[after] == "day":
        after += 1
    elif side not in {"start", "beginning", "end"}:
        return None
    whole = _whole(tokens, after + 1, reference) if tokens.words[after] in {"of", "in"} else None
    if whole is None or whole.when.start is None or whole.when.end is None:
        return None
    day = whole.when.start if side in {"start", "beginning", "first"} else whole.when.end - timedelta(days=1)
    return Dated(whole.end, unit(floor(day, "day"), "day"))


def _whole(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read the period that the part belongs to: `the month`, `last year`, `March 2025`, `Q3`, `2025`."""
    first = tokens.skip(at, ("the",))
    grain = cycle(tokens, first)
    if grain and coarse(grain):
        return Dated(first + 1, unit(floor(reference.now, grain), grain))
    for rule in (month_first, shifted, quarter, bare_year):
        if found := rule(tokens, first, reference, True):
            return found
    return None


def nth(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `the first Tuesday of October`, `the second week in May`, `the first half of 2025`."""
    which = _which(tokens, tokens.skip(at, ("the",)))
    if which is None:
        return None
    name, joint = tokens.words[which.end], tokens.words[which.end + 1]
    if which.value in {1, 2} and name == "half" and joint == "of":
        return _half(which.value, _whole(tokens, which.end + 2, reference))
    if joint not in {"of", "in"} or (name != "week" and name not in WEEKDAYS):
        return None
    whole = _whole(tokens, which.end + 2, reference)
    if whole is None or whole.when.start is None or whole.when.end is None:
        return None
    day = _nth_weekday(whole.when.start, whole.when.end, WEEKDAYS.get(name, 0), which.value)
    within = whole.when.start <= day < whole.when.end
    return Dated(whole.end, unit(day, "week" if name == "week" else "day")) if within else None


def _which(tokens: Tokens, at: int) -> DatePart | None:
    """Read an ordinal up to the fifth, or `last` as -1."""
    if tokens.words[at] == "last":
        return DatePart(at + 1, -1)
    number = ordinal(tokens, at)
    return DatePart(number.end, int(number.value)) if number and 1 <= number.value <= 5 else None


def _half(which: int, whole: Dated | None) -> Dated | None:
    """Return the first or second half of a period; a year's second half begins in July."""
    if whole is None or whole.when.start is None or whole.when.end is None:
        return None
    start, end, grain = whole.when.start, whole.when.end, whole.when.grain
    middle = add(start, "month", 6) if grain == "year" else floor(start + (end - start) / 2, "day")
    halved: Grain = "month" if grain == "year" else "day"
    return Dated(whole.end, span(start, middle, halved) if which == 1 else span(middle, end, halved))


def _nth_weekday(start: datetime, end: datetime, weekday: int, count: int) -> datetime:
    if count > 0:
        return start + timedelta(days=(weekday - start.weekday()) % 7 + 7 * (count - 1))
    last = end - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def week_of(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `the week of 6 October`, `week commencing 3/11/2026`."""
    first = tokens.skip(at, ("the",))
    if tokens.words[first] != "week" or tokens.words[first + 1] not in {"of", "commencing", "beginning", "starting"}:
        return None
    for rule in (in_digits, day_first, month_first):
        day = rule(tokens, first + 2, reference, True)
        if day and day.when.start and day.when.grain == "day":
            return Dated(day.end, unit(floor(day.when.start, "week"), "week"))
    return None


_THIRDS: Final = {"early": 0, "mid": 1, "late": 2}


def third(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `early March`, `mid October 2025`, `late May`: from the 1st, 11th or 21st, as in Duckling."""
    which = _THIRDS.get(tokens.words[at])
    if which is None:
        return None
    month = month_first(tokens, tokens.skip(at + 1, ("-",)), reference, True)
    if month is None or month.when.grain != "month" or not month.when.start or not month.when.end:
        return None
    start = month.when.start + timedelta(days=10 * which)
    return Dated(month.end, span(start, month.when.end if which == 2 else start + timedelta(days=10), "day"))


RULES: Final[Mapping[DateRule, frozenset[str]]] = {
    edge: frozenset(_ENDS) | {"the", "start", "beginning", "end", "first", "last"},
    nth: ORDINAL_WORDS | {DIGITS, "the", "last"},
    week_of: frozenset({"the", "week"}),
    third: frozenset(_THIRDS),
}
"""The rules for parts of periods, and the words that each can begin with."""
