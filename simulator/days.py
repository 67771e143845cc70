"""The bank's time zone: what it books belongs to a day in London, wherever its clock is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _zone() -> tzinfo:
    """London's; UTC on a system that knows no zones."""
    try:
        return ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        return UTC


ZONE: Final = _zone()


def day_of(moment: datetime) -> date:
    """The bank's day of a moment (aware)."""
    return moment.astimezone(ZONE).date()
