"""Lists of transactions: `action_transactions`, and the account that its form asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from bot import Action, ActiveLoop, Turn, hookimpl

from .bank import Account, CustomerBank, Transaction
from .banking import for_customers, if_there
from .clarifying import clarified, doubtful, find_meant
from .comparing import comparison
from .conversation import REQUESTED_SLOT, events_before, heard, keep, kept, said, today_of
from .fetching import Found, find_few
from .formatting import format_date, format_money
from .questions.accounts import account_button, account_buttons, find_accounts, written
from .questions.pointing import asks_how_many
from .questions.question import ALL_ACCOUNTS, NO_FILTERS, Filters, Question, follow_up, new_question
from .questions.selection import goes_to_people
from .questions.times import asks_yet
from .questions.wording import WHICH, describe, noun
from .ranking import ranking
from .tables import Table
from .text import pattern

FORM: Final = "transactions_form"
_OTHER_QUESTIONS: Final = ("ask_balance", "ask_overdrawn", "ask_spending", "ask_transfer")

_WHO: Final = pattern(r"\W*(?:and\s+)?(?:who|what)(?:['’]?s| is| are| was| were)\b")

MOST_ROWS = 25
"""The most rows of a list; a longer one is cut, and the reply says so."""


async def run(turn: Turn) -> None:
    """List what the form was filled for; nothing if it ended without an account because of another question."""
    if turn.slot("account") is not None:
        await for_customers(transactions)(turn)


async def run_aside(turn: Turn) -> None:
    """List what the message asks for during a transfer; of all accounts, as only one form can ask at a time."""
    await validate_form(turn)
    if turn.slot("account") is None:
        turn.set("account", ALL_ACCOUNTS)
    await run(turn)


async def transactions(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """List the transactions that are asked for, newest first."""
    question = question or _completed(turn)
    compares = said(turn).against is not None
    if question.filters.by and not compares:
        turn.set("account", None)
        await ranking(turn, bank, question)
        return
    question = await clarified(turn, bank, question)
    turn.set("account", None)
    if question and compares:
        await comparison(turn, bank, question)
        return
    found = await find_meant(turn, bank, question.filters, find_few) if question else None
    if found is not None:
        keep(turn, Question("transactions", found.asked, shown=min(len(found.transactions), MOST_ROWS)))
        _say_found(turn, found)
        if not found.transactions and asks_yet(heard(turn).text):
            await _say_last(turn, bank, found)
        if _WHO.match(heard(turn).text) and not said(turn).refers_back:
            _say_what_is_known(turn, found)


async def listed(turn: Turn, bank: CustomerBank) -> None:
    """List the transactions that the latest message asks for, whatever its intent."""
    await transactions(turn, bank, new_question("transactions", said(turn), kept(turn), today_of(turn)))


def _say_what_is_known(turn: Turn, found: Found) -> None:
    """Say which category the bank files somebody under who was asked about by name: "who is Harbour View Lettings"."""
    name, categories = found.filters.merchant, {t.category for t in found.transactions}
    if name and len(categories) == 1 and (category := categories.pop()):
        turn.say("utter_filed_under", name=name, category=category)


async def _say_last(turn: Turn, bank: CustomerBank, missed: Found) -> None:
    """List the last transaction of a kind that has not come yet this time."""
    asked = replace(missed.asked, period=None, count=1)
    found = await find_few(bank, missed.accounts, asked, today_of(turn))
    if found.transactions:
        _say_found(turn, found)


async def more(turn: Turn, bank: CustomerBank) -> None:
    """List the transactions after those that were listed last."""
    question = kept(turn)
    if question is not None and question.kind in ("transactions", "spending") and _asks_for_a_part(turn):
        await listed(turn, bank)
        return
    accounts = find_accounts(await bank.accounts(), question.filters.account) if question else ()
    if question is None or question.kind != "transactions" or not accounts:
        turn.say("utter_nothing_to_show_more_of")
        return
    shown, asked = question.shown, question.filters
    wanted = max(asked.count or 0, shown + MOST_ROWS + 1)
    found = await find_few(bank, accounts, replace(asked, count=wanted), today_of(turn))
    rows = found.transactions[shown : shown + MOST_ROWS]
    if not rows:
        turn.say("utter_transactions_no_more")
        return
    keep(turn, replace(question, shown=shown + len(rows)))
    table = transactions_table(rows, found.accounts, today_of(turn))
    what = f"{noun(asked, 2)} {describe(asked, today_of(turn))}".strip()
    turn.say("utter_transactions_next", shown=len(rows), what=what, table=table.text(), custom=table.custom())
    if len(found.transactions) > shown + len(rows):
        turn.say("utter_transactions_more_left")


def _asks_for_a_part(turn: Turn) -> bool:
    """Whether the message asks for something other than more rows: "how many are there", "the last one"."""
    return asks_how_many(heard(turn).text) or said(turn).of_those


async def validate_form(turn: Turn) -> None:
    """Keep the question as it is completed; only a bare "show my transactions" needs to be asked for the account.

    It sets nothing if the message says nothing about transactions, so that the form rejects it.
    """
    now, today = said(turn), today_of(turn)
    if turn.tracker.parse is not None and turn.tracker.parse.intent_name == "ask_transactions":
        question = new_question("transactions", now, kept(turn), today)
        keep(turn, question)
        is_bare = question.filters == NO_FILTERS and not doubtful(turn)
        if turn.slot("account") or turn.customer is None or not is_bare:
            turn.set("account", question.filters.account or ALL_ACCOUNTS)
    elif now.narrows and turn.slot("account") is not None:
        keep(turn, follow_up(now, _form_question(turn), today) or _form_question(turn))
    elif turn.slot(REQUESTED_SLOT) == "account" and turn.slot("account") is None and _talks_of_other_things(turn):
        turn.set(REQUESTED_SLOT, None)


def _talks_of_other_things(turn: Turn) -> bool:
    """Whether another question about money was asked, or the form's question was ignored a second time."""
    parse = turn.tracker.parse
    asked_now = any(isinstance(e, ActiveLoop) and e.name == FORM for e in events_before(turn.tracker.events))
    return parse is not None and (parse.intent_name in _OTHER_QUESTIONS or not asked_now)


async def ask_account(turn: Turn) -> None:
    """Ask for the account, with a button for each; without buttons if the bank is unavailable."""
    accounts = await if_there(turn, CustomerBank.accounts)
    buttons = account_buttons(accounts, accounts)
    if buttons:
        buttons.append(account_button("All of them", ALL_ACCOUNTS))
    turn.say("utter_ask_account", buttons=buttons)


def _form_question(turn: Turn) -> Question:
    question = kept(turn)
    return question if question and question.kind == "transactions" else Question("transactions")


def _completed(turn: Turn) -> Question:
    """The question with the account that the form asked for."""
    question, account = _form_question(turn), turn.slot("account")
    if account in (None, ALL_ACCOUNTS):
        return question.narrowed(account=None)
    is_name = isinstance(account, str)  # a button's payload can contain anything
    return question.narrowed(account=account if is_name else "")


def _say_found(turn: Turn, found: Found) -> None:
    filters, count = found.filters, len(found.transactions)
    described = describe(filters, today_of(turn), to_people=goes_to_people(found.transactions))
    what = f"{noun(filters, count)} {described}".strip()
    if count:
        _say_table(turn, found, _headline(filters, count, what))
    else:
        turn.say("utter_no_transactions", what=what)
    if found.leaves_out:
        turn.say("utter_own_transfers_left_out")


def _say_table(turn: Turn, found: Found, headline: str) -> None:
    shown = found.transactions[:MOST_ROWS]
    table = transactions_table(shown, found.accounts, today_of(turn))
    turn.say(
        "utter_transactions_cut" if len(shown) < len(found.transactions) else "utter_transactions",
        found=headline,
        which=WHICH[found.filters.order],
        shown=len(shown),
        table=table.text(),
        custom=table.custom(),
    )


def _headline(filters: Filters, found: int, what: str) -> str:
    """The list's heading: "Your 3 largest payments", "Your last 10 transactions", or just how many there are."""
    if filters.order is None and (filters.count is None or found < filters.count):
        return f"{found} {what}"
    number = f"{found} " if found > 1 else ""
    if filters.order in ("largest", "smallest"):
        return f"Your {number}{filters.order} {what}"
    return f"Your {'first' if filters.order else 'last'} {number}{what}"


def transactions_table(found: Sequence[Transaction], accounts: Sequence[Account], today: date) -> Table:
    """A row for each transaction, without the year if it is `today`'s; several accounts get a column."""
    names = {account.id: written(account) for account in accounts}
    several = len(accounts) > 1
    columns = ("Date", "Description", "Account", "Amount") if several else ("Date", "Description", "Amount")
    rows = []
    for t in found:
        account = (names[t.account_id],) if several else ()
        rows.append(
            (format_date(t.day, today), t.merchant or t.description, *account, format_money(t.minor, t.currency))
        )
    return Table("Transactions", columns, rows)


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the actions, and the two of the form."""
    register("action_transactions", run)
    register("action_transactions_aside", run_aside)
    register("action_more_transactions", for_customers(more))
    register("validate_transactions_form", validate_form)
    register("action_ask_transactions_form_account", ask_account)
