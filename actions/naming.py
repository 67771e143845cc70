"""What the names in a message mean: an account by nickname or number, a misspelt shop, "her".

The reply says how a name was read; an unknown name is asked about and never ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from bot import Entity, Parse, Turn

from .bank import Account, CustomerBank, Transaction
from .conversation import last_order, today_of
from .fetching import all_booked
from .formatting import in_words
from .questions.accounts import account_numbers, choice, near_account, numbered
from .questions.marks import distinct
from .questions.names import Spoken, meant_name, plain_words, same_name, spoken_names
from .questions.question import Filters, Question, Said, merge
from .questions.selection import CATEGORIES, PEOPLE
from .questions.times import misspelt_time
from .questions.unread import unread_phrases

_PEOPLE: Final = ("friend", "friends", "my friends", "my family", "family", "others")
_STEM: Final = 4
"""How many first letters two words with the same stem share."""


# --- accounts ----------------------------------------------------------------


def with_nickname(parse: Parse, question: Question, nicknames: Iterable[str]) -> tuple[Parse, Question]:
    """The message and its question with the account that is called by its nickname.

    Entities within the nickname are dropped: "my Travel card" is not about travelling.
    """
    named = _unread_names(parse, nicknames)
    if len(named) != 1:
        return parse, question
    marked = _marked(parse, "account", named[0])
    dropped = [e.value for e in parse.entities if e not in marked.entities]
    question = question.narrowed(account=named[0].name)
    if question.filters.category in dropped:
        question = question.narrowed(category=None)
    return marked, question


def says_no_such_number(turn: Turn, parse: Parse, accounts: Sequence[Account]) -> bool:
    """Whether the message names an account by a number that none of these has; if so, say it."""
    unknown = [said for said in account_numbers(parse.text) if not numbered(said, accounts)]
    if unknown:
        names = in_words([account.nickname for account in accounts])
        turn.say("utter_unknown_account", said=in_words(unknown), accounts=names)
    return bool(unknown)


def with_number(parse: Parse, question: Question, accounts: Sequence[Account]) -> Question:
    """The question with the account whose number is given."""
    found = [account for said in account_numbers(parse.text) for account in numbered(said, accounts)]
    return question.narrowed(account=choice(found[0], accounts)) if found else question


# --- categories, shops and people --------------------------------------------


async def with_names(turn: Turn, bank: CustomerBank, parse: Parse, question: Question) -> Question | None:
    """The question with misspelt categories and shops corrected; None if there is an unknown one, and it said so."""
    if not _unknown_phrases(parse, question.filters):
        _say_what_it_is_part_of(turn, parse, question.filters)
        return question
    today = today_of(turn)
    names = names_in(await all_booked(bank, today))
    whole = _unread_names(parse, names)
    if len(whole) > 1:
        turn.say("utter_one_filter", what=in_words(spoken.name for spoken in whole))
        return None
    filters = question.filters
    for spoken in whole:  # replaces entities within the name: "Transport" for London
        parse = _marked(parse, "merchant", spoken)
        filters = _beside_own(parse, filters, Filters(merchant=spoken.name), today)
    meanings = await _meanings(bank, _unknown_phrases(parse, filters), names)
    read = _with_meanings(turn, parse, filters, meanings, today)
    if read is None:
        return None
    _say_what_it_is_part_of(turn, parse, read)
    return Question(question.kind, read)


def _with_meanings(
    turn: Turn, parse: Parse, filters: Filters, meanings: Mapping[str, Filters | None], today: date
) -> Filters | None:
    """The filters with what the unknown names mean, having said how they were read; None if it said why not."""
    if nobody := [said for said, found in meanings.items() if found is None]:
        turn.say("utter_unknown_filter", what=in_words(nobody))
        return None
    known = {said: found for said, found in meanings.items() if found}
    if _says_two(parse, known.values()):
        marked = [parse.text[e.start : e.end] for e in parse.entities if e.entity in ("category", "merchant")]
        turn.say("utter_one_filter", what=in_words([*marked, *known]))
        return None
    if filters.category not in (*CATEGORIES, PEOPLE):
        filters = replace(filters, category=None)
    for said, found in known.items():
        say_read_as(turn, said, found)
        filters = _beside_own(parse, filters, found, today)
    return filters


def say_read_as(turn: Turn, said: str, meant: Filters) -> None:
    """Say how a misspelt name was read."""
    name = meant.category or meant.merchant or meant.account or ""
    if not same_name(said, name):
        turn.say("utter_read_as", said=said, meant=name)


def shop_or_category(said: str, names: Sequence[str]) -> Filters | None:
    """What a name most likely means: one of the bank's categories, or one of `names`; None if none is similar."""
    name = meant_name(said, [*CATEGORIES, *names])
    if name is None:
        return None
    return Filters(category=name) if name in CATEGORIES else Filters(merchant=name)


def names_in(booked: Iterable[Transaction]) -> list[str]:
    """The names of whoever money went to or came from, or the bank's description if there is no name."""
    return sorted({t.merchant or t.description for t in booked})


def with_banks_name(filters: Filters, found: Sequence[Transaction]) -> Filters:
    """The filters with the shop's name as the bank writes it, if all are of one shop: "Uber" for "uber"."""
    names = {t.merchant for t in found}
    if filters.merchant is None or len(names) != 1:
        return filters
    return replace(filters, merchant=names.pop() or filters.merchant)


async def last_paid(turn: Turn, bank: CustomerBank) -> str | None:
    """The payee whom the logged-in customer is about to pay, or paid last, in this conversation."""
    target = turn.slot("to_account")
    asked = target.get("id") if isinstance(target, Mapping) and target.get("payee") else None
    order = last_order(turn) or {}
    wanted = asked or order.get("creditor")
    if not wanted:
        return None
    return next((payee.name for payee in await bank.payees() if payee.id == wanted), None)


async def _meanings(bank: CustomerBank, unknown: Sequence[str], names: Sequence[str]) -> dict[str, Filters | None]:
    """What each unread phrase most likely means: an account, a category, one of these names, or a payee."""
    if not unknown:
        return {}
    nicknames = [account.nickname for account in await bank.accounts()]
    names = [*names, *await _people(bank)]
    accounts = {said: near_account(said, nicknames) for said in unknown}
    return {
        said: Filters(account=account) if account else shop_or_category(said, names)
        for said, account in accounts.items()
    }


async def _people(bank: CustomerBank) -> list[str]:
    """The names of the customer's payees, except those who share a first name: "Tom" could be either."""
    first_names = {payee.name: payee.name.casefold().strip().partition(" ")[0] for payee in await bank.payees()}
    shared = Counter(first_names.values())
    return [name for name, first in first_names.items() if first and shared[first] == 1]


def _unknown_phrases(parse: Parse, filters: Filters) -> list[str]:
    """Phrases in the place of a filter that were not read as one, and a category that the bank does not have."""
    slip = misspelt_time(parse)
    understood = _PEOPLE if filters.category == PEOPLE else ()
    phrases = [phrase for phrase in unread_phrases(parse) if phrase not in understood]
    found = [phrase for phrase in phrases if slip is None or phrase != slip.said]
    if filters.category and filters.category.casefold() not in (*CATEGORIES, PEOPLE):
        found.append(filters.category)
    return found


def _unread_names(parse: Parse, names: Iterable[str]) -> list[Spoken]:
    """The names that are given in full and were not yet recognised as such."""
    read = [(e.start, e.end) for e in parse.entities]
    return [
        spoken
        for spoken in spoken_names(parse.text, names)
        if not any(start <= spoken.start and spoken.end <= end for start, end in read)
    ]


def _marked(parse: Parse, entity: str, spoken: Spoken) -> Parse:
    """The message with this name as an entity, and without the entities within it."""
    marked = Entity(entity, spoken.name, spoken.start, spoken.end)
    return replace(parse, entities=distinct((*parse.entities, marked)))


def _beside_own(parse: Parse, filters: Filters, found: Filters, today: date) -> Filters:
    """The filters with what was found; a category or shop from this message stays, an earlier one is dropped."""
    own = {e.entity: e.value for e in parse.entities if e.entity in ("category", "merchant")}
    merged = merge(filters, Said(found), today)
    return replace(
        merged,
        category=found.category or own.get("category"),
        merchant=found.merchant or own.get("merchant"),
    )


def _says_two(parse: Parse, found: Iterable[Filters]) -> bool:
    """Whether the message names two categories or two shops, at least one of them misspelt."""
    marked = [e.entity for e in parse.entities if e.value in CATEGORIES or e.entity == "merchant"]
    named = [*marked, *("category" for f in found if f.category), *("merchant" for f in found if f.merchant)]
    return named.count("category") > 1 or named.count("merchant") > 1


def _say_what_it_is_part_of(turn: Turn, parse: Parse, filters: Filters) -> None:
    """If a word means less than its category, such as "coffee", say that the whole category is counted."""
    category = filters.category
    if category is None:
        return
    for entity in parse.entities:
        said = parse.text[entity.start : entity.end]
        if entity.entity == "category" and entity.value == category and not _alike(said, category):
            turn.say("utter_part_of", said=said, category=category)


def _alike(said: str, category: str) -> bool:
    """Whether a word of each begins alike or is the same: "grocery" and "groceries", "dining out" and "eating out"."""
    return any(a[:_STEM] == b[:_STEM] for a in plain_words(said) for b in plain_words(category))
