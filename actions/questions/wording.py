"""Describes filters in English, so that a customer sees what was counted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from ..formatting import MONTHS, format_date, format_money
from .accounts import kind_word
from .periods import Period, floor, step
from .question import Direction, Filters, Order
from .selection import INCOME, PEOPLE

_ACCOUNTS: Final = {
    "current": "your current account",
    "savings": "your savings account",
    "credit card": "your credit card",
}
_NOUNS: Final[Mapping[Direction | None, tuple[str, str]]] = {
    "in": ("payment received", "payments received"),
    "out": ("payment", "payments"),
    None: ("transaction", "transactions"),
}
WHICH: Final[Mapping[Order | None, str]] = {
    None: "latest",
    "largest": "largest",
    "smallest": "smallest",
    "oldest": "first",
}
"""The adjective for the transactions that an order puts first."""

_BESIDE_ACCOUNT: Final = {"in": "into", "out": "from"}


def describe(filters: Filters, today: date, *, to_people: bool = False) -> str:
    """The filters as words after a noun: "on groceries at Tesco over £50 in October 2026"; empty if there are none.

    `to_people` says that the name is a person's, not a shop's: "to Anna".
    """
    return " ".join(part for part in _parts(filters, today, "to" if to_people else "at") if part)


def noun(filters: Filters, count: int) -> str:
    """The noun for `count` such transactions."""
    return _NOUNS[filters.direction][count != 1]


def say_period(period: Period, today: date) -> str:
    """A period in words: "in October 2026", "on 2 Nov 2026", "since 1 Oct 2026", "from 3 to 9 Oct 2026"."""
    start, last = period.start, period.end and period.end - timedelta(days=1)
    if start is None or start == date.min:
        return f"until {format_date(last)}" if last else ""
    if last is None:
        return f"since {format_date(start)}"
    if start == last:
        return f"on {format_date(start)}"
    if named := _named(period):
        return f"in {named}" if last <= today else f"so far in {named}"
    if last >= today:
        return f"since {format_date(start)}"
    return f"from {format_date(start)} to {format_date(last)}"


def _named(period: Period) -> str | None:
    """The name of a whole calendar month or year; None for any other period."""
    start = period.start
    if start is None or start.day != 1:
        return None
    if period.end == step(start, "month", 1):
        return f"{MONTHS[start.month - 1]} {start.year}"
    if start == floor(start, "year") and period.end == step(start, "year", 1):
        return str(start.year)
    return None


def _parts(filters: Filters, today: date, beside_name: str) -> Iterator[str]:
    if filters.category == PEOPLE:
        yield "from people" if filters.direction == "in" else "to people"
    elif filters.category:
        comes_in = filters.direction == "in" or filters.category in INCOME
        yield f"as {filters.category}" if comes_in else f"on {filters.category}"
    if filters.merchant:
        yield f"from {filters.merchant}" if filters.direction == "in" else f"{beside_name} {filters.merchant}"
    yield _say_amounts(filters.at_least, filters.at_most)
    if filters.account:
        name = _ACCOUNTS.get(kind_word(filters.account) or "", f"your account “{filters.account}”")
        yield f"{_BESIDE_ACCOUNT.get(filters.direction or '', 'on')} {name}"
    if filters.period:
        yield say_period(filters.period, today)


def _say_amounts(at_least: int | None, at_most: int | None) -> str:
    """The bounds as they were most likely said: a penny beyond whole pounds means "over" or "under"."""
    if at_least is not None and at_most is not None:
        low, high = format_money(at_least), format_money(at_most)
        return f"of {low}" if at_least == at_most else f"between {low} and {high}"
    if at_least is not None:
        over = at_least % 100 == 1
        return f"over {format_money(at_least - 1)}" if over else f"of {format_money(at_least)} or more"
    if at_most is not None:
        under = at_most % 100 == 99
        return f"under {format_money(at_most + 1)}" if under else f"of {format_money(at_most)} or less"
    return ""
