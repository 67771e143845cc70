"""The bank's customers: who they are, which accounts they have, how they spend. All of it is invented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["current", "savings", "credit_card"]

OPENED = date(2021, 1, 1)
"""The day all accounts were opened: nothing was booked before."""


class Account(Struct, frozen=True):
    """An account.

    `opening` is its balance on the day it was opened and `limit` its overdraft or credit line, in pence.
    `sort_code_and_number` is the UK's 14 digits, for payments; `pan` is a card's number with its middle hidden.
    """

    id: str
    customer: str
    kind: Kind
    nickname: str
    sort_code_and_number: str
    opening: int
    limit: int = 0
    pan: str | None = None
    currency: str = "GBP"


class Bill(Struct, frozen=True):
    """A direct debit of the same amount (pence) on the same day of every month."""

    day: int
    minor: int
    payee: str
    category: str
    mcc: str | None = None


class Household(Struct, frozen=True):
    """A customer's finances: pay, bills, habits (chance of a purchase per day, by category), savings. In pence.

    `payday` is a day of the month, or None for pay on every Friday.
    """

    employer: str
    pay: int
    payday: int | None
    saves: int
    bills: tuple[Bill, ...]
    habits: Mapping[str, float]
    card_habits: Mapping[str, float]
    card_bills: tuple[Bill, ...]


class BankCustomer(Struct, frozen=True):
    """A customer of the bank, with the accounts they own."""

    id: str
    name: str
    current: Account
    savings: Account
    card: Account
    household: Household

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts of the customer."""
        return (self.current, self.savings, self.card)


_AMARA = BankCustomer(
    id="cust-3f8a41",
    name="Amara Okafor",
    current=Account("ac-51a7e2", "cust-3f8a41", "current", "Everyday", "60161331926819", 331_450, limit=50_000),
    savings=Account("ac-9c04d8", "cust-3f8a41", "savings", "Rainy day", "60161331926820", 480_000),
    card=Account(
        "ac-e7731b",
        "cust-3f8a41",
        "credit_card",
        "Travel card",
        "60161399001204",
        0,
        limit=300_000,
        pan="465943******1204",
    ),
    household=Household(
        employer="Northlight Studios",
        pay=287_512,
        payday=25,
        saves=20_000,
        bills=(
            Bill(1, 112_500, "Harbour View Lettings", "housing"),
            Bill(3, 14_211, "City Council", "bills"),
            Bill(7, 9_640, "Octavia Energy", "bills", "4900"),
            Bill(9, 3_125, "Severn Water", "bills", "4900"),
            Bill(12, 3_399, "Vale Broadband", "bills", "4814"),
            Bill(18, 1_500, "Beacon Mobile", "bills", "4814"),
        ),
        habits={"groceries": 0.36, "transport": 0.32, "eating out": 0.25},
        card_habits={"shopping": 0.12, "eating out": 0.08, "entertainment": 0.05},
        card_bills=(
            Bill(4, 1_099, "Netflix", "entertainment", "4899"),
            Bill(11, 1_199, "Spotify", "entertainment", "5815"),
            Bill(20, 2_999, "Peak Gym", "entertainment", "7997"),
        ),
    ),
)

_JONAS = BankCustomer(
    id="cust-b20c97",
    name="Jonas Whitfield",
    current=Account("ac-70be16", "cust-b20c97", "current", "Main account", "60161331705562", -124_735, limit=250_000),
    savings=Account("ac-04d5fa", "cust-b20c97", "savings", "Holiday fund", "60161331705563", 15_250),
    card=Account(
        "ac-2ee9c3",
        "cust-b20c97",
        "credit_card",
        "Classic card",
        "60161399007718",
        -24_210,
        limit=150_000,
        pan="465943******7718",
    ),
    household=Household(
        employer="Mercer Logistics",
        pay=45_580,
        payday=None,
        saves=2_500,
        bills=(
            Bill(2, 68_000, "Oakfield Homes", "housing"),
            Bill(5, 11_874, "Borough Council", "bills"),
            Bill(8, 8_215, "Octavia Energy", "bills", "4900"),
            Bill(10, 2_890, "Thames Water", "bills", "4900"),
            Bill(16, 2_750, "Vale Broadband", "bills", "4814"),
            Bill(22, 1_200, "Beacon Mobile", "bills", "4814"),
        ),
        habits={"groceries": 0.30, "transport": 0.45, "eating out": 0.18},
        card_habits={"shopping": 0.07, "entertainment": 0.04},
        card_bills=(Bill(6, 1_099, "Netflix", "entertainment", "4899"),),
    ),
)

_PRIYA = BankCustomer(
    id="cust-6d15e0",
    name="Priya Raman",
    current=Account("ac-c8f240", "cust-6d15e0", "current", "Current account", "60161331440981", 458_820, limit=100_000),
    savings=Account("ac-3b9a77", "cust-6d15e0", "savings", "House deposit", "60161331440982", 1_845_000),
    card=Account(
        "ac-f1620d",
        "cust-6d15e0",
        "credit_card",
        "Rewards card",
        "60161399000093",
        -9_999,
        limit=600_000,
        pan="465943******0093",
    ),
    household=Household(
        employer="St Brannock's Hospital",
        pay=394_075,
        payday=27,
        saves=65_000,
        bills=(
            Bill(1, 138_000, "Fernhill Building Society", "housing"),
            Bill(4, 19_842, "County Council", "bills"),
            Bill(6, 12_990, "Octavia Energy", "bills", "4900"),
            Bill(11, 3_640, "Anglia Water", "bills", "4900"),
            Bill(14, 4_200, "Vale Broadband", "bills", "4814"),
            Bill(21, 2_200, "Beacon Mobile", "bills", "4814"),
        ),
        habits={"groceries": 0.40, "transport": 0.20, "eating out": 0.22},
        card_habits={"shopping": 0.20, "eating out": 0.12, "entertainment": 0.08},
        card_bills=(
            Bill(3, 1_799, "Netflix", "entertainment", "4899"),
            Bill(13, 899, "Audible", "entertainment", "5815"),
        ),
    ),
)

CUSTOMERS: Mapping[str, BankCustomer] = {customer.id: customer for customer in (_AMARA, _JONAS, _PRIYA)}
ACCOUNTS: Mapping[str, Account] = {
    account.id: account for customer in CUSTOMERS.values() for account in customer.accounts
}


def accounts_of(customer: str) -> tuple[Account, ...]:
    """The accounts of the bank customer with this id; none for an unknown one."""
    return CUSTOMERS[customer].accounts if customer in CUSTOMERS else ()
