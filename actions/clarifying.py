"""Checks before a figure is given: misspellings are corrected and mentioned, and unclear requests are asked about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from bot import Parse, Turn

from .bank import Account, CustomerBank
from .conversation import heard, keep, today_of
from .fetching import Found, all_booked, fetch
from .formatting import in_words
from .naming import (
    last_paid,
    names_in,
    say_read_as,
    says_no_such_number,
    shop_or_category,
    with_banks_name,
    with_names,
    with_nickname,
    with_number,
)
from .questions.accounts import account_numbers, find_accounts
from .questions.amounts import unread_amount
from .questions.limits import incalculable, rival_filters
from .questions.periods import NOT_FOUND, Period
from .questions.pointing import somebody
from .questions.question import Filters, Question, Said, merge
from .questions.selection import INCOME, LOOK_BACK, bounds, select
from .questions.times import impossible_date, looks_ahead, misspelt_month, misspelt_time, since_pay
from .questions.unread import unread_phrases
from .questions.wording import say_period

EARLIEST: Final = date(1970, 1, 1)

Find: TypeAlias = Callable[[CustomerBank, Sequence[Account], Filters, date], Awaitable[Found]]
"""A way to look for transactions in accounts, given the filters and today."""


def doubtful(turn: Turn) -> bool:
    """Whether a part of the message that looks like a filter was not read as one."""
    parse = heard(turn)
    names = account_numbers(parse.text) or unread_phrases(parse)
    return bool(impossible_date(parse.text) or misspelt_time(parse) or looks_ahead(parse) or since_pay(parse) or names)


async def clarified(turn: Turn, bank: CustomerBank, question: Question) -> Question | None:
    """The question with misspelt filters corrected; None if the user was told what could not be understood or known."""
    parse, today = heard(turn), today_of(turn)
    if cannot := _beyond_answering(parse, question.filters):
        response, details = cannot
        turn.say(response, **details)
        if response == "utter_one_filter":
            keep(turn, replace(question, open=True))
        return None
    dated = _with_month(turn, parse, question)
    if dated is None:
        return None
    periods = (dated.filters.period, dated.filters.against)
    if any(period and period.start and period.start > today for period in periods):
        turn.say("utter_still_to_come")
        return None
    accounts = await bank.accounts()
    if says_no_such_number(turn, parse, accounts):
        return None
    parse, dated = with_nickname(parse, dated, [account.nickname for account in accounts])
    named = await with_names(turn, bank, parse, with_number(parse, dated, accounts))
    named = await _from_payday(turn, bank, parse, named) if named else None
    return await _with_last_paid(turn, bank, parse, named) if named else None


def _beyond_answering(parse: Parse, filters: Filters) -> tuple[str, Mapping[str, Any]] | None:
    """The response that says what in the message cannot be worked out, with its slots; None if there is nothing.

    That is a date that does not exist, sums that leave something out, averages, two shops or times at once, another
    currency, what is still to come, and pay that went out.
    """
    if no_date := impossible_date(parse.text):
        return "utter_no_such_date", {"date": no_date}
    if too_much := incalculable(parse):
        return "utter_beyond", {"what": too_much.casefold()}
    if two := rival_filters(parse):
        return "utter_one_filter", {"what": in_words(two)}
    if NOT_FOUND in (filters.period, filters.against):
        return "utter_same_when", {}
    if amount := unread_amount(parse):
        return "utter_only_pounds", {"said": amount}
    if looks_ahead(parse):
        return "utter_still_to_come", {}
    if filters.category in INCOME and filters.direction == "out":
        return "utter_only_comes_in", {"category": filters.category}
    return None


async def _from_payday(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question, starting on the last payday for "since I got paid"; None if no pay was found, and it said so."""
    if not since_pay(parse):
        return question
    pay = select(await all_booked(bank, today_of(turn)), Filters(category=INCOME[0], direction="in"))
    if not pay:
        turn.say("utter_no_transactions", what="payments received as income")
        return None
    return question.narrowed(period=Period(pay[0].day, today_of(turn) + timedelta(days=1)))


async def _with_last_paid(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with whoever was paid last in place of "her"; None if nobody was, and it said so."""
    word, filters = somebody(parse), question.filters
    if word is None or filters.merchant or filters.category:
        return question
    is_place = word.casefold() == "there"
    if is_place and filters.account:
        return question
    paid = None if is_place else await last_paid(turn, bank)
    if paid is None:
        turn.say("utter_unknown_filter", what=in_words([word]))
        return None
    return question.narrowed(merchant=paid)


async def find_meant(turn: Turn, bank: CustomerBank, asked: Filters, find: Find) -> Found | None:
    """What `find` returns for the request or, if that is nothing, for what was probably meant.

    None if the user was told why there is nothing.
    """
    accounts = find_accounts(await bank.accounts(), asked.account)
    if not accounts:
        turn.say("utter_no_such_account")
        return None
    found = await find(bank, accounts, asked, today_of(turn))
    meant = asked if found.transactions else await _meant_instead(turn, bank, accounts, asked)
    if meant is None:
        return None
    if meant != asked:
        return await find_meant(turn, bank, meant, find)
    named = with_banks_name(found.filters, found.transactions)
    return replace(found, filters=named) if found.transactions else found


async def _meant_instead(
    turn: Turn, bank: CustomerBank, accounts: Sequence[Account], filters: Filters
) -> Filters | None:
    """The filters that are meant if these find nothing: others if a shop was misspelt.

    None if it said that it knows no such shop, or that the bank's records begin later.
    """
    today = today_of(turn)
    if await _is_before_records(bank, accounts, filters.period or Period(), today):
        turn.say("utter_before_records", when=say_period(filters.period or Period(), today))
        return None
    if filters.merchant is None:
        return filters
    booked = await all_booked(bank, today)
    if known := select(booked, Filters(merchant=filters.merchant)):
        return with_banks_name(filters, known)
    meant = shop_or_category(filters.merchant, names_in(booked))
    if meant is None:
        turn.say("utter_unknown_merchant", merchant=filters.merchant)
        return None
    say_read_as(turn, filters.merchant, meant)
    return merge(filters, Said(meant), today)


def _with_month(turn: Turn, parse: Parse, question: Question) -> Question | None:
    """The question with a misspelt month corrected; None if another word of time is misspelt, and it said so."""
    slip, today = misspelt_time(parse), today_of(turn)
    if slip is None:
        return question
    month = misspelt_month(slip, parse.text, today)
    if month is None or any(entity.entity == "time" for entity in parse.entities):
        turn.say("utter_misspelt_time", said=slip.said, near=slip.written)
        return None
    turn.say("utter_read_as", said=slip.said, meant=slip.written)
    return Question(question.kind, merge(question.filters, Said(Filters(period=month)), today))


async def _is_before_records(bank: CustomerBank, accounts: Sequence[Account], period: Period, today: date) -> bool:
    """Whether the period ended long ago and the bank has no transaction at all from before its end."""
    _, until = bounds(period, today)
    return until <= today - LOOK_BACK and not await fetch(bank, accounts, EARLIEST, until)
