"""Questions of a customer about their money, and how the next message changes them: plain values, no I/O."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, TypeAlias

from msgspec import Struct, ValidationError, convert, to_builtins
from msgspec.structs import asdict, replace

from .periods import Grain, Period, Shift, moved, same_days, shifted

Kind: TypeAlias = Literal["balance", "overdrawn", "transactions", "spending"]
Direction: TypeAlias = Literal["in", "out"]
Order: TypeAlias = Literal["largest", "smallest", "oldest"]
Group: TypeAlias = Literal["category", "merchant", "month", "day", "account"]

ALL_ACCOUNTS = "all"
"""The value of the entity `account` for "all my accounts"."""


class Filters(Struct, frozen=True, omit_defaults=True):
    """Which transactions are meant; None means "any". Amounts are in minor units, without sign, and inclusive.

    `count` is how many of them, and `order` which come first: None means the newest. `by` is what to group sums by
    ("which shop did I spend most at"), and `against` the days whose sum is compared.
    """

    account: str | None = None
    merchant: str | None = None
    category: str | None = None
    direction: Direction | None = None
    period: Period | None = None
    at_least: int | None = None
    at_most: int | None = None
    count: int | None = None
    order: Order | None = None
    by: Group | None = None
    against: Period | None = None


NO_FILTERS = Filters()


class Said(Struct, frozen=True):
    """What one message says about the filters. `refers_back` stands for "those" and "that".

    `carries_on`: the message contains only a time ("last month?") or a name that replaces another one. `of_those`: it
    is about a part of the last answer ("how much of that was groceries", "the last one"). `names_back`: a word stands
    for the name alone ("how much did I pay her in May"). `account_back`: a word may stand for the account ("what did I
    pay with it"). `only_names`: it could be an answer ("petrol"). `against` is the period that the time is compared
    with, or how far away that is. `same` is the unit whose days are meant again: "day" for "the same period last year",
    "month" for "the same month last year".
    """

    filters: Filters = NO_FILTERS
    shift: Shift | None = None
    refers_back: bool = False
    carries_on: bool = False
    of_those: bool = False
    names_back: bool = False
    only_names: bool = False
    account_back: bool = False
    against: Period | Shift | None = None
    same: Grain | None = None

    @property
    def only_account(self) -> bool:
        """Whether the message says nothing but, at most, an account."""
        return self.filters == Filters(account=self.filters.account) and not (self.shift or self.against)

    @property
    def narrows(self) -> bool:
        """Whether the message itself says which transactions are meant."""
        return self.filters != NO_FILTERS or self.shift is not None or self.against is not None


class Question(Struct, frozen=True):
    """A complete question: what is asked, about which transactions or accounts, and how many of them were shown.

    An `open` question named two of a kind, between which the customer was asked to choose.
    """

    kind: Kind
    filters: Filters = NO_FILTERS
    shown: int = 0
    open: bool = False

    def narrowed(self, **filters: Any) -> Question:
        """The question with these filters, by name, in place of its own."""
        return replace(self, filters=replace(self.filters, **filters))

    @property
    def listed(self) -> Filters:
        """The filters of what was shown: for a list without a period, only as many rows as were shown."""
        shown_few = self.kind == "transactions" and self.shown and self.filters.period is None
        return replace(self.filters, count=self.shown) if shown_few else self.filters

    def to_json(self) -> dict[str, Any]:
        """Return the question as JSON for the slot `question`."""
        slot: dict[str, Any] = {"kind": self.kind, **to_builtins(self.filters)}
        if self.shown:
            slot["shown"] = self.shown
        if self.open:
            slot["open"] = True
        return slot

    @classmethod
    def from_json(cls, kept: Any) -> Question | None:
        """Read what `to_json` returned; None for anything else, so that an outdated slot never breaks a turn."""
        try:
            slot = convert(kept, dict[str, Any])
            return convert({**slot, "filters": slot}, cls)
        except ValidationError:
            return None


def new_question(kind: Kind, said: Said, kept: Question | None, today: date) -> Question:
    """A new question, which starts afresh unless it only refers back ("how much is that in total?").

    "Those payments" refers back too, whichever direction the last question had, and so does a mere "last month". In a
    message that says more, "her" and "there" refer to the name alone, and "with it" to the account. A name by itself
    answers an open question.
    """
    if kept is None:
        return Question(kind, merge(NO_FILTERS, said, today))
    if kept.filters.against and said.against == Shift(-1) and not said.filters.period and _names_nothing(said):
        return Question(kind, kept.filters)
    if _is_of_the_same(said) or (kept.open and said.only_names):
        filters = kept.listed if kind == "spending" and not said.narrows else kept.filters
        if kept.filters.direction:
            said = replace(said, filters=replace(said.filters, direction=None))
        return Question(kind, merge(filters, said, today))
    carried = Filters(period=kept.filters.period) if said.same else NO_FILTERS
    if said.names_back:
        carried = replace(carried, merchant=kept.filters.merchant, category=kept.filters.category)
    if said.account_back:
        carried = replace(carried, account=kept.filters.account)
    return Question(kind, merge(carried, said, today))


def _is_of_the_same(said: Said) -> bool:
    """Whether all of the last question is meant."""
    if said.carries_on or said.of_those:
        return True
    return said.refers_back and (said.shift is not None or _names_nothing(said))


def _names_nothing(said: Said) -> bool:
    """Whether the message says nothing of which transactions are meant, only how to order, count or group them."""
    return replace(said.filters, direction=None, by=None, count=None, order=None) == NO_FILTERS


def follow_up(said: Said, kept: Question | None, today: date) -> Question | None:
    """What "and the month before?" asks after `kept`; None if there is nothing to refer to."""
    if not said.narrows:
        return kept if said.refers_back else None
    if kept is None:
        return None
    if kept.kind in ("balance", "overdrawn") and not said.only_account:
        return Question("transactions", merge(kept.filters, said, today))
    return Question(kept.kind, merge(kept.filters, said, today))


def merge(kept: Filters, said: Said, today: date) -> Filters:
    """Apply what was just said to the kept filters; filters that exclude each other replace each other."""
    new = said.filters
    turned = new.direction is not None and kept.direction is not None and new.direction != kept.direction
    if new.merchant or new.category or turned:
        kept = replace(kept, merchant=None, category=None, by=None)
    if new.at_least is not None or new.at_most is not None:
        kept = replace(kept, at_least=None, at_most=None)
    if (new.period or said.shift) and new.count is None and kept.order is None:
        kept = replace(kept, count=None)
    if new.period or said.shift:
        kept = replace(kept, against=None)
    if new.count is not None:
        kept = replace(kept, order=None)
    elif new.order and kept.count == 1:  # after "the biggest", "which were the biggest" asks for several
        kept = replace(kept, count=None)
    merged = replace(kept, **{name: value for name, value in asdict(new).items() if value is not None})
    if said.shift and new.period is None:
        merged = replace(merged, period=moved(kept.period, said.shift, today))
    target = new.period or said.shift
    if said.same and target and not said.against:
        merged = replace(merged, period=same_days(kept.period, said.same, target, today))
    if said.against and new.by is None:
        merged = replace(merged, by=None)
    if said.against:
        merged = _compared(merged, said, said.against, today)
    return replace(merged, account=None) if merged.account == ALL_ACCOUNTS else merged


def _compared(filters: Filters, said: Said, against: Period | Shift, today: date) -> Filters:
    """The filters with the days to compare with; if they have no period, they get today's unit."""
    period = filters.period or shifted(None, Shift(0, against.grain), today)
    if said.same:
        return replace(filters, period=period, against=same_days(period, said.same, against, today))
    if against == period:  # "this month" with itself means with the one before
        against = Shift(-1)
    if isinstance(against, Shift):
        return replace(filters, period=period, against=moved(period, against, today))
    units = {"month": 12, "quarter": 4}.get(period.grain) if against.grain == "year" else None
    if units and period.start and against.start:  # "October than last year" means October last year
        steps = units * (against.start.year - period.start.year)
        against = shifted(period, Shift(steps or -units, period.grain), today)
    return replace(filters, period=period, against=against)
