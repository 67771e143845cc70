"""Comparing the sums of two periods, for `action_spending` and `action_transactions`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from bot import Turn

from .bank import CustomerBank
from .clarifying import find_meant
from .conversation import keep, today_of
from .fetching import Found, find_all
from .formatting import format_money, format_sums
from .questions.accounts import written
from .questions.comparisons import as_many_days, goes_on
from .questions.groups import finer, shares
from .questions.periods import Period
from .questions.question import Filters, Group, Question
from .questions.selection import differences, direction_of, select, totals
from .questions.wording import say_period
from .ranking import MOST_SHARES, TITLES
from .sums import say_sum, say_what_is_missing
from .tables import Table


async def comparison(turn: Turn, bank: CustomerBank, clear: Question) -> None:
    """Say both sums of a clear question and their difference, and whether one of the periods is not over yet."""
    by = finer(clear.filters) if clear.filters.by else None
    asked = replace(clear.filters, by=by, count=None, order=None, direction=direction_of(clear.filters))
    one = await find_meant(turn, bank, asked, find_all)
    if one is None:
        return
    other = await find_meant(turn, bank, replace(one.asked, period=asked.against), find_all)
    if other is None:
        return
    keep(turn, Question("spending", one.asked))
    say_sum(turn, one)
    say_sum(turn, other)
    _say_difference(turn, one, other)
    if by:
        table = _parts_table(by, one, other, today_of(turn))
        turn.say("utter_compared_parts", shown=len(table.rows), table=table.text(), custom=table.custom())
    _say_not_over(turn, one, other)
    say_what_is_missing(turn, one, other)


def _say_difference(turn: Turn, one: Found, other: Found) -> None:
    """Say how much more or less the first sum is, or that both are the same."""
    if not (one.transactions or other.transactions):
        return
    today = today_of(turn)
    between = differences(totals(one.transactions), totals(other.transactions))
    said = " and ".join(_more_or_less(*difference) for difference in between)
    when, than = (say_period(found.filters.period or Period(), today) for found in (one, other))
    turn.say("utter_difference" if between else "utter_no_difference", difference=said, when=when, than=than)


def _parts_table(by: Group, one: Found, other: Found, today: date) -> Table:
    """A row for each part of the sums, those that differ most first."""
    names = {account.id: written(account) for account in one.accounts}
    first, second = _sums_of_parts(one, by, names), _sums_of_parts(other, by, names)
    parts = [(part, first.get(part, 0), second.get(part, 0)) for part in dict.fromkeys([*first, *second])]
    parts.sort(key=lambda part: -abs(part[1] - part[2]))
    rows = [
        (name, format_money(a, currency), format_money(b, currency), _more_or_less(a - b, currency))
        for (name, currency), a, b in parts
    ]
    when = [say_period(found.filters.period or Period(), today) for found in (one, other)]
    columns = (TITLES[by], *(said[:1].upper() + said[1:] for said in when), "Difference")
    return Table("Compared", columns, rows[:MOST_SHARES], right=frozenset(columns[1:]))


def _sums_of_parts(found: Found, by: Group, accounts: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """The sum of each part, in minor units, by its name and currency."""
    return {(share.name, share.currency): share.minor for share in shares(found.transactions, by, accounts)}


def _more_or_less(minor: int, currency: str) -> str:
    if minor == 0:
        return "the same"
    return f"{format_money(abs(minor), currency)} {'more' if minor > 0 else 'less'}"


def _say_not_over(turn: Turn, one: Found, other: Found) -> None:
    """If one period is not over, say so, and say what the other one had come to after as many days."""
    today = today_of(turn)
    periods = [found.filters.period or Period() for found in (one, other)]
    ongoing = [period for period in periods if goes_on(period, today)]
    if not ongoing:
        return
    past = other if goes_on(periods[0], today) else one
    days = as_many_days(ongoing[0], past.filters.period or Period(), today) if len(ongoing) == 1 else None
    if days is None:
        turn.say("utter_not_over")
        return
    so_far = select(past.transactions, Filters(period=days))
    turn.say("utter_not_over_yet", when=say_period(days, today), total=format_sums(totals(so_far)))
