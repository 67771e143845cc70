"""Which way the money of a question went: out, or in to the customer, or between their own accounts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bot import Entity

from ..text import lead, without
from .question import Direction, Filters
from .selection import INCOME, PEOPLE, TRANSFERS

_PAID_TO_ME: Final = re.compile(
    r"\b(pa(y|ys|id|ying)|g[ai]v(e|es|en|ing)|sen[dt]|sends|ow(e|es|ed)) me\b"
    r"|\b(?:was|were|am|are) (?:I|we)(?: \w+)?? paid\b|\A\W*(?:get|got|getting) paid\b"
    r"|\b(?:I|we)(?:['’]ve)?(?: \w+)?? (?:get|got|getting|been|was|were|being)(?: \w+)?? paid\b"
    r"|\bmoney c[ao]mes? (?:in )?from\b"
    r"|\b(?:do|did|have|has|I|we)(?:['’]ve)?\b.*\b(?:received?|earn(?:ed)?)\b"
    r"|\bhow (much|many)\b.*\b(get|got|receive|received)\b( \w+){0,2}? from\b",
    re.IGNORECASE,
)
_ORDERED: Final = re.compile(
    r"(?:\A\W*|[,;.]\s*|\b(?:please|pls|you|to|and|just|now|ok|okay|then|so)\s+)(?:give|send|pay) me\b", re.IGNORECASE
)
"""Words to the bot, which say nothing of who paid: "give me my spending"."""

_PAYDAY: Final = re.compile(
    r"\b(?:(?:I|we)(?: last)? (?:get|got|was|been)|last (?:get|got|was|been)|(?:was|were) (?:I|we))(?: last)? paid\b"
    r"(?! (?:for|back)\b)",
    re.IGNORECASE,
)
_SUM: Final = re.compile(r"\bhow much\b|\btotal\b|\bsum\b", re.IGNORECASE)
_PAID: Final = re.compile(r"\bpa(?:id|y|yments?)\Z", re.IGNORECASE)
_PASSIVE: Final = re.compile(r"(?:been|get|got|getting|was|were) paid", re.IGNORECASE)
"""What happens to the customer, or to a bill."""
_BOTH_WAYS: Final = re.compile(r"\b(?:in(?:coming)?\W+(?:and|or)\W+out|out(?:going)?\W+(?:and|or)\W+in)", re.IGNORECASE)
_TRANSFERRED: Final = re.compile(r"\btransfer(s|red)?\b", re.IGNORECASE)
_MOVED: Final = re.compile(r"\b(moved?|put|take|took|taken)\b", re.IGNORECASE)
_EARNED: Final = re.compile(r"\bearn", re.IGNORECASE)
_TARGET: Final = re.compile(r"\b(to|into|put\b.*\bin)\s+((my|the|our)\s+)?\Z", re.IGNORECASE)
_REACHED: Final = re.compile(
    r"\b(?:went|gone|goes|go|going|c[ao]mes?|coming|arriv\w+|added|credited|landed|deposited|paid|pay|payments?)\b",
    re.IGNORECASE,
)
"""What money does that gets into an account that is named behind "to", "into" or "in"."""

_GOT_IN: Final = re.compile(r"\b(?:arriv\w+|landed|added) in\s+((my|the|our)\s+)?\Z", re.IGNORECASE)
_REFUNDED: Final = re.compile(r"\b(?:refund|reimburse)\w*", re.IGNORECASE)
_PEOPLE: Final = re.compile(
    r"\b(?:to|from|pa(?:y|id|ying)|sen[dt]|sending|g[ai]ve|lend|lent)\s+(?:(?:my|other|the)\s+)?(?:people|friends?|family|others)\b",
    re.IGNORECASE,
)
_SOURCE: Final = re.compile(r"\b(from|out of)\s+((my|the|our)\s+)?\Z", re.IGNORECASE)


def goes_both_ways(text: str) -> bool:
    """Whether money in and money out are both asked for ("money in and out")."""
    return bool(_BOTH_WAYS.search(text))


def with_direction(text: str, entities: Sequence[Entity], filters: Filters) -> Filters:
    """The filters with the way that the money went; pay comes in, though it was "paid".

    "Was I paid" asks for the pay, unless a sum, an amount or somebody who pays is named: that may be any money.
    """
    unnamed = (filters.category, filters.merchant, filters.at_least, filters.at_most) == (None, None, None, None)
    if unnamed and _PAYDAY.search(text) and not _SUM.search(text):
        filters = replace(filters, category=INCOME[0])
    if filters.category is None and filters.merchant is None and _PEOPLE.search(text):
        filters = replace(filters, category=PEOPLE)
    return replace(filters, direction=_direction(text, entities, filters.category))


def _direction(text: str, entities: Iterable[Entity], category: str | None) -> Direction | None:
    """Which way the money went; "in" wins over a "pay" beside it ("what was paid in", "has Anna paid me")."""
    if goes_both_ways(text):
        return None
    found = [(e.value, text[e.start : e.end]) for e in entities if e.entity == "direction"]
    came_in = any(way == "in" and not _PASSIVE.fullmatch(word) for way, word in found)
    if came_in or _PAID_TO_ME.search(without(_ORDERED, text)) or _REFUNDED.search(text):
        return "in"
    went = [word for way, word in found if way in ("in", "out")]
    if went and category == INCOME[0] and all(_PAID.search(word) for word in went):
        return "in"
    return "out" if went else None


def with_own_moves(text: str, entities: Iterable[Entity], filters: Filters) -> Filters:
    """Moves between own accounts, where the words ask for them; into or out of the account that is named.

    What "went into my savings" is whatever came in there, and what came in "from savings" was moved out of it.
    """
    if filters.merchant or filters.category not in (None, TRANSFERS) or text.startswith("/"):
        return filters
    before = [lead(text, entity.start) for entity in entities if entity.entity == "account"]
    into, out = any(_TARGET.search(b) for b in before), any(_SOURCE.search(b) for b in before)
    moved = filters.category or _TRANSFERRED.search(text) or ((into or out) and _MOVED.search(text))
    if not moved:
        if out and filters.direction == "in" and not _EARNED.search(text):
            return replace(filters, category=TRANSFERS, direction="out")
        reached = (into and _REACHED.search(text)) or any(_GOT_IN.search(b) for b in before)
        return replace(filters, direction="in") if reached and not out else filters
    return replace(filters, category=TRANSFERS, direction="in" if into else "out" if out else filters.direction)
