"""What came in and went out: `action_transactions`, and the account that its form asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from bot import Action, CallFailed, Turn, hookimpl

from .accounts import choice, find_accounts, written
from .bank import Account, CustomerBank, Transaction
from .banking import bank_of, for_customers
from .conversation import keep, kept, said
from .formatting import format_date, format_money
from .question import ALL_ACCOUNTS, NO_FILTERS, Filters, Period, Question, follow_up, new_question
from .selection import USUAL_ROWS, bounds, counts_own_transfers, select, windows
from .tables import Table
from .wording import describe, noun

MOST_ROWS = 25
"""A longer list is cut, and says so."""


async def transactions(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """List the transactions that are asked for, newest first."""
    question = question or _completed(turn)
    turn.set("account", None)
    keep(turn, question)
    accounts = find_accounts(await bank.accounts(), question.filters.account)
    if not accounts:
        turn.say("utter_no_such_account")
        return
    found, filters = await find(bank, accounts, question.filters, turn.now.date())
    _say_found(turn, accounts, filters, found)


async def validate_form(turn: Turn) -> None:
    """Keep the question as it grows; only a bare "show my transactions" has to be asked for the account.

    It sets nothing for a message that says nothing about transactions, so that the form lets it pass.
    """
    heard, today = said(turn), turn.now.date()
    if turn.tracker.parse is not None and turn.tracker.parse.intent_name == "ask_transactions":
        question = new_question("transactions", heard, kept(turn), today)
        keep(turn, question)
        if turn.slot("account") is None and (turn.customer is None or question.filters != NO_FILTERS):
            turn.set("account", question.filters.account or ALL_ACCOUNTS)
    elif heard.narrows and turn.slot("account") is not None:
        keep(turn, follow_up(heard, _form_question(turn), today) or _form_question(turn))


async def ask_account(turn: Turn) -> None:
    """Ask for the account, with a button for each, or without buttons when the bank is away."""
    bank = bank_of(turn)
    try:
        accounts = await bank.accounts() if bank else ()
    except CallFailed:
        accounts = ()
    buttons = [account_button(written(account), choice(account, accounts)) for account in accounts]
    if buttons:
        buttons.append(account_button("All of them", ALL_ACCOUNTS))
    turn.say("utter_ask_account", buttons=buttons)


def account_button(title: str, account: str) -> dict[str, str]:
    """A button that answers with an account."""
    return {"title": title, "payload": "/inform" + json.dumps({"account": account})}


def _form_question(turn: Turn) -> Question:
    question = kept(turn)
    return question if question and question.kind == "transactions" else Question("transactions")


def _completed(turn: Turn) -> Question:
    """The question with the account that the form asked for."""
    question, account = _form_question(turn), turn.slot("account")
    account = None if account == ALL_ACCOUNTS else account
    return replace(question, filters=replace(question.filters, account=account))


async def fetch(bank: CustomerBank, accounts: Sequence[Account], since: date, until: date) -> list[Transaction]:
    """The transactions of these accounts on the days from `since` to just before `until`; CallFailed as the bank's."""
    if since >= until:
        return []
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(bank.transactions(account, since, until)) for account in accounts]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [transaction for task in asked for transaction in task.result()]


async def find(
    bank: CustomerBank, accounts: Sequence[Account], filters: Filters, today: date
) -> tuple[list[Transaction], Filters]:
    """The transactions, and the filters with the period that was really looked at.

    All of a period that has a beginning; else the latest few, looking further back until there are enough.
    """
    transfers = counts_own_transfers(filters)
    since, until = bounds(filters.period or Period(), today)
    if filters.period and filters.period.start:
        found = select(await fetch(bank, accounts, since, until), filters, own_transfers=transfers)
        return found[: filters.count], filters
    wanted = filters.count or USUAL_ROWS
    for since in windows(until):
        found = select(await fetch(bank, accounts, since, until), filters, own_transfers=transfers)
        if len(found) >= wanted:
            return found[:wanted], replace(filters, count=wanted)
    end = filters.period.end if filters.period else None
    return found, replace(filters, count=None, period=Period(since, end))


def _say_found(turn: Turn, accounts: Sequence[Account], filters: Filters, found: Sequence[Transaction]) -> None:
    what = f"{noun(filters, len(found))} {describe(filters, turn.now.date())}".strip()
    if not found:
        turn.say("utter_no_transactions", what=what)
        return
    shown = found[:MOST_ROWS]
    table = transactions_table(shown, accounts)
    turn.say(
        "utter_transactions_cut" if len(shown) < len(found) else "utter_transactions",
        found=_headline(filters.count, len(found), what),
        shown=len(shown),
        table=table.text(),
        custom=table.custom(),
    )


def _headline(count: int | None, found: int, what: str) -> str:
    if count is None or found < count:
        return f"{found} {what}"
    return f"Your last {found} {what}" if found > 1 else f"Your last {what}"


def transactions_table(found: Sequence[Transaction], accounts: Sequence[Account]) -> Table:
    """A row for each transaction; the account has a column when there are several."""
    names = {account.id: written(account) for account in accounts}
    several = len(accounts) > 1
    columns = ("Date", "Description", *(("Account",) if several else ()), "Amount")
    rows = [
        (
            format_date(t.booked_at.date()),
            t.merchant or t.description,
            *((names[t.account_id],) if several else ()),
            format_money(t.minor, t.currency),
        )
        for t in found
    ]
    return Table("Transactions", columns, rows)


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action and the two of its form."""
    register("action_transactions", for_customers(transactions))
    register("validate_transactions_form", validate_form)
    register("action_ask_transactions_form_account", ask_account)
