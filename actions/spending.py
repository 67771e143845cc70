"""Sums of what was spent or came in."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from bot import Turn

from .bank import CustomerBank
from .clarifying import clarified, find_meant
from .comparing import comparison
from .conversation import heard, keep, kept, said, today_of
from .fetching import Found, find_all, find_few
from .formatting import in_words
from .questions.directions import goes_both_ways
from .questions.marks import unnamed
from .questions.question import Filters, Question, new_question
from .questions.selection import direction_of, select, usual_period, without_own_moves
from .questions.times import unit_of_rate
from .ranking import ranking
from .sums import say_sum, say_what_is_missing
from .text import pattern
from .transactions import transactions

_LAST_FEW: Final = pattern(r"\b(?:last|latest|recent|first)\s+(?:\d|[a-z]+(?:\s+(?!of\b)|\W*\Z))")

_ON_WHAT: Final = pattern(r"\b(?:what|where)\b(?!.*\bhow much\b)")


async def spending(turn: Turn, bank: CustomerBank, question: Question | None = None) -> None:
    """Say the sum, what it covers, and of how many payments; if the largest or smallest are wanted, list them."""
    question = question or new_question("spending", said(turn), kept(turn), today_of(turn))
    if question.filters.by and not question.filters.against:
        await ranking(turn, bank, question)
        return
    if said(turn).filters.order or _asks_for_what(turn, question.filters):
        wanted = replace(question.filters, direction=direction_of(question.filters))
        await transactions(turn, bank, Question("transactions", wanted))
        return
    clear = await clarified(turn, bank, question)
    if clear is None:
        return
    if goes_both_ways(heard(turn).text):
        turn.say("utter_one_filter", what=in_words(["money in", "money out"]))
    elif clear.filters.against:
        await comparison(turn, bank, clear)
    elif _is_of_a_few(turn, clear):
        await _sum_of_few(turn, bank, clear)
    else:
        await _sum_of_all(turn, bank, clear.filters)


async def _sum_of_all(turn: Turn, bank: CustomerBank, asked: Filters) -> None:
    """Say the sum of a period, the usual one if none is named."""
    period = asked.period or usual_period(today_of(turn))
    filters = replace(asked, count=None, direction=direction_of(asked), period=period)
    found = await find_meant(turn, bank, filters, find_all)
    if found is not None:
        keep(turn, Question("spending", found.asked))
        if unit := unit_of_rate(unnamed(heard(turn))):
            turn.say("utter_no_average", unit=unit)
        say_sum(turn, found)
        say_what_is_missing(turn, found)
        if not found.transactions and asked.period is None and (asked.category or asked.merchant):
            await _say_last(turn, bank, found)


async def _say_last(turn: Turn, bank: CustomerBank, missed: Found) -> None:
    """Say the last payment of a kind of which there was none in the usual period."""
    last = await find_few(bank, missed.accounts, replace(missed.asked, period=None, count=1), today_of(turn))
    if last.transactions:
        say_sum(turn, last)


def _asks_for_what(turn: Turn, filters: Filters) -> bool:
    """Whether the message looks for payments of one amount: "what did I spend £12.90 on"."""
    exact = filters.at_least is not None and filters.at_least == filters.at_most
    return exact and bool(_ON_WHAT.search(heard(turn).text))


def _is_of_a_few(turn: Turn, question: Question) -> bool:
    """Whether the sum is of a number of transactions: "my last three", or those that were listed before."""
    count, said_now = question.filters.count, said(turn).filters.count
    return count is not None and (said_now is None or bool(_LAST_FEW.search(heard(turn).text)))


async def _sum_of_few(turn: Turn, bank: CustomerBank, question: Question) -> None:
    """Say the sum of the latest few transactions, leaving out those of the other direction."""
    found = await find_meant(turn, bank, question.filters, find_few)
    if found is None:
        return
    keep(turn, Question("spending", found.asked))
    came_in = bool(found.transactions) and all(t.minor > 0 for t in found.transactions)
    filters = replace(found.filters, direction="in" if came_in else direction_of(question.filters))
    passed = select(found.transactions, Filters(direction=filters.direction))
    counted = without_own_moves(passed, filters)
    of_those = replace(found, filters=filters, transactions=counted, leaves_out=passed != counted, looked_at=())
    say_sum(turn, of_those)
    say_what_is_missing(turn, of_those)
