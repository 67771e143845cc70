"""Where most of the money went: what a question wants it grouped by, and the sum of each group. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from ..bank import Transaction
from ..formatting import MONTHS, format_date
from ..text import GREATEST, is_payload, pattern
from .periods import Period, floor, step
from .question import Filters, Group
from .selection import totals

UNNAMED: Final = "other"
"""The group of transactions without a category or account name."""

_MONTHS_BACK: Final = 12

_MOST: Final = pattern(
    r"\b(?:spen[dt]|spending|pa(?:y|id)|went|going|goes|gone|go|costs?|sets?(?:\s+(?:me|us))?\s+back)"
    r"\s+(?:(?:me|us)\s+)?(?:back\s+)?(?:the\s+)?most\b(?!\s+(?:recent|expensive))"
    r"|\bmost\s+(?:of\s+)?(?:(?:my|the|our|all)\s+)?(?:money|cash|spending|spend|spent|wages|salary|pay|income)\b"
    r"|\b(?:which|what)\s+(?:\w+\s+){1,2}?(?:do|did|have|has|was|were|am|are|cost|costs|took|takes)\b.*\bmost\b"
    r"(?!\s+(?:recent|expensive))"
)
_PARTS: Final = pattern(
    r"\b(?:break(?:ing)?\s*(?:\w+\s+){0,3}?down|breakdown|broken down|split up|split)\b"
    r"|\bwhere(?:['’]?s| is| did| does| has)?(?: all)?(?: of)? (?:my|the|our) (?:money|cash|wages|salary|pay)"
    r"(?: all)? (?:go|goes|went|gone|going|disappear)\b"
    r"|\b(?:by|per|each|every)\s+(?:category|categories|shop|shops|merchant|merchants|month|day)\b|\bmonth by month\b"
)
_PAY_WENT: Final = pattern(
    r"\bwhere\b(?:\W+\w+){0,5}?\W+(?:wages|salary|pay)(?: all)? (?:go|goes|went|gone|going|disappear)\b(?! in)"
)
_TOP: Final = pattern(
    rf"\b(?:top|{GREATEST})\s+(?:\w+\s+)?"
    r"(?:shops?|stores?|merchants?|places?|categor(?:y|ies)|months?|days?|accounts?)\b"
    r"|\b(?:which|what) (?:shop|store|place|category|month|day|account) (?:was|is|cost|costs)(?: (?:my|the|me))*"
    rf" {GREATEST}\b"
)
_ONE: Final = pattern(rf"\b{GREATEST} (?:\w+ )?(?:bill|payment|expense|purchase|transaction)\b")
"""Asks for a single largest item, rather than for sums."""

_WORDS: Final[Mapping[Group, re.Pattern[str]]] = {
    "month": pattern(r"\bmonths?\b(?<!last month)(?<!this month)(?<!a month)"),
    "day": pattern(r"\b(?:which|what|by|per|each|every|expensive|biggest|dearest|top) days?\b"),
    "account": pattern(r"\b(?:which|what|by|per|each) (?:accounts?|cards?)\b"),
    "merchant": pattern(
        r"\b(?:shops?|stores?|merchants?|compan(?:y|ies)|business(?:es)?|places?|people|whom?|most\W+(?:money\W+)?at)\b"
    ),
}


class Share(Struct, frozen=True):
    """The sum of one category, shop, month …: minor units of a currency, and the number of transactions."""

    name: str
    minor: int
    currency: str
    count: int


def grouped_by(text: str) -> Group | None:
    """What the question wants sums grouped by ("which month did I spend most"); None if it wants no grouping."""
    if is_payload(text) or _ONE.search(text) or not any(words.search(text) for words in (_MOST, _PARTS, _TOP)):
        return None
    return next((group for group, words in _WORDS.items() if words.search(text)), "category")


def top_phrase(text: str) -> tuple[int, int]:
    """The span of words like "my top five shops", where "shops" is not a category; (0, 0) if there are none.

    Nor is "wages" one in "where did my wages go", which asks what they were spent on.
    """
    found = _TOP.search(text) or _PAY_WENT.search(text)
    return found.span() if found else (0, 0)


def finer(filters: Filters) -> Group | None:
    """What to group sums by: within one category, by shop; None for a single shop, whose purchases are unknown."""
    if filters.by == "category" and filters.category:
        return "merchant"
    return None if filters.merchant and filters.by in ("category", "merchant") else filters.by


def months_back(today: date) -> Period:
    """The year up to today in whole months: the default period for a comparison of months."""
    return Period(step(floor(today, "month"), "month", 1 - _MONTHS_BACK), step(floor(today, "month"), "month", 1))


def shares(transactions: Iterable[Transaction], by: Group, accounts: Mapping[str, str]) -> list[Share]:
    """The sum of each group, the largest first; `accounts` maps ids to names."""
    grouped: dict[tuple[str, str], list[Transaction]] = defaultdict(list)
    for transaction in transactions:
        grouped[_name(transaction, by, accounts), transaction.currency].append(transaction)
    found = [Share(name, totals(group)[0].minor, currency, len(group)) for (name, currency), group in grouped.items()]
    return sorted(found, key=lambda share: (share.currency != "GBP", share.currency, -share.minor, share.name))


def _name(transaction: Transaction, by: Group, accounts: Mapping[str, str]) -> str:
    day = transaction.day
    match by:
        case "category":
            return transaction.category or UNNAMED
        case "merchant":
            return transaction.merchant or transaction.description
        case "month":
            return f"{MONTHS[day.month - 1]} {day.year}"
        case "day":
            return format_date(day)
        case _:
            return accounts.get(transaction.account_id, UNNAMED)
