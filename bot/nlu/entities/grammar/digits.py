"""Dates in digits: `2026-11-03`, `3/11/2026`, `03.11.26`, `3/11`, `11/2026`."""

from __future__ import annotations

from datetime import datetime

from bot.nlu.entities.grammar.calendar import Reference, unit
from bot.nlu.entities.grammar.dated import Dated, nearest_day
from bot.nlu.entities.grammar.tokens import Tokens


def in_digits(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `2026-11-03`, `3/11/2026`, `03.11.26`, `3/11`, `11/2026`."""
    parts, end = _digit_groups(tokens, at)
    if len(parts) < 2:
        return None
    mark = tokens.words[at + 1]
    if len(parts) == 3 and len(parts[0]) == 4:
        return Dated(end, unit(datetime(int(parts[0]), int(parts[1]), int(parts[2])), "day"))
    if len(parts) == 2 and mark == "/" and len(parts[1]) == 4:
        return Dated(end, unit(datetime(int(parts[1]), int(parts[0]), 1), "month"))
    if len(parts) == 2 and (mark != "/" or any(len(part) > 2 for part in parts)):
        return None
    day, month = (int(parts[0]), int(parts[1])) if reference.habits.day_first else (int(parts[1]), int(parts[0]))
    if month > 12 and day <= 12:
        day, month = month, day
    if len(parts) == 2:
        return Dated(end, unit(nearest_day(month, day, reference), "day")) if day and month else None
    return Dated(end, unit(datetime(_full_year(parts[2]), month, day), "day"))


def _digit_groups(tokens: Tokens, at: int) -> tuple[list[str], int]:
    """Give up to three groups of digits joined by one and the same mark; nothing if more of the kind follows."""
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


def _full_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)
