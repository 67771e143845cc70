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


def in_digits(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `2026-11-03`, `3/11/2026`, `03.11.26`, `3/11`, `11/2026`."""
    parts, end = _digit_groups(tokens, at)
    if len(parts) == 3:
        year_first = len(parts[0]) == 4
        first, second = (parts[1], parts[2]) if year_first else (parts[0], parts[1])
        day, month = (int(second), int(first)) if year_first else _day_and_month(first, second, reference)
        return Dated(end, unit(datetime(year_of(parts[0] if year_first else parts[2]), month, day), "day"))
    if len(parts) < 2 or tokens.words[at + 1] != "/":
        return None
    if len(parts[1]) == 4:
        return Dated(end, unit(datetime(int(parts[1]), int(parts[0]), 1), "month"))
    if max(len(part) for part in parts) > 2 or _is_share(tokens, at, end, led) or parts == ["24", "7"]:
        return None
    day, month = _day_and_month(parts[0], parts[1], reference)
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def _is_share(tokens: Tokens, at: int, end: int, led: bool) -> bool:
    """Whether it is not a day and a month: `1/2`, `1/5 of a percent`, `8/10 would recommend`, `flat 12/3`."""
    if tokens.words[end] == "of" and tokens.words[end + 1] in _WHOLES:
        return True
    share = (int(tokens.words[at]), int(tokens.words[at + 2])) in _SHARES
    numbered = at > 0 and tokens.words[at - 1] in _NUMBERED
    return not led and (share or numbered or tokens.words[end] in _RATED)


def _day_and_month(first: str, second: str, reference: Reference) -> tuple[int, int]:
    """Return day and month in the order of the habits, or in the other order if only that exists."""
    day, month = (int(first), int(second)) if reference.habits.day_first else (int(second), int(first))
    return (month, day) if month > 12 >= day else (day, month)


def _digit_groups(tokens: Tokens, at: int) -> tuple[list[str], int]:
    """Return up to three groups of digits joined by the same mark, and where they end; no groups if more follow."""
    if not tokens.has_digits(at) or (tokens.glued(at) and tokens.words[at - 1] in {"/", "-", ".", ":"}):
        return [], at
    mark, parts, end = tokens.words[at + 1], [tokens.words[at]], at + 1
    while mark in {"/", "-", "."} and tokens.words[end] == mark and tokens.glued(end) and tokens.glued(end + 1):
        if not tokens.has_digits(end + 1):
            break
        parts.append(tokens.words[end + 1])
        end += 2
    sizes = [len(part) for part in parts]
    fits = len(parts) <= 3 and (sizes[0] in {1, 2, 4} and max(sizes[1:], default=0) <= 4)
    if len(parts) == 3:
        fits = fits and sizes[1] <= 2 and (sizes[2] <= 2 if sizes[0] == 4 else sizes[2] in {2, 4})
        fits = fits and not (mark == "-" and sizes == [2, 2, 2])  # a sort code
    return (parts, end) if fits else ([], at)


def year_of(digits: str) -> int:
    """Return the year that two or four digits mean: for two, 1970 to 2069."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)
