"""Days in the time zone that the bank and its customers share: the day of a moment, and when a day begins.

It is the zone that config.yml gives the grammar, so that "today" is the same day in messages, queries and replies.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIMEZONE: Final = "Europe/London"


def _zone() -> tzinfo:
    """The zone; UTC on a system without time zone data, as in the grammar."""
    try:
        return ZoneInfo(TIMEZONE)
    except ZoneInfoNotFoundError:
        return UTC


_ZONE: Final = _zone()
_CLEAN_OFFSETS: Final = 1900
"""The year from which all zones differ from UTC by whole minutes; a bank need not understand offsets with seconds."""


def day_of(moment: datetime) -> date:
    """The day of a moment (aware)."""
    return moment.astimezone(_ZONE).date()


def day_start(day: date) -> datetime:
    """When a day begins, with its zone; in summer, that is an hour before midnight in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=_ZONE if day.year >= _CLEAN_OFFSETS else UTC)
