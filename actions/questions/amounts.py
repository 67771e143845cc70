"""Which amounts a question is about: "over £50", "between £20 and £10", "what did I spend 12.90 on". Pure.

Amounts are in pence, without sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple

from bot import Entity, Parse

from ..text import is_payload, lead, pattern
from .marks import distinct

MONEY: Final = "amount-of-money"
"""The entity for an amount with a currency."""

_OVER: Final = pattern(r"\b(?:over|above|exceeding|(?:more|greater|bigger|larger|higher) than)\s*\Z")
_UNDER: Final = pattern(r"\b(?:under|below|(?:less|lower|fewer|smaller|cheaper) than)\s*\Z")
_NOT: Final = pattern(r"\b(no|not|n't)\s+\S+\s+than\s*\Z")
_AT_LEAST: Final = pattern(r"\b(?:at least|not? less than|min(?:imum)?)\s*\Z")
_AT_MOST: Final = pattern(r"\b(?:at most|not? more than|up to|max(?:imum)?)\s*\Z")
_OR_MORE: Final = pattern(r"\s*(or|and)\s+(more|over|above|up(wards)?|bigger|higher)\b|\s*\+")
_OR_LESS: Final = pattern(r"\s*(or|and)\s+(less|under|below|smaller|lower|fewer)\b")
_FIGURE: Final = re.compile(r"\d+(?:\.\d\d)?", re.ASCII)
_SPENT_SO_MUCH: Final = pattern(
    r"\b(?:spen[dt]|pa(?:y|id)|cost|(?:payment|transaction|purchase|charge|debit|one) (?:of|for)|was(?: it)? for)\s+\Z"
)
_COUNTED: Final = pattern(
    r"\s+(?:\w+\s+)?(?:payments?|transactions?|purchases?|charges?|times?|things?|ones|bills?|shops?|people|days?|weeks?"
    r"|months?|years?|items?)\b"
)
_BETWEEN: Final = pattern(r"\b(between|from)\s*\Z")
_AND: Final = pattern(r"\s*(and|to|up to|-|–)\s*")


class Amounts(NamedTuple):
    """Bounds of an amount in pence, both inclusive; None is open."""

    at_least: int | None = None
    at_most: int | None = None


def read_amounts(text: str, entities: Iterable[Entity]) -> Amounts:
    """The bounds of the first amount, with the other bound if a second one gives it ("over £10 and under £20")."""
    low, high = None, None
    for entity in entities:
        at_least, at_most = _amount(text, entity)
        if (low, high) == (None, None):
            low, high = at_least, at_most
        elif low is None and at_most is None:
            low = at_least
        elif high is None and at_least is None:
            high = at_most
    return Amounts(low, high)


def turned_range(text: str, entities: Sequence[Entity]) -> Sequence[Entity]:
    """The two ends of "between £20 and £10", which the grammar does not read as an interval; empty if there is none."""
    for two in pairwise(sorted(entities, key=lambda entity: entity.start)):
        one, other = two
        named = {one.entity, other.entity}
        between = _BETWEEN.search(lead(text, one.start)) and _AND.fullmatch(text[one.end : other.start])
        if between and MONEY in named and named <= {MONEY, "number"} and None not in ends(two):
            return two
    return ()


def ends(two: Iterable[Entity]) -> Amounts:
    """The range between two amounts, in either order; open if one is not an amount."""
    low, high = (pence(entity) for entity in two)
    return Amounts(*sorted((low, high))) if low is not None and high is not None else Amounts()


def unread_amount(parse: Parse) -> str | None:
    """The words of an amount that gives no bound, as it is not in pounds or not a whole number of pence."""
    if is_payload(parse.text):
        return None
    amounts = (e for e in distinct(parse.entities) if e.entity == MONEY)
    return next((parse.text[e.start : e.end] for e in amounts if _amount(parse.text, e) == Amounts()), None)


def bounds_amount(text: str, number: Entity) -> bool:
    """Whether a plain number is meant as an amount: "over 50", "what did I spend 12.90 on", "a payment of 30"."""
    before, said = lead(text, number.start), text[number.start : number.end]
    if any(words.search(before) for words in (_OVER, _UNDER, _AT_LEAST, _AT_MOST)):
        return True
    if not _FIGURE.fullmatch(said) or _COUNTED.match(text, number.end):
        return False
    return "." in said or bool(_SPENT_SO_MUCH.search(before))


def is_plain(value: Any) -> bool:
    """Whether a value is a plain number: not an interval, not infinite, not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def pence(entity: Entity) -> int | None:
    """An amount of money, or a plain number of pounds, in pence; None if it is not in pounds and whole pence.

    A button's payload contains a bare number, without the grammar's details: it is in pounds.
    """
    return _pence_of(entity.details) if entity.entity == MONEY and entity.details else _whole_pence(entity.value)


def _whole_pence(pounds: Any) -> int | None:
    if not is_plain(pounds) or not abs(pounds) < 10**12:
        return None
    found = round(pounds * 100)
    return found if abs(found - pounds * 100) < 1e-6 else None


def _pence_of(details: Any) -> int | None:
    """The pence in the grammar's details of an amount, or of one end of an interval."""
    if not isinstance(details, Mapping) or details.get("currency", "GBP") != "GBP":
        return None
    found = details.get("minor")
    return found if isinstance(found, int) and found >= 0 else None


def _amount(text: str, entity: Entity) -> Amounts:
    """The bounds that an amount, or a number used as one, gives together with the words around it."""
    if entity.entity == MONEY and isinstance(entity.value, Mapping):
        return _interval(text, entity)
    is_bound = entity.entity == "number" and is_plain(entity.value) and bounds_amount(text, entity)
    amount = pence(entity) if entity.entity == MONEY or is_bound else None
    return Amounts() if amount is None else _around(text, entity, amount)


def _interval(text: str, entity: Entity) -> Amounts:
    """`over £50` is strict and `at least £50` is not, although the grammar reads both as an interval from 50."""
    if not entity.details:
        return Amounts(_whole_pence(entity.value.get("from")), _whole_pence(entity.value.get("to")))
    low, high = _pence_of(entity.details.get("from")), _pence_of(entity.details.get("to"))
    said = text[entity.start : entity.end]
    compared = said[: _digits(said)]
    strict = not _NOT.search(compared)
    if low is not None and high is None and strict and _OVER.search(compared):
        low += 1
    if high is not None and low is None and strict and _UNDER.search(compared):
        high -= 1
    return Amounts(low, high)


def _digits(said: str) -> int:
    """Where the comparison in an amount ends: before the digits or, in "over fifty quid", before the number's words."""
    found = re.search(r"[^\w\s]|\d", said)
    if found:
        return found.start()
    compared = re.match(r"\s*(\S+ than|\S+)\s+", said)
    return compared.end() if compared else 0


def _around(text: str, entity: Entity, amount: int) -> Amounts:
    """The bounds of an amount in pence according to the words around it; exactly the amount if there are none."""
    before = lead(text, entity.start)
    if _AT_LEAST.search(before):
        return Amounts(at_least=amount)
    if _AT_MOST.search(before):
        return Amounts(at_most=amount)
    if _OVER.search(before):
        return Amounts(at_least=amount + 1)
    if _UNDER.search(before):
        return Amounts(at_most=amount - 1)
    if _OR_MORE.match(text, entity.end):
        return Amounts(at_least=amount)
    if _OR_LESS.match(text, entity.end):
        return Amounts(at_most=amount)
    return Amounts(amount, amount)
