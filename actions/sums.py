"""A sum in a sentence: the amount, what it covers, and of how many payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bot import Turn

from .bank import Transaction
from .conversation import today_of
from .fetching import Found
from .formatting import format_date, format_sums, in_words
from .questions.periods import Period
from .questions.question import Filters
from .questions.selection import PEOPLE, bounds, goes_to_people, totals
from .questions.wording import WHICH, describe

QUIET: Final = timedelta(days=62)
"""No account goes this long without a transaction: after such a gap its records must begin later."""

_SAID: Final = {
    "in": ("utter_received", "utter_received_nothing"),
    "out": ("utter_spent", "utter_spent_nothing"),
    "people": ("utter_paid", "utter_paid_nothing"),
}


def say_sum(turn: Turn, found: Found) -> None:
    """Say the sum of what was found, and the names it covers if there are several."""
    filters, counted = found.filters, found.transactions
    to_people = filters.category == PEOPLE or (filters.merchant is not None and goes_to_people(counted))
    about = describe(filters, today_of(turn), to_people=to_people)
    if filters.count:
        about = f"{about} {_few(filters, counted)}".strip()
    direction = filters.direction or "out"
    response, nothing = _SAID["people" if to_people and direction == "out" else direction]
    payments = "1 payment" if len(counted) == 1 else f"{len(counted)} payments"
    turn.say(response if counted else nothing, total=format_sums(totals(counted)), what=about, payments=payments)
    names = sorted({t.merchant or t.description for t in counted})
    if filters.merchant is not None and len(names) > 1:
        turn.say("utter_several_names", what=in_words(names))


def say_what_is_missing(turn: Turn, *sums: Found) -> None:
    """Say what the sums leave out: moves between own accounts, and the time before the bank's records.

    If a period begins long before those, its sum covers less than it seems to.
    """
    if any(found.leaves_out for found in sums):
        turn.say("utter_own_transfers_left_out")
    for found in sums:
        since, _ = bounds(found.filters.period or Period(), today_of(turn))
        first = min((t.day for t in found.looked_at), default=since)
        if first - since > QUIET:
            turn.say("utter_records_begin", date=format_date(first))
            return


def _few(filters: Filters, counted: Sequence[Transaction]) -> str:
    """How many transactions the sum covers; for a single one, its day too."""
    which = WHICH[filters.order] if filters.order else "last"
    if filters.count == 1:
        return f"in the {which} transaction" + "".join(f", on {format_date(t.day)}" for t in counted)
    if filters.order in ("largest", "smallest"):
        return f"in the {filters.count} {which} transactions"
    return f"in the {which} {filters.count} transactions"
