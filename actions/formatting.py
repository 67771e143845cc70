"""Formats money, dates and lists for people: `£1,234.56`, `3 Nov 2026`, `“a”, “b” and “c”`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from .bank.money import minor_digits

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""The names of the months, starting with January."""


def format_money(minor: int, currency: str = "GBP") -> str:
    """An amount in minor units (pence) for reading: `£1,234.56`, `-£0.05`, `CHF 12.00`, `¥1,200`. Never rounds."""
    digits = minor_digits(currency)
    whole, part = divmod(abs(minor), 10**digits)
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    fraction = f".{part:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{symbol}{whole:,}{fraction}"


def format_sums(sums: Iterable[tuple[int, str]]) -> str:
    """Amounts of several currencies (minor units, currency) in a sentence: `£5.00 and €2.00`; `£0.00` if none."""
    return _in_a_row([format_money(minor, currency) for minor, currency in sums] or [format_money(0)])


def in_words(phrases: Iterable[str]) -> str:
    """Phrases or names as a list in a sentence: `“a”, “b” and “c”`; empty if there are none."""
    return _in_a_row([f"“{phrase}”" for phrase in phrases])


def format_date(day: date, today: date | None = None) -> str:
    """A date for reading: `3 Nov 2026`, or `3 Nov` if it is in the year of `today`; a datetime gives its own date."""
    year = "" if today and day.year == today.year else f" {day.year}"
    return f"{day.day} {MONTHS[day.month - 1][:3]}{year}"


def format_moment(moment: datetime) -> str:
    """A time (aware) for reading: `3 Nov 2026, 14:05 UTC`."""
    in_utc = moment.astimezone(UTC)
    return f"{format_date(in_utc)}, {in_utc:%H:%M} UTC"


def _in_a_row(said: Sequence[str]) -> str:
    if len(said) < 2:
        return "".join(said)
    return f"{', '.join(said[:-1])} and {said[-1]}"
