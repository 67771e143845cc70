"""How money and dates are written for reading: `£1,234.56`, `3 Nov 2026`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from .bank.money import minor_digits

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_money(minor: int, currency: str = "GBP") -> str:
    """An amount in minor units (pence) for reading: `£1,234.56`, `-£0.05`, `CHF 12.00`, `¥1,200`. Never rounds."""
    digits = minor_digits(currency)
    whole, part = divmod(abs(minor), 10**digits)
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    fraction = f".{part:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{symbol}{whole:,}{fraction}"


def format_date(day: date) -> str:
    """A date for reading: `3 Nov 2026`; of a datetime, its own date."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_moment(moment: datetime) -> str:
    """A time (aware) for reading: `3 Nov 2026, 14:05 UTC`."""
    in_utc = moment.astimezone(UTC)
    return f"{format_date(in_utc)}, {in_utc:%H:%M} UTC"


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written with spaces between them."""
    return frozenset(words.split())
