"""The bank's time zone: entries belong to a day in London, wherever the bank runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _zone() -> tzinfo:
    """London's time zone; UTC on a system without time zone data."""
    try:
        return ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        return UTC


ZONE: Final = _zone()


def day_of(moment: datetime) -> date:
    """The bank's date at a moment (aware)."""
    return moment.astimezone(ZONE).date()
