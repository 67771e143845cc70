"""How money and dates are written for reading: `£1,234.56`, `3 Nov 2026`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from .bank.money import minor_digits

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""The names of the months, from January on."""


def format_money(minor: int, currency: str = "GBP") -> str:
    """An amount in minor units (pence) for reading: `£1,234.56`, `-£0.05`, `CHF 12.00`, `¥1,200`. Never rounds."""
    digits = minor_digits(currency)
    whole, part = divmod(abs(minor), 10**digits)
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    fraction = f".{part:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{symbol}{whole:,}{fraction}"


def format_sums(sums: Iterable[tuple[int, str]]) -> str:
    """Amounts of several currencies (minor units, currency) in a sentence: `£5.00 and €2.00`; nothing is `£0.00`."""
    said = [format_money(minor, currency) for minor, currency in sums] or [format_money(0)]
    return " and ".join([*([", ".join(said[:-1])] if said[1:] else []), said[-1]])


def format_date(day: date) -> str:
    """A date for reading: `3 Nov 2026`; of a datetime, its own date."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def format_moment(moment: datetime) -> str:
    """A time (aware) for reading: `3 Nov 2026, 14:05 UTC`."""
    in_utc = moment.astimezone(UTC)
    return f"{format_date(in_utc)}, {in_utc:%H:%M} UTC"
