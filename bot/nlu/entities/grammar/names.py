"""The calendar's names in English: weekdays, months, feasts, seasons and parts of the day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final


def _table(names: str, first: int) -> dict[str, int]:
    """Number the comma-separated groups of names from `first`."""
    return {name: number for number, group in enumerate(names.split(","), start=first) for name in group.split()}


WEEKDAYS: Final = _table(
    "monday mon mondays,tuesday tue tues tuesdays,wednesday wed weds wednesdays wensday wendsday,"
    "thursday thu thur thurs thursdays,friday fri fridays,saturday sat saturdays,sunday sun sundays",
    0,
)
MONTHS: Final = _table(
    "january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,september sep sept,october oct,"
    "november nov,december dec",
    1,
)
UNSURE: Final = frozenset({"may", "mar", "apr", "jan", "mon", "wed", "weds", "sat", "sun"})
"""Names that are also other words or people's names; alone they count only if a date is expected, or capitalised."""

SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month in which each season begins (meteorological seasons: three whole months)."""

PARTS_OF_DAY: Final = {
    "morning": (4, 12),
    "lunchtime": (12, 14),
    "afternoon": (12, 19),
    "evening": (18, 24),
    "night": (18, 24),
}
"""The hours at which the parts of a day begin and end, as in Duckling."""

ZONES: Final = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "bst": 60,
    "cet": 60,
    "cest": 120,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "pst": -480,
    "pdt": -420,
}
"""Offsets of time zones from UTC in minutes; `z` is ISO 8601's."""

_FEASTS: Final = {
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's": (1, 1),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
    "halloween": (10, 31),
    "bonfire night": (11, 5),
}
_EASTER: Final = {"good friday": -2, "easter sunday": 0, "easter monday": 1, "easter": 0}

FEASTS: Final[dict[str, list[tuple[tuple[str, ...], str]]]] = {}
"""Feasts by their first word: each one's words and name, longest first."""
for _name in sorted((*_FEASTS, *_EASTER), key=len, reverse=True):
    _words = tuple(_name.replace("'", " ' ").split())
    FEASTS.setdefault(_words[0], []).append((_words, _name))


def feast(name: str, year: int) -> date:
    """Return the day of a feast in a year."""
    if name in _FEASTS:
        return date(year, *_FEASTS[name])
    return easter(year) + timedelta(days=_EASTER[name])


def easter(year: int) -> date:
    """Return Easter Sunday (Gregorian computus; Meeus, Jones and Butcher, Nature 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
