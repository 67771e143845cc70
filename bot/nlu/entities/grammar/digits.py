"""Dates in digits: `2026-11-03`, `3/11/2026`, `03.11.26`, `3/11`, `11/2026`."""

from __future__ import annotations

from datetime import datetime

from bot.nlu.entities.grammar.calendar import Reference, unit
from bot.nlu.entities.grammar.dated import Dated, nearest_day
from bot.nlu.entities.grammar.tokens import Tokens, listed

_SHARES = frozenset({(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)})
"""Pairs that are a fraction (1/2) rather than a day and a month, unless a date is expected."""

_WHOLES = listed("a an all my our your")
_RATED = listed("star stars would rating rated score scored marks points")
"""Words after a rating in points."""
_NUMBERED = listed("flat apartment apt unit room suite house plot")
"""Words before a name made of two numbers with a slash."""


def in_digits(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `2026-11-03`, `3/11/2026`, `03.11.26`, `3/11`, `11/2026`."""
    parts, end = _digit_groups(tokens, at)
    if len(parts) == 3:
        return Dated(end, unit(_full_date(parts, reference), "day"))
    if len(parts) < 2 or tokens.words[at + 1] != "/":
        return None
    first, second = parts
    if len(second) == 4:
        return Dated(end, unit(datetime(int(second), int(first), 1), "month"))
    if len(first) > 2 or len(second) > 2 or parts == ["24", "7"] or _is_share(tokens, at, end, expected):
        return None
    day, month = _day_and_month(first, second, reference)
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def _full_date(parts: list[str], reference: Reference) -> datetime:
    """Return the day that three groups of digits mean; four digits at the beginning are the year."""
    first, second, third = parts
    if len(first) == 4:
        return datetime(int(first), int(second), int(third))
    day, month = _day_and_month(first, second, reference)
    return datetime(year_of(third), month, day)


def _is_share(tokens: Tokens, at: int, end: int, expected: bool) -> bool:
    """Whether it is not a day and a month: `1/2`, `1/5 of a percent`, `8/10 would recommend`, `flat 12/3`."""
    if tokens.words[end] == "of" and tokens.words[end + 1] in _WHOLES:
        return True
    share = (int(tokens.words[at]), int(tokens.words[at + 2])) in _SHARES
    numbered = tokens.before(at) in _NUMBERED
    return not expected and (share or numbered or tokens.words[end] in _RATED)


def _day_and_month(first: str, second: str, reference: Reference) -> tuple[int, int]:
    """Return day and month in the order of the habits, or in the other order if only that exists."""
    day, month = (int(first), int(second)) if reference.habits.day_first else (int(second), int(first))
    return (month, day) if month > 12 >= day else (day, month)


def _digit_groups(tokens: Tokens, at: int) -> tuple[list[str], int]:
    """Return up to three groups of digits joined by the same mark, and where they end; no groups if more follow."""
    if not tokens.has_digits(at) or (tokens.glued(at) and tokens.words[at - 1] in {"/", "-", ".", ":"}):
        return [], at
    mark = tokens.words[at + 1]
    parts, end = [tokens.words[at]], at + 1
    while mark in {"/", "-", "."} and tokens.words[end] == mark and tokens.joins_digits(end):
        parts.append(tokens.words[end + 1])
        end += 2
    return (parts, end) if _can_be_date([len(part) for part in parts], mark) else ([], at)


def _can_be_date(sizes: list[int], mark: str) -> bool:
    """Whether groups of these sizes can be (part of) a date; `12-34-56` is a sort code."""
    if len(sizes) > 3 or sizes[0] not in {1, 2, 4} or max(sizes) > 4:
        return False
    if len(sizes) < 3:
        return True
    if sizes[1] > 2 or (mark == "-" and sizes == [2, 2, 2]):
        return False
    return sizes[2] <= 2 if sizes[0] == 4 else sizes[2] in {2, 4}


def year_of(digits: str) -> int:
    """Return the year that two or four digits mean: for two, 1970 to 2069."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)
