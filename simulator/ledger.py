"""The entries of an account on a day: a pure function of (seed, account, date), so that the past never changes.

Money moves as it does in a household: pay comes in, bills and the card's direct
debit go out on their days, purchases are drawn day by day. On the last day of the
month, a current account sends what is left to an investment plan, or draws what
is missing from it, so that every month sums to zero and no balance drifts.
"""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from .accounts import CUSTOMERS, OPENED, Account, BankCustomer, Bill
from .days import ZONE


class Entry(Struct, frozen=True):
    """A booked amount in pence: positive is money in, negative money out.

    Purchases and bills have a `merchant` and an `mcc` (ISO 18245); `other_account` is the customer's own account at the
    other end of a transfer, `other` the name of somebody else there. `at` is the time of a payment; anything else is
    booked at midnight.
    """

    id: str
    account: str
    day: date
    minor: int
    description: str
    category: str
    merchant: str | None = None
    mcc: str | None = None
    other_account: str | None = None
    other: str | None = None
    at: datetime | None = None

    @property
    def booked(self) -> datetime:
        """When it was booked, to the second, with the bank's zone."""
        return (self.at or datetime.combine(self.day, time(), ZONE)).astimezone(ZONE).replace(microsecond=0)


class _Shop(Struct, frozen=True):
    """A shop: its merchant category code and the range of a purchase in pence."""

    name: str
    mcc: str
    low: int
    high: int


_SHOPS: dict[str, tuple[_Shop, ...]] = {
    "groceries": (
        _Shop("Tesco", "5411", 850, 6_400),
        _Shop("Sainsbury's", "5411", 720, 5_900),
        _Shop("Lidl", "5411", 610, 4_300),
        _Shop("Corner Pantry", "5499", 180, 1_450),
    ),
    "transport": (
        _Shop("Transport for London", "4111", 280, 1_150),
        _Shop("Trainline", "4112", 990, 5_400),
        _Shop("Uber", "4121", 620, 2_350),
        _Shop("Shell", "5541", 2_500, 6_800),
    ),
    "eating out": (
        _Shop("Pret A Manger", "5814", 345, 1_120),
        _Shop("Costa Coffee", "5814", 310, 895),
        _Shop("Deliveroo", "5812", 1_290, 3_850),
        _Shop("The Copper Kettle", "5812", 1_100, 5_600),
    ),
    "shopping": (
        _Shop("Amazon", "5942", 599, 7_900),
        _Shop("John Lewis", "5311", 1_200, 14_500),
        _Shop("Argos", "5311", 899, 6_500),
        _Shop("Thornfield Books", "5942", 499, 3_200),
    ),
    "entertainment": (
        _Shop("Odeon Cinemas", "7832", 950, 3_100),
        _Shop("Ticket Meadow", "7922", 2_200, 9_800),
    ),
}


class Ledger:
    """The entries and balances of all accounts for one seed. Months are computed once and cached."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._month = lru_cache(maxsize=4_096)(self._compute_month)
        self._card_spending = lru_cache(maxsize=1_024)(self._compute_card_spending)
        self._balance = lru_cache(maxsize=256)(self._compute_balance)

    def entries(self, account: Account, since: date, until: date) -> Iterator[Entry]:
        """The entries booked from `since` to `until`, both included, in order."""
        for first in _months(max(since, OPENED), until):
            for entry in self._month(account, first):
                if since <= entry.day <= until:
                    yield entry

    def balance(self, account: Account, today: date) -> int:
        """The opening balance and everything booked up to `today`, in pence."""
        return self._balance(account, today)

    def _compute_balance(self, account: Account, today: date) -> int:
        return account.opening + sum(entry.minor for entry in self.entries(account, OPENED, today))

    def _compute_month(self, account: Account, first: date) -> tuple[Entry, ...]:
        booking = {"current": self._current, "savings": self._savings, "credit_card": self._card}[account.kind]
        drafts = booking(CUSTOMERS[account.customer], first)
        return tuple(numbered(account, sorted(drafts, key=lambda draft: draft.day)))

    def _current(self, customer: BankCustomer, first: date) -> list[Entry]:
        home, account = customer.household, customer.current.id
        booked = [
            *_bills(home.bills, account, first),
            *self._purchases(account, first, home.habits),
            *_pay(customer, first),
        ]
        booked += [
            _transfer(account, entry.day, -entry.minor, "Transfer with savings", customer.savings.id)
            for entry in self._savings_transfers(customer, first)
        ]
        if (owed := self._card_debit(customer, first)) > 0:
            booked.append(_transfer(account, first.replace(day=15), -owed, "Credit card payment", customer.card.id))
        if rest := sum(entry.minor for entry in booked):
            booked.append(Entry("", account, _last_day(first), -rest, "Wrenfield Investment Plan", "transfers"))
        return booked

    def _savings(self, customer: BankCustomer, first: date) -> list[Entry]:
        account, last = customer.savings.id, _last_day(first)
        minor = self._random(account, last).randint(45, 690)
        return [*self._savings_transfers(customer, first), Entry("", account, last, minor, "Interest", "interest")]

    def _savings_transfers(self, customer: BankCustomer, first: date) -> list[Entry]:
        """The transfers between savings and current account, as the savings account sees them."""
        account, current, saves = customer.savings.id, customer.current.id, customer.household.saves
        booked = [_transfer(account, first.replace(day=26), saves, "Standing order from current account", current)]
        if first.month in (7, 12):
            booked.append(_transfer(account, first.replace(day=10), -3 * saves, "Transfer to current account", current))
        return booked

    def _card(self, customer: BankCustomer, first: date) -> list[Entry]:
        booked = list(self._card_spending(customer.id, first))
        if (owed := self._card_debit(customer, first)) > 0:
            day, current = first.replace(day=15), customer.current.id
            booked.append(_transfer(customer.card.id, day, owed, "Payment received, thank you", current))
        return booked

    def _compute_card_spending(self, customer: str, first: date) -> tuple[Entry, ...]:
        home, account = CUSTOMERS[customer].household, CUSTOMERS[customer].card.id
        return (*_bills(home.card_bills, account, first), *self._purchases(account, first, home.card_habits))

    def _card_debit(self, customer: BankCustomer, first: date) -> int:
        """The amount of this month's direct debit, which is last month's spending, in pence."""
        if first <= OPENED:
            return 0
        before = (first - timedelta(days=1)).replace(day=1)
        return -sum(entry.minor for entry in self._card_spending(customer.id, before))

    def _purchases(self, account: str, first: date, habits: Mapping[str, float]) -> Iterator[Entry]:
        for day in _days(first):
            dice = self._random(account, day)
            for category, probability in habits.items():
                if dice.random() < probability:
                    shop = dice.choice(_SHOPS[category])
                    minor = -dice.randint(shop.low, shop.high)
                    yield Entry("", account, day, minor, shop.name.upper(), category, shop.name, shop.mcc)

    def _random(self, account: str, day: date) -> random.Random:
        return random.Random(f"{self._seed}/{account}/{day}")  # noqa: S311 - invents purchases, no security


@lru_cache(maxsize=4)
def ledger(seed: int) -> Ledger:
    """The ledger of a seed, shared by all callers since it is pure."""
    return Ledger(seed)


def _bills(bills: tuple[Bill, ...], account: str, first: date) -> Iterator[Entry]:
    for bill in bills:
        day = first.replace(day=bill.day)
        yield Entry("", account, day, -bill.minor, bill.payee, bill.category, bill.payee, bill.mcc)


def _pay(customer: BankCustomer, first: date) -> Iterator[Entry]:
    """The pay: on a day of the month (the Friday before if that is a weekend), or on every Friday."""
    home = customer.household
    if home.payday is None:
        days = [day for day in _days(first) if day.weekday() == 4]
    else:
        day = first.replace(day=home.payday)
        days = [day - timedelta(days=max(0, day.weekday() - 4))]
    for day in days:
        yield Entry("", customer.current.id, day, home.pay, f"{home.employer} salary", "income")


def _transfer(account: str, day: date, minor: int, description: str, other: str) -> Entry:
    return Entry("", account, day, minor, description, "transfers", other_account=other)


def numbered(account: Account, drafts: list[Entry]) -> Iterator[Entry]:
    """The entries with their ids: account, day, and number within the day."""
    day, number = None, 0
    for draft in drafts:
        number = number + 1 if draft.day == day else 1
        day = draft.day
        yield replace(draft, id=f"{account.id}-{draft.day:%Y%m%d}-{number:02}")


def _last_day(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _days(first: date) -> Iterator[date]:
    for number in range(1, _last_day(first).day + 1):
        yield first.replace(day=number)


def _months(since: date, until: date) -> Iterator[date]:
    first = since.replace(day=1)
    while first <= until:
        yield first
        first = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
