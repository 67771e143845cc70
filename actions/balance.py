"""How much the accounts hold, and whether any is overdrawn: `action_overdrawn`, and half of `action_balance`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from bot import Action, CallFailed, Turn, hookimpl

from .bank import Account, Balance, CustomerBank
from .banking import for_customers
from .conversation import heard, keep, kept, said, today_of
from .formatting import format_moment, format_money, in_words
from .naming import say_read_as, says_no_such_number, with_nickname, with_number
from .questions.accounts import find_accounts, near_account, spoken, written
from .questions.question import Filters, Kind, Question, new_question
from .questions.times import looks_ahead
from .questions.unread import unread_owners
from .tables import Table
from .text import pattern

Holding = tuple[Account, Balance]

_LIMIT: Final = pattern(
    r"\boverdraft (?:limit|facility)\b|\blimit (?:of|on|for) my overdraft\b"
    r"|\bhow (?:big|large|much)(?: is)?(?: (?:my|the|our))? overdraft\b(?! (?:have|am|did|was))"
    r"|\b(?:credit|card|spending|borrowing) limit\b|\blimit (?:of|on|for) (?:my|the|our) (?:credit )?card\b"
)
_OFTEN: Final = pattern(
    r"\b(?:can|could|may|allowed|able)\b.*\b(?:a|per|each|every|one|any one) (?:day|week|month|go|payment|transfer)\b"
    r"|\b(?:daily|weekly|payment|transfer) limit\b"
)
"""Asks how much can be paid at once or in a day, which only the bank knows."""

_DUE: Final = pattern(r"\bdue\b|\bminimum payment\b")


async def balance(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say what one or all accounts hold or, if asked, what their overdraft or card limits are."""
    question = question or _asked(turn, "balance")
    holdings = await _holdings(turn, bank, question)
    if not holdings:
        return
    if limited := _limited(turn, holdings):
        for account, held in limited:
            _say_limit(turn, account, held)
    elif len(holdings) == 1:
        _say_one(turn, *holdings[0])
    else:
        table = balances_table(holdings)
        turn.say("utter_balances", table=table.text(), custom=table.custom())


async def overdrawn(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say whether one account, or any of them, is overdrawn. A credit card never is: it is meant to be owed on."""
    question = question or _asked(turn, "overdrawn")
    holdings = await _holdings(turn, bank, question)
    if not holdings:
        return
    if len(holdings) == 1:
        _say_whether_one(turn, *holdings[0])
        return
    below = [holding for holding in holdings if is_overdrawn(*holding)]
    table = balances_table(below or holdings)
    turn.say("utter_overdrawn_some" if below else "utter_overdrawn_none", table=table.text(), custom=table.custom())


def is_overdrawn(account: Account, balance: Balance) -> bool:
    """Whether the account is below zero and is not a credit card."""
    return account.kind != "credit_card" and balance.minor < 0


def balances_table(holdings: Sequence[Holding]) -> Table:
    """A row for each account: name, balance, and what can be spent with the overdraft or card limit."""
    rows = [
        (written(account), format_money(b.minor, b.currency), format_money(b.minor + b.credit_line, b.currency))
        for account, b in holdings
    ]
    return Table("Your accounts", ("Account", "Balance", "Available"), rows)


def _limited(turn: Turn, holdings: Sequence[Holding]) -> list[Holding]:
    """The accounts whose overdraft or card limit is asked for; empty if no limit is."""
    found = _LIMIT.search(heard(turn).text)
    if found is None:
        return []
    of_overdraft = "overdraft" in found.group().casefold()
    fitting = [(a, b) for a, b in holdings if (a.kind != "credit_card") == of_overdraft]
    return [(account, held) for account, held in fitting if held.credit_line]


def _say_limit(turn: Turn, account: Account, balance: Balance) -> None:
    turn.say(
        "utter_limit_card" if account.kind == "credit_card" else "utter_limit_overdraft",
        account=spoken(account, ()),
        limit=format_money(balance.credit_line, balance.currency),
        available=format_money(balance.minor + balance.credit_line, balance.currency),
    )


def _asked(turn: Turn, kind: Kind) -> Question:
    return new_question(kind, said(turn), kept(turn), today_of(turn))


async def _holdings(turn: Turn, bank: CustomerBank, question: Question) -> list[Holding] | None:
    """The accounts that are asked about, with their balances; None if something else was said instead.

    If the question says more than the account, the reply says that only today's balances are known.
    """
    accounts, balances = await _accounts_and_balances(turn, bank)
    if says_no_such_number(turn, heard(turn), accounts):
        return None
    clear = _with_nickname(turn, with_number(heard(turn), question, accounts), accounts)
    if clear is None:
        return None
    chosen = find_accounts(accounts, clear.filters.account)
    if not chosen:
        turn.say("utter_no_such_account")
        return None
    keep(turn, clear)
    if _OFTEN.search(heard(turn).text):
        turn.say("utter_no_payment_limit")
    elif _asks_more(clear.filters, today_of(turn)) or _DUE.search(heard(turn).text) or looks_ahead(heard(turn)):
        turn.say("utter_only_todays_balance")
    by_id = {balance.account_id: balance for balance in balances}
    return [(account, by_id[account.id]) for account in chosen if account.id in by_id]


async def _accounts_and_balances(turn: Turn, bank: CustomerBank) -> tuple[Sequence[Account], Sequence[Balance]]:
    """What the bank answers or, if it is unavailable, its last answer, announced with its time."""
    try:
        return await bank.accounts(), await bank.balances()
    except CallFailed:
        accounts, balances = bank.last_accounts(), bank.last_balances()
        if accounts is None or balances is None:
            raise
        turn.say("utter_bank_last_known", time=format_moment(balances.at))
        return accounts.value, balances.value


def _with_nickname(turn: Turn, question: Question, accounts: Sequence[Account]) -> Question | None:
    """The question with an account that is called by its nickname; None if it names one that does not exist.

    Examples: "how much is in my holiday fund" and "in my ISA".
    """
    nicknames = [account.nickname for account in accounts]
    parse, question = with_nickname(heard(turn), question, nicknames)
    meant = {said: near_account(said, nicknames) for said in unread_owners(parse)}
    unknown = [said for said, name in meant.items() if name is None]
    if unknown:
        turn.say("utter_unknown_account", said=in_words(unknown), accounts=in_words(nicknames))
        return None
    for phrase, name in meant.items():
        say_read_as(turn, phrase, Filters(account=name))
    return question.narrowed(account=next(iter(meant.values()), question.filters.account))


def _asks_more(filters: Filters, today: date) -> bool:
    """Whether the balance of another day is asked for, or the one after some payment."""
    elsewhen = filters.period is not None and today not in filters.period
    return elsewhen or any((filters.category, filters.merchant, filters.against))


def _say_one(turn: Turn, account: Account, balance: Balance) -> None:
    available = balance.minor + balance.credit_line
    if account.kind == "credit_card":
        response = "utter_balance_card" if balance.minor < 0 else "utter_balance_card_clear"
    elif balance.minor < 0:
        response = "utter_balance_overdrawn"
    else:
        response = "utter_balance_available" if balance.credit_line else "utter_balance"
    turn.say(
        response,
        account=spoken(account, ()),
        balance=_without_sign(balance),
        available=format_money(available, balance.currency),
    )


def _say_whether_one(turn: Turn, account: Account, balance: Balance) -> None:
    if is_overdrawn(account, balance):
        response = "utter_overdrawn"
    elif account.kind == "credit_card" and balance.minor < 0:
        response = "utter_overdrawn_card"
    else:
        response = "utter_overdrawn_one_not"
    turn.say(response, account=spoken(account, ()), balance=_without_sign(balance))


def _without_sign(balance: Balance) -> str:
    return format_money(abs(balance.minor), balance.currency)


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the action."""
    register("action_overdrawn", for_customers(overdrawn))
