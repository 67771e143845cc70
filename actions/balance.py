"""How much there is: `action_balance` and `action_overdrawn`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot import Action, CallFailed, Turn, hookimpl

from .accounts import find_accounts, spoken, written
from .bank import Account, Balance, CustomerBank
from .banking import for_customers
from .conversation import keep, kept, said, today_of
from .formatting import format_moment, format_money
from .question import Kind, Question, new_question
from .tables import Table

Holding = tuple[Account, Balance]


async def balance(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say what one account or all accounts hold."""
    question = question or _asked(turn, "balance")
    holdings = await _holdings(turn, bank, question)
    if holdings is None:
        return
    if len(holdings) == 1:
        _say_one(turn, *holdings[0])
    elif holdings:
        table = balances_table(holdings)
        turn.say("utter_balances", table=table.text(), custom=table.custom())


async def overdrawn(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say whether one account, or any, is overdrawn. A credit card cannot be: owing is what it is for."""
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
    """Whether the account is below zero and should not be."""
    return account.kind != "credit_card" and balance.minor < 0


def balances_table(holdings: Sequence[Holding]) -> Table:
    """A row for each account: name, balance, and what can be spent with the overdraft or card limit."""
    rows = [
        (written(account), format_money(b.minor, b.currency), format_money(b.minor + b.credit_line, b.currency))
        for account, b in holdings
    ]
    return Table("Your accounts", ("Account", "Balance", "Available"), rows)


def _asked(turn: Turn, kind: Kind) -> Question:
    return new_question(kind, said(turn), kept(turn), today_of(turn))


async def _holdings(turn: Turn, bank: CustomerBank, question: Question) -> list[Holding] | None:
    """The accounts that are asked about with their balances; None when something else had to be said."""
    keep(turn, question)
    accounts: Sequence[Account]
    balances: Sequence[Balance]
    try:
        accounts, balances = await bank.accounts(), await bank.balances()
    except CallFailed:
        known = _last_known(turn, bank)
        if known is None:
            raise
        accounts, balances = known
    chosen = find_accounts(accounts, question.filters.account)
    if not chosen:
        turn.say("utter_no_such_account")
        return None
    by_id = {balance.account_id: balance for balance in balances}
    return [(account, by_id[account.id]) for account in chosen if account.id in by_id]


def _last_known(turn: Turn, bank: CustomerBank) -> tuple[Sequence[Account], Sequence[Balance]] | None:
    """What the bank said last, announced with its time; None when it never said anything."""
    accounts, balances = bank.last_accounts(), bank.last_balances()
    if accounts is None or balances is None:
        return None
    turn.say("utter_bank_last_known", time=format_moment(balances.at))
    return accounts.value, balances.value


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
        balance=_size(balance),
        available=format_money(available, balance.currency),
    )


def _say_whether_one(turn: Turn, account: Account, balance: Balance) -> None:
    if is_overdrawn(account, balance):
        response = "utter_overdrawn"
    elif account.kind == "credit_card" and balance.minor < 0:
        response = "utter_overdrawn_card"
    else:
        response = "utter_overdrawn_one_not"
    turn.say(response, account=spoken(account, ()), balance=_size(balance))


def _size(balance: Balance) -> str:
    return format_money(abs(balance.minor), balance.currency)


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer both actions."""
    register("action_balance", for_customers(balance))
    register("action_overdrawn", for_customers(overdrawn))
