"""What it comes to: `action_spending` adds up what was spent, or came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot import Action, Turn, hookimpl

from .accounts import find_accounts
from .bank import CustomerBank
from .banking import for_customers
from .conversation import keep, kept, said
from .formatting import format_money
from .question import Direction, Question, new_question
from .selection import INCOME, TRANSFERS, bounds, counts_own_transfers, select, total, usual_period
from .transactions import fetch
from .wording import describe

_SAID: Final = {
    "in": ("utter_received", "utter_received_nothing"),
    "out": ("utter_spent", "utter_spent_nothing"),
}


async def spending(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say the sum, what it is a sum of, and of how many payments."""
    today = turn.now.date()
    question = question or new_question("spending", said(turn), kept(turn), today)
    filters = replace(question.filters, count=None, direction=question.filters.direction or _direction(question))
    filters = replace(filters, period=filters.period or usual_period(today))
    keep(turn, Question("spending", filters))
    accounts = find_accounts(await bank.accounts(), filters.account)
    if not accounts:
        turn.say("utter_no_such_account")
        return
    assert filters.period is not None
    since, until = bounds(filters.period, today)
    if filters.period.start is None:
        filters = replace(filters, period=replace(filters.period, start=since))
    found = select(await fetch(bank, accounts, since, until), filters)
    counted = [t for t in found if counts_own_transfers(filters) or t.category != TRANSFERS]
    about = describe(filters, today)
    response, nothing = _SAID[filters.direction or "out"]
    payments = "1 payment" if len(counted) == 1 else f"{len(counted)} payments"
    turn.say(response if counted else nothing, total=format_money(total(counted)), what=about, payments=payments)
    if len(counted) < len(found):
        turn.say("utter_own_transfers_left_out")


def _direction(question: Question) -> Direction:
    """Money out, unless the category is one that only comes in."""
    return "in" if question.filters.category in INCOME else "out"


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_spending", for_customers(spending))
