"""The figures that a reply must contain, calculated from the simulator's ledger without the assistant's code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from simulator.accounts import CUSTOMERS, OPENED, Account
from simulator.ledger import Entry, Ledger

TODAY = date(2026, 11, 3)
MOST_ROWS = 25
USUAL_ROWS = 10
_FIGURE = re.compile(r"-?£[\d,]+\.\d{2}")


def figures(text: str) -> list[str]:
    """The money figures in a text, without their signs, in order."""
    return [found.lstrip("-") for found in _FIGURE.findall(text)]


def pounds(minor: int) -> str:
    """Pence as a figure."""
    return f"£{abs(minor) / 100:,.2f}"


class Expected(Struct, frozen=True):
    """The figures that a reply must contain, and those that it may. `first` must come first.

    `rows` are all rows that a list may show, newest first, and `most` is how many of them it shows.
    """

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    first: str | None = None
    rows: tuple[tuple[date, int], ...] | None = None
    most: int = 0
    begins: str = ""


NOTHING = Expected()


@dataclass
class Oracle:
    """The ledger of one customer, plus the transfers made since."""

    customer: str
    ledger: Ledger = field(default_factory=lambda: Ledger(7))
    moved: list[tuple[str, int]] = field(default_factory=list)

    def expected(self, figure: Mapping[str, Any] | None) -> Expected:
        """The figures for one entry of a conversation's `figures`."""
        if not figure:
            return NOTHING
        if "balance" in figure:
            return self._balances(figure["balance"])
        if "overdrawn" in figure:
            return self._overdrawn(figure["overdrawn"])
        if "list" in figure:
            return self._list(figure["list"])
        if "sum" in figure:
            return self._sum(figure["sum"])
        if "compared" in figure:
            return self._compared(*figure["compared"])
        if "insufficient" in figure:
            return self._insufficient(figure["insufficient"])
        amount = pounds(figure["transfer"] * 100)
        return Expected(must=frozenset({amount}))

    def move(self, amount: int, source: str, target: str) -> None:
        """Record a transfer of this many pounds."""
        self.moved += [(source, -amount * 100), (target, amount * 100)]

    def balance(self, account: Account) -> int:
        """The account's balance today, in pence."""
        moved = sum(minor for kind, minor in self.moved if kind == account.kind)
        booked = sum(entry.minor for entry in self.ledger.entries(account, OPENED, TODAY))
        return account.opening + booked + moved

    def _accounts(self, name: str | None) -> list[Account]:
        accounts = CUSTOMERS[self.customer].accounts
        wanted = None if name in (None, "all") else str(name).replace(" ", "_")
        return [account for account in accounts if wanted in (None, account.kind)]

    def _balances(self, name: str) -> Expected:
        accounts = self._accounts(name)
        balances = {pounds(self.balance(account)) for account in accounts}
        available = {pounds(self.balance(account) + account.limit) for account in accounts}
        several = len(accounts) > 1
        return Expected(must=frozenset(balances | (available if several else set())), may=frozenset(available))

    def _overdrawn(self, name: str) -> Expected:
        accounts = self._accounts(name)
        below = [account for account in accounts if account.kind != "credit_card" and self.balance(account) < 0]
        shown = below or accounts
        return Expected(
            must=frozenset(pounds(self.balance(account)) for account in shown),
            may=frozenset(pounds(self.balance(account) + account.limit) for account in shown),
            begins="Yes" if below else "No",
        )

    def _list(self, wanted: Mapping[str, Any]) -> Expected:
        found = sorted(self.entries(wanted), key=lambda entry: entry.day, reverse=True)
        rows = tuple((entry.day, entry.minor) for entry in found)
        amounts = frozenset(pounds(minor) for _, minor in rows)
        return Expected(may=amounts | _bounds(wanted), rows=rows, most=min(wanted.get("count", MOST_ROWS), MOST_ROWS))

    def _sum(self, wanted: Mapping[str, Any]) -> Expected:
        total = sum(entry.minor for entry in self.entries(wanted))
        if not total:
            return Expected(may=_bounds(wanted))
        return Expected(must=frozenset({pounds(total)}), may=_bounds(wanted), first=pounds(total))

    def _compared(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> Expected:
        """Two sums and their difference; a sum of nothing has no figure."""
        first, second = self.total(one), self.total(other)
        must = frozenset(pounds(minor) for minor in (first, second, first - second) if minor)
        return Expected(must=must, first=pounds(first) if first else None)

    def total(self, wanted: Mapping[str, Any]) -> int:
        """The sum of the wanted entries, in pence, without sign."""
        return abs(sum(entry.minor for entry in self.entries(wanted)))

    def _insufficient(self, wanted: Mapping[str, Any]) -> Expected:
        (account,) = self._accounts(wanted["account"])
        asked, available = pounds(wanted["asked"] * 100), pounds(self.balance(account) + account.limit)
        return Expected(must=frozenset({available}), may=frozenset({asked}))

    def entries(self, wanted: Mapping[str, Any]) -> Iterator[Entry]:
        """The wanted entries of the ledger, account by account."""
        start = _day(wanted.get("from"), OPENED)
        last = _day(wanted.get("to"), TODAY + timedelta(days=1)) - timedelta(days=1)
        for account in self._accounts(wanted.get("account")):
            for entry in self.ledger.entries(account, start, min(last, TODAY)):
                if fits(entry, wanted):
                    yield entry


def fits(entry: Entry, wanted: Mapping[str, Any]) -> bool:
    """Whether an entry is wanted."""
    direction, size = wanted.get("direction"), abs(entry.minor)
    own = entry.category == "transfers"
    if own and wanted.get("category") != "transfers" and direction == "out":
        return False
    if own and wanted.get("category") != "transfers" and direction == "in" and not wanted.get("account"):
        return False
    return (
        (direction is None or (entry.minor > 0) == (direction == "in"))
        and wanted.get("category") in (None, entry.category)
        and (wanted.get("merchant") is None or str(wanted["merchant"]) == entry.merchant)
        and size > wanted.get("over", -1) * 100
        and size < wanted.get("under", 10**9) * 100
        and wanted.get("at_least", 0) * 100 <= size <= wanted.get("at_most", 10**9) * 100
    )


def _day(given: str | None, default: date) -> date:
    return date.fromisoformat(given) if given else default


def _bounds(wanted: Mapping[str, Any]) -> frozenset[str]:
    names = ("over", "under", "at_least", "at_most")
    said = [round(wanted[name] * 100) for name in names if name in wanted]
    return frozenset(pounds(minor + penny) for minor in said for penny in (-1, 0, 1))
