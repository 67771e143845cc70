"""Which transactions a question means, and what they add up to: pure functions of the bank's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from ..bank import Transaction
from .names import plain_words
from .periods import Period
from .question import Direction, Filters

TRANSFERS: Final = "transfers"
"""The bank's category for moves between the customer's own accounts and investments."""

PEOPLE: Final = "payments"
"""The bank's category for money to or from a person."""

INCOME: Final = ("income", "interest")
"""The bank's categories of money that only comes in."""

CATEGORIES: Final = (
    *("groceries", "eating out", "transport", "bills", "shopping", "entertainment", "housing"),
    *(*INCOME, TRANSFERS),
)
"""All of the bank's categories."""

USUAL_ROWS: Final = 10
"""How many transactions are listed if neither a number nor a period was asked for."""

USUAL_DAYS: Final = 30
"""How many days before today a sum covers, in addition to today, if no period was asked for."""

LOOK_BACK: Final = timedelta(days=730)
"""How far back a period without a beginning is searched."""


class Sum(NamedTuple):
    """An amount in the minor units of its currency."""

    minor: int
    currency: str


def select(transactions: Iterable[Transaction], filters: Filters) -> list[Transaction]:
    """The transactions that pass the filters (`count` and `account` aside), newest first, or as `order` says.

    Transactions with the same time keep their order.
    """
    passed = [t for t in transactions if _passes(t, filters)]
    newest = sorted(passed, key=lambda t: t.booked_at, reverse=True)
    if filters.order is None:
        return newest
    if filters.order == "oldest":
        return newest[::-1]
    sign = -1 if filters.order == "largest" else 1
    return sorted(newest, key=lambda t: (t.currency != "GBP", t.currency, sign * abs(t.minor)))


def counts_own_transfers(filters: Filters) -> bool:
    """Whether moves between own accounts belong in the answer.

    They are neither spending nor income, so "money in" and "money out" leave them out, unless the question is about
    them by category or by name, or about what was paid into one account.
    """
    if filters.category == TRANSFERS or filters.merchant is not None or filters.direction is None:
        return True
    return filters.direction == "in" and filters.account is not None


def without_own_moves(transactions: Sequence[Transaction], filters: Filters) -> Sequence[Transaction]:
    """The transactions that belong in the answer to these filters, in the same order."""
    if counts_own_transfers(filters):
        return transactions
    return [t for t in transactions if t.category != TRANSFERS]


def totals(transactions: Iterable[Transaction]) -> list[Sum]:
    """The sums of amounts of one direction, without sign, one per currency, pounds first.

    Different currencies are never added up.
    """
    sums: Counter[str] = Counter()
    for transaction in transactions:
        sums[transaction.currency] += transaction.minor
    return [Sum(abs(sums[currency]), currency) for currency in sorted(sums, key=_pounds_first)]


def differences(sums: Iterable[Sum], others: Iterable[Sum]) -> list[Sum]:
    """By how much the sums exceed the others (negative if they are less), for each currency in which they differ."""
    left: Counter[str] = Counter()
    for sign, side in ((1, sums), (-1, others)):
        for amount in side:
            left[amount.currency] += sign * amount.minor
    return [Sum(left[currency], currency) for currency in sorted(left, key=_pounds_first) if left[currency]]


def direction_of(filters: Filters) -> Direction:
    """The direction of a sum: money out, unless the category only comes in."""
    return filters.direction or ("in" if filters.category in INCOME else "out")


def goes_to_people(transactions: Sequence[Transaction]) -> bool:
    """Whether there are any and all went to people: a reply says "at" a shop, but "to" a person."""
    return bool(transactions) and all(t.category == PEOPLE and t.minor < 0 for t in transactions)


def usual_period(today: date) -> Period:
    """The period of a sum if none is named."""
    return Period(today - timedelta(days=USUAL_DAYS), today + timedelta(days=1))


def bounds(period: Period, today: date) -> tuple[date, date]:
    """The days to ask the bank for, half-open: until today at most, and for `LOOK_BACK` if the beginning is open."""
    until = min(period.end or today + timedelta(days=1), today + timedelta(days=1))
    return min(period.start or until - LOOK_BACK, until), until


def windows(until: date) -> Sequence[date]:
    """The beginnings of ever longer periods to search for "my last 5 payments"; the first mostly suffices."""
    return [until - timedelta(days=days) for days in (62, 366)] + [until - LOOK_BACK]


def _pounds_first(currency: str) -> tuple[bool, str]:
    return currency != "GBP", currency


def _passes(transaction: Transaction, filters: Filters) -> bool:
    amount = abs(transaction.minor)
    bounded = filters.at_least is not None or filters.at_most is not None
    return (
        (filters.direction is None or (transaction.minor > 0) == (filters.direction == "in"))
        and (filters.period is None or transaction.day in filters.period)
        and (not bounded or transaction.currency == "GBP")
        and (filters.at_least is None or amount >= filters.at_least)
        and (filters.at_most is None or amount <= filters.at_most)
        and (filters.category is None or _same(transaction.category, filters.category))
        and (filters.merchant is None or is_from(transaction, filters.merchant))
    )


def is_from(transaction: Transaction, merchant: str) -> bool:
    """Whether the shop's name begins with the words of `merchant`: "Costa" is Costa Coffee, "Shell" is not Seashell."""
    wanted = plain_words(merchant)
    names = (transaction.merchant, transaction.description)
    return bool(wanted) and any(name and plain_words(name)[: len(wanted)] == wanted for name in names)


def _same(category: str | None, wanted: str) -> bool:
    return category is not None and category.casefold() == wanted.casefold()
