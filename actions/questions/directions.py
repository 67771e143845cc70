"""Which way money went according to a question: out, in, or between the customer's own accounts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bot import Entity

from ..text import is_payload, lead, pattern, without
from .question import Direction, Filters
from .selection import INCOME, PEOPLE, TRANSFERS

_PAID_TO_ME: Final = pattern(
    r"\b(pa(y|ys|id|ying)|g[ai]v(e|es|en|ing)|sen[dt]|sends|ow(e|es|ed)) me\b"
    r"|\b(?:was|were|am|are) (?:I|we)(?: \w+)?? paid\b|\A\W*(?:get|got|getting) paid\b"
    r"|\b(?:I|we)(?:['’]ve)?(?: \w+)?? (?:get|got|getting|been|was|were|being)(?: \w+)?? paid\b"
    r"|\bmoney c[ao]mes? (?:in )?from\b|\bmoney (?:c[ao]mes?|coming) in\b"
    r"|\b(?:do|did|have|has|I|we)(?:['’]ve)?\b.*\b(?:received?|earn(?:ed)?)\b"
    r"|\bhow (much|many)\b.*\b(get|got|receive|received)\b( \w+){0,2}? from\b"
)
_WORKS: Final = r"\b(?:(?:my|the|our) )?(?:company|employers?|boss|work|job|firm)\b"
EMPLOYER: Final = pattern(
    rf"{_WORKS}(?= (?:\w+ )??(?:pa(?:y|ys|id|ying)|sen[dt]|sends|g[ai]ves?) (?:me|us)\b)|(?<=\bpaid by ){_WORKS}"
)
"""Words for an employer, which is not a shop: what it pays is income."""

_ORDERED: Final = pattern(
    r"(?:\A\W*|[,;.]\s*|\b(?:please|pls|you|to|and|just|now|ok|okay|then|so)\s+)(?:give|send|pay) me\b"
)
"""Words addressed to the bot, which do not say who paid: "give me my spending"."""

_PAYDAY: Final = pattern(
    r"\b(?:(?:I|we)(?: last)? (?:get|got|was|been)|last (?:get|got|was|been)|(?:was|were) (?:I|we))(?: last)? paid\b"
    r"(?! (?:for|back)\b)"
)
_LAST_PAY: Final = pattern(r"\b(?:last|latest|most recent|previous) pay\b(?! (?:to|for|off|back)\b)")
_LAST_TIME: Final = pattern(r"\blast(?: time\b|(?= (?:get|got|was) paid\b))|\bpaid last\W*\Z")
_SUM: Final = pattern(r"\bhow much\b|\btotal\b|\bsum\b")
_PAID: Final = pattern(r"\bpa(?:id|y|yments?)\Z")
_PASSIVE: Final = pattern(r"(?:been|get|got|getting|was|were) paid")
"""Something that happens to the customer, or to a bill."""

_BOTH_WAYS: Final = pattern(r"\b(?:in(?:coming)?\W+(?:and|or)\W+out|out(?:going)?\W+(?:and|or)\W+in)")
_LEFT: Final = pattern(r"\b(?:left|leaves?|leaving) (?:my|the|our) (?:\w+ )?(?:account|bank)\b")
_TRANSFERRED: Final = pattern(r"\btransfer(s|red)?\b")
_MOVED: Final = pattern(r"\b(moved?|put|take|took|taken)\b")
_EARNED: Final = pattern(r"\bearn")
_OUR: Final = r"\s+(?:(?:my|the|our)\s+)?\Z"
_TARGET: Final = pattern(rf"\b(?:to|into|put\b.*\bin){_OUR}")
_INTO_IT: Final = pattern(r"\binto (?:it|(?:that|this) (?:account|pot))\b")
_REACHED: Final = pattern(
    r"\b(?:went|gone|goes|go|going|c[ao]mes?|coming|arriv\w+|added|credited|landed|deposited|paid|pay|payments?)\b"
)
"""Verbs for money that reaches an account, which is named after "to", "into" or "in"."""

_GOT_IN: Final = pattern(rf"\b(?:arriv\w+|landed|added) in{_OUR}")
_REFUNDED: Final = pattern(r"\b(?:refund|reimburse)\w*")
_PEOPLE: Final = pattern(
    r"\b(?:to|from|pa(?:y|id|ying)|sen[dt]|sending|g[ai]ve|lend|lent)\s+(?:(?:my|other|the)\s+)?(?:people|friends?|family|others)\b"
)
_SOURCE: Final = pattern(rf"\b(?:from|out of){_OUR}")


def goes_both_ways(text: str) -> bool:
    """Whether money in and money out are both asked for ("money in and out")."""
    return bool(_BOTH_WAYS.search(text))


def with_direction(text: str, entities: Sequence[Entity], filters: Filters) -> Filters:
    """The filters with the direction of the money; pay comes in, although it was "paid".

    "Was I paid" asks about wages, unless it names a sum, an amount or a payer: then it can be any money.
    """
    names_nothing = (filters.category, filters.merchant, filters.at_least, filters.at_most) == (None, None, None, None)
    of_pay = _PAYDAY.search(text) and (not _SUM.search(text) or _LAST_TIME.search(text))
    if names_nothing and (EMPLOYER.search(text) or of_pay or _LAST_PAY.search(text)):
        filters = replace(filters, category=INCOME[0])
    if filters.category is None and filters.merchant is None and _PEOPLE.search(text):
        filters = replace(filters, category=PEOPLE)
    return replace(filters, direction=_direction(text, entities, filters.category))


def _direction(text: str, entities: Iterable[Entity], category: str | None) -> Direction | None:
    """Which way the money went; "in" takes precedence over a "pay" ("what was paid in", "has Anna paid me")."""
    if goes_both_ways(text):
        return None
    marked = [(e.value, text[e.start : e.end]) for e in entities if e.entity == "direction"]
    came_in = any(way == "in" and not _PASSIVE.fullmatch(words) for way, words in marked)
    if came_in or _PAID_TO_ME.search(without(_ORDERED, text)) or _REFUNDED.search(text):
        return "in"
    verbs = [words for way, words in marked if way in ("in", "out")]
    if verbs and category == INCOME[0] and all(_PAID.search(verb) for verb in verbs):
        return "in"
    return "out" if verbs or _LEFT.search(text) else None


def with_own_moves(text: str, entities: Iterable[Entity], filters: Filters) -> Filters:
    """The filters with moves between own accounts, into or out of the one named, if the words ask for them.

    What "went into my savings" is anything that came in there, and what came in "from savings" was moved out of it.
    """
    if filters.merchant or filters.category not in (None, TRANSFERS) or is_payload(text):
        return filters
    before_accounts = [lead(text, entity.start) for entity in entities if entity.entity == "account"]
    into = bool(_INTO_IT.search(text)) or any(_TARGET.search(before) for before in before_accounts)
    out_of = any(_SOURCE.search(before) for before in before_accounts)
    if filters.category or _TRANSFERRED.search(text) or ((into or out_of) and _MOVED.search(text)):
        moved = replace(filters, category=TRANSFERS)
        if into:
            return replace(moved, direction="in")
        return replace(moved, direction="out") if out_of else moved
    if out_of:
        came_from_own = filters.direction == "in" and not _EARNED.search(text)
        return replace(filters, category=TRANSFERS, direction="out") if came_from_own else filters
    reached = (into and _REACHED.search(text)) or any(_GOT_IN.search(before) for before in before_accounts)
    return replace(filters, direction="in") if reached else filters
