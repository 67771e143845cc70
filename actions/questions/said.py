"""From a message's entities to what it says about the filters: pure, so that it can be tested by laws."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple, cast

from msgspec.structs import replace

from bot import Entity, Parse

from ..text import lead
from .directions import with_direction, with_own_moves
from .groups import grouped_by, top_phrase
from .marks import bounded, distinct, unnamed
from .pointing import corrects, is_of_those, is_only_names, is_only_time, names_back, refers_back
from .question import ALL_ACCOUNTS, GRAINS, Filters, Grain, Order, Said, Shift
from .times import length_named, read_period

MOST_COUNTED: Final = 100
"""The highest count that "my last … transactions" may ask for."""

_MORE_THAN: Final = re.compile(r"\b(over|above|exceeding|(more|greater|bigger|larger|higher) than)\s*\Z", re.IGNORECASE)
_LESS_THAN: Final = re.compile(r"\b(under|below|(less|lower|fewer|smaller|cheaper) than)\s*\Z", re.IGNORECASE)
_NOT: Final = re.compile(r"\b(no|not|n't)\s+\S+\s+than\s*\Z", re.IGNORECASE)
_AT_LEAST: Final = re.compile(r"\bat least\s*\Z|\bno(t)? less than\s*\Z|\bmin(imum)?\s*\Z", re.IGNORECASE)
_AT_MOST: Final = re.compile(r"\bat most\s*\Z|\bno(t)? more than\s*\Z|\bup to\s*\Z|\bmax(imum)?\s*\Z", re.IGNORECASE)
_OR_MORE: Final = re.compile(r"\s*(or|and)\s+(more|over|above|up(wards)?|bigger|higher)\b|\s*\+", re.IGNORECASE)
_OR_LESS: Final = re.compile(r"\s*(or|and)\s+(less|under|below|smaller|lower|fewer)\b", re.IGNORECASE)
_FIGURE: Final = re.compile(r"\d+(?:\.\d\d)?", re.ASCII)
_LONG_NUMBER: Final = re.compile(r"\d{6,}", re.ASCII)
"""A number with so many digits is one of an account, and no count."""

_SPENT_SO_MUCH: Final = re.compile(
    r"\b(?:spen[dt]|pa(?:y|id)|cost|(?:payment|transaction|purchase|charge|debit|one) (?:of|for)|was(?: it)? for)\s+\Z",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(
    r"\s+(?:\w+\s+)?(?:payments?|transactions?|purchases?|charges?|times?|things?|ones|bills?|shops?|people|days?|weeks?"
    r"|months?|years?|items?)\b",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"\b(between|from)\s*\Z", re.IGNORECASE)
_AND: Final = re.compile(r"\s*(and|to|up to|-|–)\s*", re.IGNORECASE)
_LARGEST: Final = re.compile(
    r"\btop (?=\d|two|three|four|five|ten)|\b(biggest|largest|highest|greatest|most expensive|priciest|dearest)\b"
    r"|\bthe most (?:I|we)(?:['’]ve| have)?(?: ever)? (?:spent|paid)\b",
    re.IGNORECASE,
)
_OLDEST: Final = re.compile(r"\b(first|earliest|oldest)\b", re.IGNORECASE)
_SMALLEST: Final = re.compile(r"\b(smallest|lowest|least expensive|cheapest)\b", re.IGNORECASE)
_ONE: Final = r"(payment|transaction|purchase|charge|deposit|one|thing|entry|bill|expense|item|amount)\b(?! month)"
_SINGLE: Final = re.compile(r"\s*(?:\bone\b)?\W*\Z", re.IGNORECASE)
_PLURAL: Final = re.compile(r"\b(?:were|are|ones)\b", re.IGNORECASE)
_ONE_THING: Final = re.compile(rf"\s+(\w+\s+){{0,2}}?{_ONE}", re.IGNORECASE)
_OUTGOING: Final = re.compile(
    r"\s+(\w+\s+){0,2}?(purchases?|payments?|expenses?|bills?|thing I bought)\b", re.IGNORECASE
)
_ORDERS: Final[Mapping[Order, re.Pattern[str]]] = {"largest": _LARGEST, "smallest": _SMALLEST, "oldest": _OLDEST}
_LAST_ONE: Final = re.compile(rf"\bI last\b|\blast time\b|\b(last|latest|most recent|newest) {_ONE}", re.IGNORECASE)


class Amounts(NamedTuple):
    """Bounds of an amount in minor units, both inclusive."""

    at_least: int | None = None
    at_most: int | None = None


def understand(parse: Parse, today: date | None = None) -> Said:
    """What the message says about the filters; of `today`, "a year" is the last one.

    Somebody who is paid is a shop among others: "how much did I give Anna".
    """
    first, last = top_phrase(parse.text)
    entities = [e for e in distinct(bounded(parse).entities) if e.entity != "category" or not first <= e.start < last]
    turned = _turned_range(parse.text, entities)
    at_least, at_most = _ends(turned) if turned else _amounts(parse.text, entities)
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
        _shift(entities),
        refers_back(parse.text),
        is_only_time(parse.text, entities),
        is_of_those(parse.text, filters),
        names_back(parse.text),
        corrects(parse.text, entities),
        is_only_names(parse.text, entities),
    )


def _with_order(text: str, filters: Filters, entities: Sequence[Entity]) -> Filters:
    """The biggest, the smallest, the first or the last, where the words ask for it; one, where they ask for one."""
    order, found = _order(text, entities)
    if found is None:
        one = filters.count is None and _LAST_ONE.search(text)
        return replace(filters, count=1) if one else filters
    out = filters.direction or ("out" if _OUTGOING.match(text, found.end()) else None)
    single = (
        found.group().endswith(("spent", "paid"))
        or _ONE_THING.match(text, found.end())
        or (_SINGLE.match(text, found.end()) and not _PLURAL.search(text))
    )
    count = filters.count or (1 if single else None)
    return replace(filters, order=order, direction=out, count=count)


def _order(text: str, entities: Sequence[Entity]) -> tuple[Order | None, re.Match[str] | None]:
    """The order that is asked for and its word, which is none of a date ("the first of May")."""
    dates = [e for e in entities if e.entity == "time"]
    for order, words in _ORDERS.items():
        for found in words.finditer(text):
            if not any(date.start <= found.start() < date.end for date in dates):
                return order, found
    return None, None


def as_entities(filters: Filters) -> dict[str, Any]:
    """The filters as the entities of a button's payload (`/intent{…}`): `understand` reads them back."""
    words = {name: getattr(filters, name) for name in ("account", "merchant", "category", "direction")}
    period, low, high = filters.period, filters.at_least, filters.at_most
    days = {"from": period.start, "to": period.end} if period else {}
    pounds = {"from": low, "to": high}
    given = {
        **words,
        "time": {side: day.isoformat() for side, day in days.items() if day},
        "amount-of-money": {side: pence / 100 for side, pence in pounds.items() if pence is not None},
        "number": filters.count,
    }
    return {name: value for name, value in given.items() if value}


def _first(entities: Iterable[Entity], name: str) -> str | None:
    return next((e.value for e in entities if e.entity == name and isinstance(e.value, str)), None)


def _account(entities: Iterable[Entity]) -> str | None:
    """The account; whatever begins with "all" ("all the", "all of my"), or names two, means all of them."""
    named = [e.value for e in entities if e.entity == "account" and isinstance(e.value, str)]
    if len(set(named)) > 1:
        return ALL_ACCOUNTS
    account = named[0] if named else None
    return ALL_ACCOUNTS if account and account.casefold().split()[:1] == ["all"] else account


def _shift(entities: Iterable[Entity]) -> Shift | None:
    words = (_first(entities, "shift") or "").split()
    if len(words) != 2 or words[0] not in ("previous", "next"):
        return None
    grain = cast(Grain, words[1]) if words[1] in GRAINS else None
    return Shift(-1 if words[0] == "previous" else 1, grain)


def _count(text: str, entities: Iterable[Entity]) -> int | None:
    for entity in entities:
        if entity.entity != "number" or not _is_plain(entity.value) or _compared(lead(text, entity.start)):
            continue
        if _is_money(text, entity) or _LONG_NUMBER.fullmatch(text[entity.start : entity.end]):
            continue
        if text[entity.start : entity.end].lower() == "one":  # "the savings one"
            continue
        if entity.value >= 1 and entity.value == int(entity.value):
            return min(int(entity.value), MOST_COUNTED)
    return None


def _is_plain(value: Any) -> bool:
    """Whether a number of the grammar is one: no interval, not infinite, no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_money(text: str, entity: Entity) -> bool:
    """Whether a number without a sign is an amount: "what did I spend 12.90 on", "a payment of 30"."""
    said = text[entity.start : entity.end]
    if not _FIGURE.fullmatch(said) or _COUNTED.match(text, entity.end):
        return False
    return "." in said or bool(_SPENT_SO_MUCH.search(lead(text, entity.start)))


def _compared(before: str) -> bool:
    return any(words.search(before) for words in (_MORE_THAN, _LESS_THAN, _AT_LEAST, _AT_MOST))


def unread_amount(parse: Parse) -> str | None:
    """The words of an amount that no bound comes of: it is not in pounds, or no whole number of pence."""
    if parse.text.startswith("/"):
        return None
    amounts = (e for e in distinct(parse.entities) if e.entity == "amount-of-money")
    return next((parse.text[e.start : e.end] for e in amounts if _amount(parse.text, e) == Amounts()), None)


# --- amounts -----------------------------------------------------------------


def _amounts(text: str, entities: Iterable[Entity]) -> Amounts:
    """The bounds of the first amount, and the other bound where a second one gives it ("over £10 and under £20")."""
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


def _turned_range(text: str, entities: Sequence[Entity]) -> Sequence[Entity]:
    """The two ends of "between £20 and £10", which the grammar takes for no interval; none where there is no range."""
    for two in pairwise(sorted(entities, key=lambda entity: entity.start)):
        one, other = two
        named = {one.entity, other.entity}
        between = _BETWEEN.search(lead(text, one.start)) and _AND.fullmatch(text[one.end : other.start])
        if between and "amount-of-money" in named and named <= {"amount-of-money", "number"} and None not in _ends(two):
            return two
    return ()


def _ends(ends: Sequence[Entity]) -> Amounts:
    """The range between two amounts, in whichever order they are said."""
    low, high = (minor(e) if e.entity == "amount-of-money" else whole_pence(e.value) for e in ends)
    return Amounts(*sorted((low, high))) if low is not None and high is not None else Amounts()


def _amount(text: str, entity: Entity) -> Amounts:
    if entity.entity == "amount-of-money":
        return _bounds(text, entity)
    if (
        entity.entity == "number"
        and _is_plain(entity.value)
        and (_compared(lead(text, entity.start)) or _is_money(text, entity))
    ):
        pence = whole_pence(entity.value)
        return Amounts() if pence is None else _around(text, entity, pence)
    return Amounts()


def _bounds(text: str, entity: Entity) -> Amounts:
    """`over £50` is strict and `at least £50` is not, though the grammar reads both as an interval from 50."""
    if not isinstance(entity.value, Mapping):
        pennies = minor(entity)
        return Amounts() if pennies is None else _around(text, entity, pennies)
    if not entity.details:
        return Amounts(whole_pence(entity.value.get("from")), whole_pence(entity.value.get("to")))
    low, high = _minor_side(entity, "from"), _minor_side(entity, "to")
    said = text[entity.start : entity.end]
    lead = said[: _digits(said)]
    if low is not None and high is None and _MORE_THAN.search(lead) and not _NOT.search(lead):
        low += 1
    if high is not None and low is None and _LESS_THAN.search(lead) and not _NOT.search(lead):
        high -= 1
    return Amounts(low, high)


def _digits(said: str) -> int:
    """Where the comparing words of an amount end: at its last word for "over fifty quid", at the digits otherwise."""
    found = re.search(r"[^\w\s]|\d", said)
    if found:
        return found.start()
    compared = re.match(r"\s*(\S+ than|\S+)\s+", said)
    return compared.end() if compared else 0


def _around(text: str, entity: Entity, pennies: int) -> Amounts:
    before, after = lead(text, entity.start), text[entity.end :]
    if _AT_LEAST.search(before):
        return Amounts(pennies, None)
    if _AT_MOST.search(before):
        return Amounts(None, pennies)
    if _MORE_THAN.search(before):
        return Amounts(pennies + 1, None)
    if _LESS_THAN.search(before):
        return Amounts(None, pennies - 1)
    if _OR_MORE.match(after):
        return Amounts(pennies, None)
    if _OR_LESS.match(after):
        return Amounts(None, pennies)
    return Amounts(pennies, pennies)


def minor(entity: Entity) -> int | None:
    """An amount-of-money in pennies; None when it is no whole number of them, or not pounds.

    A button's payload gives a bare number, without the grammar's details: pounds.
    """
    return _pounds(entity.details) if entity.details else whole_pence(entity.value)


def whole_pence(pounds: Any) -> int | None:
    """A number of pounds in pence; None when it is no number, or no whole number of pence."""
    if not _is_plain(pounds) or not abs(pounds) < 10**12:
        return None
    pence = round(pounds * 100)
    return pence if abs(pence - pounds * 100) < 1e-6 else None


def _minor_side(entity: Entity, side: str) -> int | None:
    return _pounds((entity.details or {}).get(side))


def _pounds(details: Any) -> int | None:
    if not isinstance(details, Mapping) or details.get("currency", "GBP") != "GBP":
        return None
    pennies = details.get("minor")
    return pennies if isinstance(pennies, int) and pennies >= 0 else None
