"""What it comes to: what was spent, or came in, is added up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from bot import Turn

from .bank import CustomerBank, Transaction
from .clarifying import clarified, find_meant
from .conversation import heard, keep, kept, said, today_of
from .fetching import Found, find_all, find_few
from .formatting import format_date, format_sums, in_words
from .questions.directions import goes_both_ways
from .questions.marks import unnamed
from .questions.question import Filters, Period, Question, new_question
from .questions.selection import (
    PEOPLE,
    bounds,
    direction_of,
    goes_to_people,
    select,
    totals,
    usual_period,
    without_own_moves,
)
from .questions.times import unit_of_rate
from .questions.wording import describe
from .ranking import ranking
from .text import pattern
from .transactions import WHICH, transactions

QUIET: Final = timedelta(days=62)
"""No account is without any transaction for so long: its records begin later."""

_LAST_FEW: Final = pattern(r"\b(?:last|latest|recent|first)\s+(?:\d|[a-z]+\s+(?!of\b))")

_ON_WHAT: Final = pattern(r"\b(?:what|where)\b(?!.*\bhow much\b)")

_SAID: Final = {
    "in": ("utter_received", "utter_received_nothing"),
    "out": ("utter_spent", "utter_spent_nothing"),
    "people": ("utter_paid", "utter_paid_nothing"),
}


async def spending(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say the sum, what it is a sum of, and of how many payments; of the largest or smallest, list them."""
    today = today_of(turn)
    question = question or new_question("spending", said(turn), kept(turn), today)
    if question.filters.by:
        await ranking(turn, bank, question)
        return
    if said(turn).filters.order or _asks_for_what(turn, question.filters):
        wanted = replace(question.filters, direction=direction_of(question.filters))
        await transactions(turn, bank, Question("transactions", wanted))
        return
    clear = await clarified(turn, bank, question)
    if clear is None:
        return
    question = clear
    if goes_both_ways(heard(turn).text):
        turn.say("utter_one_filter", what=in_words(["money in", "money out"]))
        return
    if _is_of_a_few(turn, question):
        await _sum_of_few(turn, bank, question)
        return
    filters = replace(question.filters, count=None, direction=direction_of(question.filters))
    filters = replace(filters, period=filters.period or usual_period(today))
    found = await find_meant(turn, bank, filters, find_all)
    if found is not None:
        keep(turn, Question("spending", found.asked))
        if unit := unit_of_rate(unnamed(heard(turn))):
            turn.say("utter_no_average", unit=unit)
        _say_sum(turn, found)
        _say_where_records_begin(turn, found)


def _asks_for_what(turn: Turn, filters: Filters) -> bool:
    """Whether payments of one amount are looked for: "what did I spend £12.90 on"."""
    exact = filters.at_least is not None and filters.at_least == filters.at_most
    return exact and bool(_ON_WHAT.search(heard(turn).text))


def _is_of_a_few(turn: Turn, question: Question) -> bool:
    """Whether the sum is of so many transactions: "my last three", or those that were listed before."""
    count, said_now = question.filters.count, said(turn).filters.count
    return count is not None and (said_now is None or bool(_LAST_FEW.search(heard(turn).text)))


async def _sum_of_few(turn: Turn, bank: CustomerBank, question: Question) -> None:
    """Say the sum of the latest few, of which those of the other direction are left out."""
    found = await find_meant(turn, bank, question.filters, find_few)
    if found is None:
        return
    keep(turn, Question("spending", found.asked))
    came_in = bool(found.transactions) and all(t.minor > 0 for t in found.transactions)
    filters = replace(found.filters, direction="in" if came_in else direction_of(question.filters))
    passed = select(found.transactions, Filters(direction=filters.direction))
    counted = without_own_moves(passed, filters)
    _say_sum(turn, replace(found, filters=filters, transactions=counted, leaves_out=passed != counted))


def _say_sum(turn: Turn, found: Found) -> None:
    filters, counted = found.filters, found.transactions
    to_people = filters.category == PEOPLE or (filters.merchant is not None and goes_to_people(counted))
    about = describe(filters, today_of(turn), to_people=to_people)
    about = f"{about} {_few(filters, counted)}".strip() if filters.count else about
    response, nothing = _SAID["people" if to_people and filters.direction != "in" else filters.direction or "out"]
    payments = "1 payment" if len(counted) == 1 else f"{len(counted)} payments"
    turn.say(response if counted else nothing, total=format_sums(totals(counted)), what=about, payments=payments)
    names = sorted({t.merchant or t.description for t in counted})
    if filters.merchant is not None and len(names) > 1:
        turn.say("utter_several_names", what=in_words(names))
    if found.leaves_out:
        turn.say("utter_own_transfers_left_out")


def _few(filters: Filters, counted: Sequence[Transaction]) -> str:
    """Of how many transactions the sum is; of a single one, its day too."""
    which = WHICH[filters.order] if filters.order else "last"
    if filters.count != 1:
        few = f"{filters.count} {which}" if filters.order in ("largest", "smallest") else f"{which} {filters.count}"
        return f"in the {few} transactions"
    return f"in the {which} transaction" + "".join(f", on {format_date(t.day)}" for t in counted)


def _say_where_records_begin(turn: Turn, found: Found) -> None:
    """Where the period begins long before the bank's records do, a sum covers less than it seems to."""
    since, _ = bounds(found.filters.period or Period(), today_of(turn))
    first = min((t.day for t in found.looked_at), default=since)
    if first - since > QUIET:
        turn.say("utter_records_begin", date=format_date(first))
