"""Before a figure is said: what was misspelt is put right and said, and what cannot be known is asked about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, TypeAlias

from msgspec.structs import replace

from bot import Entity, Parse, Turn

from .bank import Account, CustomerBank, Transaction
from .conversation import heard, keep, today_of
from .fetching import Found, fetch
from .formatting import in_words
from .naming import account_numbers, last_paid, near_account, numbered, people
from .questions.accounts import choice, find_accounts
from .questions.marks import distinct
from .questions.names import Spoken, meant_name, plain_words, same_name, spoken_names
from .questions.pointing import somebody
from .questions.question import Filters, Period, Question, Said, merge
from .questions.said import unread_amount
from .questions.selection import CATEGORIES, INCOME, LOOK_BACK, PEOPLE, bounds, select
from .questions.times import impossible_date, looks_ahead, misspelt_month, misspelt_time, since_pay
from .questions.unread import beyond, rivals, unread_phrases
from .questions.wording import say_period

EARLIEST: Final = date(1970, 1, 1)
_PEOPLE: Final = ("friend", "friends", "my friends", "my family", "family", "others")
_STEM: Final = 4
"""The letters that two words of one stem share."""

Find: TypeAlias = Callable[[CustomerBank, Sequence[Account], Filters, date], Awaitable[Found]]
"""A way to look for transactions in accounts, given the filters and today."""


def doubtful(turn: Turn) -> bool:
    """Whether something of the message that looks like a filter was not read as one."""
    parse = heard(turn)
    names = account_numbers(parse.text) or unread_phrases(parse)
    return bool(impossible_date(parse.text) or misspelt_time(parse) or looks_ahead(parse) or since_pay(parse) or names)


async def clarified(turn: Turn, bank: CustomerBank, question: Question) -> Question | None:
    """The question with misspelt filters put right; None where it said what it could not understand or know."""
    parse, today = heard(turn), today_of(turn)
    if no_date := impossible_date(parse.text):
        turn.say("utter_no_such_date", date=no_date)
        return None
    if beyond(parse) or rivals(parse) or unread_amount(parse):
        _say_what_it_cannot(turn, parse)
        if rivals(parse) and not beyond(parse):
            keep(turn, replace(question, open=True))
        return None
    if looks_ahead(parse):
        turn.say("utter_still_to_come")
        return None
    if question.filters.category in INCOME and question.filters.direction == "out":
        turn.say("utter_only_comes_in", category=question.filters.category)
        return None
    dated = _with_month(turn, parse, question)
    if dated is None:
        return None
    period = dated.filters.period
    if period and period.start and period.start > today:
        turn.say("utter_still_to_come")
        return None
    accounts = await bank.accounts()
    if says_no_such_number(turn, parse, accounts):
        return None
    parse, dated = with_nickname(parse, dated, [account.nickname for account in accounts])
    named = await _with_names(turn, bank, parse, with_number(parse, dated, accounts))
    named = await _since_pay(turn, bank, parse, named) if named else None
    return await _of_somebody(turn, bank, parse, named) if named else None


def with_nickname(parse: Parse, question: Question, nicknames: Iterable[str]) -> tuple[Parse, Question]:
    """The message and its question with the account that is called by the customer's own name for it.

    What was read inside the name goes: "my Travel card" is not about travelling.
    """
    named = _whole_names(parse, nicknames)
    if len(named) != 1:
        return parse, question
    marked = Entity("account", named[0].name, named[0].start, named[0].end)
    entities = distinct((*parse.entities, marked))
    lost = [e.value for e in parse.entities if e not in entities]
    filters = replace(question.filters, account=named[0].name)
    if filters.category in lost:
        filters = replace(filters, category=None)
    return replace(parse, entities=entities), replace(question, filters=filters)


def says_no_such_number(turn: Turn, parse: Parse, accounts: Sequence[Account]) -> bool:
    """Whether the message names an account by a number that none of these has; it says so."""
    unknown = [said for said in account_numbers(parse.text) if not numbered(said, accounts)]
    if unknown:
        names = in_words([account.nickname for account in accounts])
        turn.say("utter_unknown_account", said=in_words(unknown), accounts=names)
    return bool(unknown)


def with_number(parse: Parse, question: Question, accounts: Sequence[Account]) -> Question:
    """The question with the account whose number is said."""
    found = [account for said in account_numbers(parse.text) for account in numbered(said, accounts)]
    if not found:
        return question
    return replace(question, filters=replace(question.filters, account=choice(found[0], accounts)))


async def _since_pay(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with the day of the last pay, where "since I got paid" asks for it; None where none ever came."""
    if not since_pay(parse):
        return question
    pay = select(await _all_booked(bank, today_of(turn)), Filters(category=INCOME[0], direction="in"))
    if not pay:
        turn.say("utter_no_transactions", what="payments received as income")
        return None
    period = Period(pay[0].day, today_of(turn) + timedelta(days=1))
    return replace(question, filters=replace(question.filters, period=period))


async def _of_somebody(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with the one who was paid last in place of "her"; None where nobody was named, and it said so."""
    word, filters = somebody(parse), question.filters
    if word is None or filters.merchant or filters.category or (word.casefold() == "there" and filters.account):
        return question
    paid = await last_paid(turn, bank) if word.casefold() != "there" else None
    if paid is None:
        turn.say("utter_unknown_filter", what=in_words([word]))
        return None
    return replace(question, filters=replace(filters, merchant=paid))


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
    if meant != asked:
        return await find_meant(turn, bank, meant, find)
    named = with_banks_name(found.filters, found.transactions)
    return replace(found, filters=named) if found.transactions else found


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
    booked = await _all_booked(bank, today)
    if known := select(booked, Filters(merchant=filters.merchant)):
        return with_banks_name(filters, known)
    meant = _named(filters.merchant, _names(booked))
    if meant is None:
        turn.say("utter_unknown_merchant", merchant=filters.merchant)
        return None
    say_read_as(turn, filters.merchant, meant)
    return merge(filters, Said(meant), today)


def with_banks_name(filters: Filters, found: Sequence[Transaction]) -> Filters:
    """The filters with the shop's name as the bank writes it, where what was found is of one: "Uber" for "uber"."""
    names = {t.merchant for t in found}
    return (
        replace(filters, merchant=names.pop())
        if filters.merchant and len(names) == 1 and None not in names
        else filters
    )


def _say_what_it_cannot(turn: Turn, parse: Parse) -> None:
    """Sums of some things and not others, averages, two shops or times at once, and other money are not worked out."""
    if too_much := beyond(parse):
        turn.say("utter_beyond", what=too_much.casefold())
    elif two := rivals(parse):
        turn.say("utter_one_filter", what=in_words(two))
    else:
        turn.say("utter_only_pounds", said=unread_amount(parse) or "")


def _with_month(turn: Turn, parse: Parse, question: Question) -> Question | None:
    """The question with a misspelt month read; None where another word of time is misspelt, and it said so."""
    slip, today = misspelt_time(parse), today_of(turn)
    if slip is None:
        return question
    month = misspelt_month(slip, parse.text, today)
    if month is None or any(entity.entity == "time" for entity in parse.entities):
        turn.say("utter_misspelt_time", said=slip.said, near=slip.written)
        return None
    turn.say("utter_read_as", said=slip.said, meant=slip.written)
    return Question(question.kind, merge(question.filters, Said(Filters(period=month)), today))


async def _with_names(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with misspelt categories and shops read; None where there is one that nobody knows."""
    if not any(_unknown_names(parse, question.filters)):
        _say_what_it_is_part_of(turn, parse, question.filters)
        return question
    today = today_of(turn)
    names = _names(await _all_booked(bank, today))
    whole = _whole_names(parse, names)
    if len(whole) > 1:
        turn.say("utter_one_filter", what=in_words([spoken.name for spoken in whole]))
        return None
    for spoken in whole:
        parse, question = _with_whole_name(parse, question, spoken, today)
    nicknames = [account.nickname for account in await bank.accounts()]
    if any(_unknown_names(parse, question.filters)):
        names = [*names, *await people(bank)]
    meant = {name: _meant(name, names, nicknames) for name in _unknown_names(parse, question.filters)}
    unknown = [name for name, filters in meant.items() if filters is None]
    if unknown:
        turn.say("utter_unknown_filter", what=in_words(unknown))
        return None
    if _says_two(parse, meant.values()):
        turn.say("utter_one_filter", what=in_words([*_marked(parse), *meant]))
        return None
    filters = question.filters
    if filters.category not in (*CATEGORIES, PEOPLE):
        filters = replace(filters, category=None)
    for name, found in meant.items():
        assert found is not None
        say_read_as(turn, name, found)
        filters = _beside_own(parse, filters, found, today)
    _say_what_it_is_part_of(turn, parse, filters)
    return Question(question.kind, filters)


async def _all_booked(bank: CustomerBank, today: date) -> Sequence[Transaction]:
    return await fetch(bank, await bank.accounts(), today - LOOK_BACK, today + timedelta(days=1))


def _names(booked: Iterable[Transaction]) -> list[str]:
    """Whom money went to or came from; what the bank calls it where it names nobody."""
    return sorted({t.merchant or t.description for t in booked})


def _whole_names(parse: Parse, names: Iterable[str]) -> list[Spoken]:
    """The names that are said in full and not yet read as such."""
    read = [(e.start, e.end) for e in parse.entities]
    return [
        spoken
        for spoken in spoken_names(parse.text, names)
        if not any(start <= spoken.start and spoken.end <= end for start, end in read)
    ]


def _with_whole_name(parse: Parse, question: Question, spoken: Spoken, today: date) -> tuple[Parse, Question]:
    """The message and its question with this name in place of what was read inside it ("Transport" for London)."""
    marked = Entity("merchant", spoken.name, spoken.start, spoken.end)
    named = replace(parse, entities=distinct((*parse.entities, marked)))
    return named, replace(question, filters=_beside_own(named, question.filters, Filters(merchant=spoken.name), today))


def _beside_own(parse: Parse, filters: Filters, found: Filters, today: date) -> Filters:
    """The filters with what was found; a category or shop of this very message stays, one of an earlier goes."""
    own = {e.entity: e.value for e in parse.entities if e.entity in ("category", "merchant")}
    merged = merge(filters, Said(found), today)
    return replace(
        merged,
        category=found.category or own.get("category"),
        merchant=found.merchant or own.get("merchant"),
    )


def _say_what_it_is_part_of(turn: Turn, parse: Parse, filters: Filters) -> None:
    """A word that is less than the bank's category, such as "coffee", is said to be counted as all of it."""
    for entity in parse.entities:
        said, meant = parse.text[entity.start : entity.end], filters.category
        if entity.entity == "category" and meant and entity.value == meant and not _alike(said, meant):
            turn.say("utter_part_of", said=said, category=meant)


def _alike(said: str, category: str) -> bool:
    """Whether one word of each begins alike: "grocery" and "groceries", "dining out" and "eating out"."""
    return any(a[:_STEM] == b[:_STEM] for a in plain_words(said) for b in plain_words(category))


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
    read = [slip.said] if slip else []
    if filters.category == PEOPLE:
        read += _PEOPLE
    yield from (phrase for phrase in unread_phrases(parse) if phrase not in read)
    if filters.category and filters.category.casefold() not in (*CATEGORIES, PEOPLE):
        yield filters.category


def _meant(said: str, names: Sequence[str], nicknames: Sequence[str]) -> Filters | None:
    """What a phrase that nobody read most likely means: an account, a category or a shop."""
    account = near_account(said, nicknames)
    return Filters(account=account) if account else _named(said, names)


def _named(said: str, names: Sequence[str]) -> Filters | None:
    """What a name most likely means: one of the bank's categories, or one of the customer's shops."""
    name = meant_name(said, [*CATEGORIES, *names])
    if name is None:
        return None
    return Filters(category=name) if name in CATEGORIES else Filters(merchant=name)


def say_read_as(turn: Turn, said: str, meant: Filters) -> None:
    """Say as what a misspelt name was read."""
    name = meant.category or meant.merchant or meant.account or ""
    if not same_name(said, name):
        turn.say("utter_read_as", said=said, meant=name)


async def _is_before_records(bank: CustomerBank, accounts: Sequence[Account], period: Period, today: date) -> bool:
    """Whether the bank has no transaction at all from before the period's end, though it is long ago."""
    _, until = bounds(period, today)
    return until <= today - LOOK_BACK and not await fetch(bank, accounts, EARLIEST, until)
