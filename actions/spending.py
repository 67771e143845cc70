"""What it comes to: `action_spending` adds up what was spent, or came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from bot import Action, Turn, hookimpl

from .bank import CustomerBank, Transaction
from .banking import for_customers
from .clarifying import clarified, find_meant
from .conversation import keep, kept, said, today_of
from .fallback import in_words
from .fetching import Found, find_all
from .formatting import format_date, format_money
from .question import Direction, Filters, Period, Question, new_question
from .selection import INCOME, TRANSFERS, bounds, counts_own_transfers, goes_to_people, total, usual_period
from .transactions import transactions
from .wording import describe

QUIET: Final = timedelta(days=62)
"""No account is without any transaction for so long: its records begin later."""

_SAID: Final = {
    "in": ("utter_received", "utter_received_nothing"),
    "out": ("utter_spent", "utter_spent_nothing"),
}


async def spending(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say the sum, what it is a sum of, and of how many payments; of the largest or smallest, list them."""
    today = today_of(turn)
    question = question or new_question("spending", said(turn), kept(turn), today)
    if question.filters.order:
        wanted = replace(question.filters, direction=_direction(question))
        await transactions(turn, bank, Question("transactions", wanted))
        return
    clear = await clarified(turn, bank, question)
    if clear is None:
        return
    question = clear
    filters = replace(question.filters, count=None, direction=_direction(question))
    filters = replace(filters, period=filters.period or usual_period(today))
    found = await find_meant(turn, bank, filters, find_all)
    if found is not None:
        keep(turn, Question("spending", found.asked))
        _say_sum(turn, found.filters, found.transactions)
        _say_where_records_begin(turn, found)


def _say_sum(turn: Turn, filters: Filters, found: Sequence[Transaction]) -> None:
    counted = [t for t in found if counts_own_transfers(filters) or t.category != TRANSFERS]
    to_people = filters.merchant is not None and goes_to_people(counted)
    about = describe(filters, today_of(turn), to_people=to_people)
    response, nothing = ("utter_paid", "") if to_people else _SAID[filters.direction or "out"]
    payments = "1 payment" if len(counted) == 1 else f"{len(counted)} payments"
    turn.say(response if counted else nothing, total=format_money(total(counted)), what=about, payments=payments)
    names = sorted({t.merchant or t.description for t in counted})
    if filters.merchant is not None and len(names) > 1:
        turn.say("utter_several_names", what=in_words(names))
    if len(counted) < len(found):
        turn.say("utter_own_transfers_left_out")


def _say_where_records_begin(turn: Turn, found: Found) -> None:
    """Where the period begins long before the bank's records do, a sum covers less than it seems to."""
    since, _ = bounds(found.filters.period or Period(), today_of(turn))
    first = min((t.day for t in found.looked_at), default=since)
    if first - since > QUIET:
        turn.say("utter_records_begin", date=format_date(first))


def _direction(question: Question) -> Direction:
    """Money out, unless the category is one that only comes in."""
    return question.filters.direction or ("in" if question.filters.category in INCOME else "out")


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_spending", for_customers(spending))
