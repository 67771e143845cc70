"""From a message's entities to what it says about the filters: pure, so that properties of it can be tested."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from bot import Entity, Parse

from ..text import GREATEST, LEAST, lead, pattern
from .amounts import MONEY, bounds_amount, ends, is_plain, read_amounts, turned_range
from .comparisons import read_against
from .directions import with_direction, with_own_moves
from .groups import grouped_by, top_phrase
from .marks import bounded, distinct, unnamed
from .periods import Shift
from .pointing import (
    corrects,
    is_nameless,
    is_of_those,
    is_only_names,
    is_only_time,
    names_back,
    points_at_account,
    refers_back,
)
from .question import ALL_ACCOUNTS, Filters, Order, Said
from .shifts import read_same, read_shift
from .times import counts_time, length_named, read_period

MOST_COUNTED: Final = 100
"""The highest count that "my last … transactions" may ask for."""

_LONG_NUMBER: Final = re.compile(r"\d{6,}", re.ASCII)
"""A number this long is an account's, not a count."""

_LARGEST: Final = pattern(
    rf"\btop (?=\d|two|three|four|five|ten)|\b{GREATEST}\b|\bbig(?:ger)?(?= ones\b)"
    r"|\bthe most (?:I|we)(?:['’]ve| have)?(?: ever)? (?:spent|paid)\b"
)
_OLDEST: Final = pattern(r"\b(first|earliest|oldest)\b")
_SMALLEST: Final = pattern(rf"\b{LEAST}\b")
_OF_PRICE: Final = pattern(r"dearest|expensive|priciest|cheapest")
_ONE: Final = r"(payment|transaction|purchase|charge|deposit|one|thing|entry|bill|expense|item|amount)\b(?! month)"
_ENDS_THERE: Final = pattern(r"\s*(?:\bone\b)?\W*\Z")
_PLURAL: Final = pattern(r"\b(?:were|are|ones)\b")
_ONE_THING: Final = pattern(rf"\s+(\w+\s+){{0,2}}?{_ONE}")
_OUTGOING: Final = pattern(r"\s+(\w+\s+){0,2}?(purchases?|payments?|expenses?|bills?|thing I bought)\b")
_ORDERS: Final[Mapping[Order, re.Pattern[str]]] = {"largest": _LARGEST, "smallest": _SMALLEST, "oldest": _OLDEST}
_LAST: Final = r"\b(?:last|latest|most recent|newest) "
_LAST_ONE: Final = pattern(rf"\bI last\b|\blast time\b|{_LAST}(?:{_ONE}|pay\b(?! (?:to|for|off|back)\b))")
_LATEST: Final = pattern(rf"{_LAST}\Z")
_VISIT: Final = pattern(rf" (?:shop|trip|visit|order|{_ONE})\b")
_SHOPS: Final = pattern(r"shops?")
_VISITS: Final = pattern(r" (?:shop|trip|visit|order|payment|transaction|purchase|charge|deposit|bill|expense)s\b")


def understand(parse: Parse, today: date | None = None) -> Said:
    """What the message says about the filters; given `today`, "a year" is the year up to it.

    A person who is paid is treated like a shop: "how much did I give Anna".
    """
    entities = _without_grouped(distinct(bounded(parse).entities), top_phrase(parse.text))
    entities = [e for e in entities if not _is_visit(parse.text, e, entities)]
    turned = turned_range(parse.text, entities)
    at_least, at_most = ends(turned) if turned else read_amounts(parse.text, entities)
    filters = Filters(
        account=_account(entities),
        merchant=_first(entities, "merchant") or _first(entities, "payee"),
        category=_first(entities, "category"),
        period=read_period(entities) or (length_named(unnamed(parse), today) if today else None),
        at_least=at_least,
        at_most=at_most,
        count=_count(parse.text, [entity for entity in entities if entity not in turned]),
        by=grouped_by(parse.text),
    )
    filters = with_direction(parse.text, entities, filters)
    filters = _with_order(parse.text, with_own_moves(parse.text, entities, filters), entities)
    return Said(
        filters,
        shift=_shift(entities),
        refers_back=refers_back(parse.text),
        carries_on=is_only_time(parse.text, entities) or corrects(parse.text, entities),
        of_those=is_of_those(parse.text, filters) or is_nameless(parse.text, entities),
        names_back=names_back(parse.text),
        only_names=is_only_names(parse.text, entities),
        account_back=points_at_account(parse.text),
        against=read_against(entities),
        same=read_same(entities),
    )


def _without_grouped(entities: Iterable[Entity], phrase: tuple[int, int]) -> list[Entity]:
    """The entities without the categories in the phrase that says what sums are grouped by: "my top five shops"."""
    start, end = phrase
    return [e for e in entities if e.entity != "category" or not start <= e.start < end]


def _is_visit(text: str, category: Entity, entities: Iterable[Entity]) -> bool:
    """Whether the "shops" of "my last two Tesco shops" are visits, not the category."""
    named = (e for e in entities if e.entity == "merchant" and text[e.end : category.start] == " ")
    return category.entity == "category" and bool(_SHOPS.fullmatch(text, category.start, category.end) and any(named))


def _with_order(text: str, filters: Filters, entities: Sequence[Entity]) -> Filters:
    """The filters with the order that the words ask for (the biggest, the first, …), and a count of one if for one."""
    order, found = _order(text, entities)
    if found is None:
        is_last_one = filters.count is None and _is_last_one(text, entities)
        return replace(filters, count=1) if is_last_one else filters
    if filters.direction is None and (_OUTGOING.match(text, found.end()) or _OF_PRICE.search(found.group())):
        filters = replace(filters, direction="out")
    if filters.count is None and _is_single(text, found):
        filters = replace(filters, count=1)
    return replace(filters, order=order)


def _is_last_one(text: str, entities: Iterable[Entity]) -> bool:
    """Whether the words ask for the latest of a kind: "my last payment", "my latest pay", "my last Tesco shop"."""
    return bool(_LAST_ONE.search(text)) or any(_is_latest_of(text, entity) for entity in entities)


def _is_latest_of(text: str, entity: Entity) -> bool:
    """Whether the latest one of this shop, person or category is meant, not several: "my last groceries"."""
    if entity.entity not in ("merchant", "payee", "category") or not _LATEST.search(lead(text, entity.start)):
        return False
    several = entity.entity == "category" and text[entity.start : entity.end].endswith("s")
    return bool(_VISIT.match(text, entity.end)) or not (several or _VISITS.match(text, entity.end))


def _is_single(text: str, found: re.Match[str]) -> bool:
    """Whether the words found ask for one thing: "the biggest bill", "the most I paid"."""
    if found.group().endswith(("spent", "paid")) or _ONE_THING.match(text, found.end()):
        return True
    return bool(_ENDS_THERE.match(text, found.end())) and not _PLURAL.search(text)


def _order(text: str, entities: Sequence[Entity]) -> tuple[Order | None, re.Match[str] | None]:
    """The order that is asked for, and its match, which must not be part of a date ("the first of May")."""
    dates = [e for e in entities if e.entity == "time"]
    for order, words in _ORDERS.items():
        for found in words.finditer(text):
            if not any(date.start <= found.start() < date.end for date in dates):
                return order, found
    return None, None


def as_entities(filters: Filters) -> dict[str, Any]:
    """The filters as the entities of a button's payload (`/intent{…}`), which `understand` reads back."""
    words = {name: getattr(filters, name) for name in ("account", "merchant", "category", "direction")}
    period, low, high = filters.period, filters.at_least, filters.at_most
    days = {"from": period.start, "to": period.end} if period else {}
    pounds = {"from": low, "to": high}
    given = {
        **words,
        "time": {side: day.isoformat() for side, day in days.items() if day},
        MONEY: {side: pence / 100 for side, pence in pounds.items() if pence is not None},
        "number": filters.count,
    }
    return {name: value for name, value in given.items() if value}


def _first(entities: Iterable[Entity], name: str) -> str | None:
    return next((e.value for e in entities if e.entity == name and isinstance(e.value, str)), None)


def _account(entities: Iterable[Entity]) -> str | None:
    """The account; anything that begins with "all" ("all the", "all of my"), or two accounts, means all of them."""
    named = [e.value for e in entities if e.entity == "account" and isinstance(e.value, str)]
    if len(set(named)) > 1:
        return ALL_ACCOUNTS
    account = named[0] if named else None
    return ALL_ACCOUNTS if account and account.casefold().split()[:1] == ["all"] else account


def _shift(entities: Iterable[Entity]) -> Shift | None:
    return read_shift(_first(entities, "shift") or "")


def _count(text: str, entities: Iterable[Entity]) -> int | None:
    for entity in entities:
        said = text[entity.start : entity.end]
        if entity.entity != "number" or not is_plain(entity.value) or bounds_amount(text, entity):
            continue
        if counts_time(text, entity):
            continue
        if _LONG_NUMBER.fullmatch(said) or said.lower() == "one":  # "the savings one"
            continue
        if entity.value >= 1 and entity.value == int(entity.value):
            return min(int(entity.value), MOST_COUNTED)
    return None
