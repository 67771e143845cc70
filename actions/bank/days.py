"""The days of the bank and of its customers, who share a time zone: which day a moment belongs to, and when it begins.

It is the zone that config.yml tells the grammar, so that "today" is one day for what is said, asked and answered.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIMEZONE: Final = "Europe/London"


def _zone() -> tzinfo:
    """The zone; UTC on a system that knows no zones, as the grammar has it."""
    try:
        return ZoneInfo(TIMEZONE)
    except ZoneInfoNotFoundError:
        return UTC


_ZONE: Final = _zone()
_CLEAN_OFFSETS: Final = 1900
"""The year since which zones are whole minutes away from UTC; a bank need not read an offset with seconds."""


def day_of(moment: datetime) -> date:
    """The day of a moment (aware)."""
    return moment.astimezone(_ZONE).date()


def day_start(day: date) -> datetime:
    """When a day begins, with its zone: an hour before midnight in UTC during summer."""
    return datetime(day.year, day.month, day.day, tzinfo=_ZONE if day.year >= _CLEAN_OFFSETS else UTC)
