"""Where most of the money went: the tables of sums of `action_spending` and `action_transactions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from bot import Turn

from .bank import CustomerBank
from .clarifying import clarified, find_meant
from .conversation import keep, today_of
from .fetching import find_all
from .formatting import format_money, format_sums
from .questions.accounts import written
from .questions.groups import Share, finer, months_back, shares
from .questions.question import Direction, Filters, Group, Question
from .questions.selection import direction_of, totals, usual_period
from .questions.wording import describe
from .tables import Table

MOST_SHARES: Final = 15
"""The most rows of a table; a longer one is cut, and the reply says so."""

_SAID: Final[Mapping[Direction, tuple[str, str, str]]] = {
    "in": ("utter_ranked_in", "utter_ranked_in_cut", "utter_received_nothing"),
    "out": ("utter_ranked", "utter_ranked_cut", "utter_spent_nothing"),
}
TITLES: Final[Mapping[Group, str]] = {
    "category": "Category",
    "merchant": "Where",
    "month": "Month",
    "day": "Day",
    "account": "Account",
}
"""The title of the first column of a table of sums."""


async def ranking(turn: Turn, bank: CustomerBank, question: Question) -> None:
    """Say what the largest sum is for, with a table of all sums; keep the question for "and in September?"."""
    clear = await clarified(turn, bank, question)
    if clear is None:
        return
    by, today = finer(clear.filters), today_of(turn)
    if by is None:
        turn.say("utter_beyond", what="most")
        return
    asked = clear.filters
    period = asked.period or (months_back(today) if by == "month" else usual_period(today))
    filters = replace(asked, by=by, count=None, order=None, period=period, direction=direction_of(asked))
    found = await find_meant(turn, bank, filters, find_all)
    if found is None:
        return
    keep(turn, Question("spending", found.asked))
    ranked = shares(found.transactions, by, {account.id: written(account) for account in found.accounts})
    _say_ranked(turn, found.filters, ranked, format_sums(totals(found.transactions)), most=_most(asked))
    if found.leaves_out:
        turn.say("utter_own_transfers_left_out")


def _most(filters: Filters) -> int:
    """How many sums to show: as many as were asked for; if only the biggest was, the next ones too."""
    if filters.count is None or filters.count == 1:
        return MOST_SHARES
    return min(filters.count, MOST_SHARES)


def _say_ranked(turn: Turn, filters: Filters, ranked: list[Share], total: str, *, most: int) -> None:
    ranks, cut, nothing = _SAID[filters.direction or "out"]
    what = describe(filters, today_of(turn))
    if not ranked:
        turn.say(nothing, what=what)
        return
    shown = ranked[:most]
    table = shares_table(shown, filters.by or "category")
    turn.say(
        cut if len(shown) < len(ranked) else ranks,
        total=total,
        what=what,
        most=ranked[0].name,
        share=format_money(ranked[0].minor, ranked[0].currency),
        shown=len(shown),
        table=table.text(),
        custom=table.custom(),
    )


def shares_table(shown: list[Share], by: Group) -> Table:
    """A row for each sum: its name, its number of transactions, and the amount."""
    rows = [(share.name, str(share.count), format_money(share.minor, share.currency)) for share in shown]
    return Table("Sums", (TITLES[by], "Payments", "Amount"), rows, right=frozenset({"Payments", "Amount"}))
