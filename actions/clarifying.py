"""Before a figure is said: what was misspelt is put right and said, and what cannot be known is asked about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, TypeAlias

from msgspec.structs import replace

from bot import Parse, Turn

from .accounts import find_accounts
from .bank import Account, CustomerBank
from .conversation import heard, today_of
from .fallback import in_words
from .fetching import Found, fetch
from .question import Filters, Period, Question, Said, merge
from .selection import CATEGORIES, LOOK_BACK, bounds, select
from .unread import Slip, beyond, impossible_date, misspelt_month, misspelt_time, nearest, rivals, unread_phrases
from .wording import say_period

EARLIEST: Final = date(1970, 1, 1)

Find: TypeAlias = Callable[[CustomerBank, Sequence[Account], Filters, date], Awaitable[Found]]
"""A way to look for transactions in accounts, given the filters and today."""


def doubtful(turn: Turn) -> bool:
    """Whether something of the message that looks like a filter was not read as one."""
    parse = heard(turn)
    return bool(impossible_date(parse.text) or misspelt_time(parse) or unread_phrases(parse))


async def clarified(turn: Turn, bank: CustomerBank, question: Question) -> Question | None:
    """The question with misspelt filters put right; None where it said what it could not understand or know."""
    parse, today = heard(turn), today_of(turn)
    if no_date := impossible_date(parse.text):
        turn.say("utter_no_such_date", date=no_date)
        return None
    if beyond(parse.text) or rivals(parse):
        _say_what_it_cannot(turn, parse)
        return None
    dated = _with_month(turn, parse, question)
    if dated is None:
        return None
    period = dated.filters.period
    if period and period.start and period.start > today:
        turn.say("utter_still_to_come")
        return None
    return await _with_names(turn, bank, parse, dated)


async def find_meant(turn: Turn, bank: CustomerBank, asked: Filters, find: Find) -> Found | None:
    """What `find` finds of what is asked for or, if that is nothing, of what was meant; None where it said why not."""
    accounts = find_accounts(await bank.accounts(), asked.account)
    if not accounts:
        turn.say("utter_no_such_account")
        return None
    found = await find(bank, accounts, asked, today_of(turn))
    meant = asked if found.transactions else await _meant_by_nothing(turn, bank, accounts, asked)
    if meant is None:
        return None
    return found if meant == asked else await find_meant(turn, bank, meant, find)


async def _meant_by_nothing(
    turn: Turn, bank: CustomerBank, accounts: Sequence[Account], filters: Filters
) -> Filters | None:
    """The filters that are meant where these find nothing: others, if a shop was misspelt.

    None where it said that it knows no such shop, or that the bank's records begin later.
    """
    today = today_of(turn)
    if await _is_before_records(bank, accounts, filters.period or Period(), today):
        turn.say("utter_before_records", when=say_period(filters.period or Period(), today))
        return None
    if filters.merchant is None:
        return filters
    booked = await fetch(bank, await bank.accounts(), today - LOOK_BACK, today + timedelta(days=1))
    if select(booked, Filters(merchant=filters.merchant)):
        return filters
    meant = _named(filters.merchant, sorted({t.merchant for t in booked if t.merchant}))
    if meant is None:
        turn.say("utter_unknown_merchant", merchant=filters.merchant)
        return None
    _say_read_as(turn, filters.merchant, meant)
    return merge(filters, Said(meant), today)


def _say_what_it_cannot(turn: Turn, parse: Parse) -> None:
    """Sums of some things and not others, averages, and two shops or times at once are not worked out."""
    if two := rivals(parse):
        turn.say("utter_one_filter", what=in_words(two))
    else:
        turn.say("utter_beyond", what=(beyond(parse.text) or "").casefold())


def _with_month(turn: Turn, parse: Parse, question: Question) -> Question | None:
    """The question with a misspelt month read; None where another word of time is misspelt, and it said so."""
    slip, today = misspelt_time(parse), today_of(turn)
    if slip is None:
        return question
    month = misspelt_month(slip, parse.text, today)
    if month is None or any(entity.entity == "time" for entity in parse.entities):
        turn.say("utter_misspelt_time", said=slip.said, near=_written(slip))
        return None
    turn.say("utter_read_as", said=slip.said, meant=_written(slip))
    return Question(question.kind, merge(question.filters, Said(Filters(period=month)), today))


async def _with_names(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with misspelt categories and shops read; None where there is one that nobody knows."""
    said = list(_unknown_names(parse, question.filters))
    if not said:
        return question
    today = today_of(turn)
    booked = await fetch(bank, await bank.accounts(), today - LOOK_BACK, today + timedelta(days=1))
    shops = sorted({t.merchant for t in booked if t.merchant})
    meant = {name: _named(name, shops) for name in said}
    unknown = [name for name, filters in meant.items() if filters is None]
    if unknown:
        turn.say("utter_unknown_filter", what=in_words(unknown))
        return None
    if _says_two(parse, meant.values()):
        turn.say("utter_one_filter", what=in_words([*_marked(parse), *said]))
        return None
    filters = question.filters
    if filters.category not in CATEGORIES:
        filters = replace(filters, category=None)
    for name, found in meant.items():
        assert found is not None
        _say_read_as(turn, name, found)
        filters = merge(filters, Said(found), today)
    return Question(question.kind, filters)


def _says_two(parse: Parse, meant: Iterable[Filters | None]) -> bool:
    """Whether the message names two categories or two shops, one of them misspelt."""
    found = [filters for filters in meant if filters]
    marked = [entity.entity for entity in parse.entities if entity.value in CATEGORIES or entity.entity == "merchant"]
    categories = sum(f.category is not None for f in found) + marked.count("category")
    return categories > 1 or sum(f.merchant is not None for f in found) + marked.count("merchant") > 1


def _marked(parse: Parse) -> list[str]:
    return [parse.text[e.start : e.end] for e in parse.entities if e.entity in ("category", "merchant")]


def _unknown_names(parse: Parse, filters: Filters) -> Iterator[str]:
    slip = misspelt_time(parse)
    yield from (phrase for phrase in unread_phrases(parse) if slip is None or phrase != slip.said)
    if filters.category and filters.category.casefold() not in CATEGORIES:
        yield filters.category


def _named(said: str, shops: Iterable[str]) -> Filters | None:
    """What a name most likely means: one of the bank's categories, or one of the customer's shops."""
    name = nearest(said, [*CATEGORIES, *shops])
    if name is None:
        return None
    return Filters(category=name) if name in CATEGORIES else Filters(merchant=name)


def _say_read_as(turn: Turn, said: str, meant: Filters) -> None:
    turn.say("utter_read_as", said=said, meant=meant.category or meant.merchant)


async def _is_before_records(bank: CustomerBank, accounts: Sequence[Account], period: Period, today: date) -> bool:
    """Whether the bank has no transaction at all from before the period's end, though it is long ago."""
    _, until = bounds(period, today)
    return until <= today - LOOK_BACK and not await fetch(bank, accounts, EARLIEST, until)


def _written(slip: Slip) -> str:
    """The word as it is written: months and weekdays with a capital."""
    return slip.near if slip.near.rstrip("s") in _UNITS else slip.near.capitalize()


_UNITS: Final = ("yesterday", "today", "tomorrow", "week", "month", "year", "weekend", "quarter")
