"""The bank's data after validation. Money is in whole minor units (pence), times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from .days import day_of

T = TypeVar("T")

Refusal: TypeAlias = Literal["insufficient_funds", "too_late", "other"]
AccountKind: TypeAlias = Literal["current", "savings", "credit_card", "other"]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the customer. `number` identifies it in payments (UK: sort code and number) and is never shown."""

    id: str
    kind: AccountKind
    nickname: str
    currency: str
    opened: datetime | None = None
    number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Payee:
    """Somebody whom the customer can pay. `number` is like an account's: payments need it, and it is never shown."""

    id: str
    name: str
    number: str = field(repr=False)

    @property
    def masked(self) -> str:
        """The last four digits of the number: enough to distinguish two payees of one name, and safe to show."""
        return self.number[-4:]


class Balance(Struct, frozen=True):
    """An account's balance including pending transactions, at a time: negative if overdrawn, or if owed on a card.

    `credit_line` is the agreed overdraft or card limit, which the balance does not include.
    """

    account_id: str
    minor: int
    currency: str
    at: datetime
    credit_line: int = 0


class Transaction(Struct, frozen=True):
    """A transaction: positive for money in, negative for money out. `merchant` is the shop, or else the other party.

    `category` is the bank's word for it, such as `groceries`; transfers between the customer's own accounts have
    `transfers`.
    """

    id: str
    account_id: str
    minor: int
    currency: str
    booked_at: datetime
    pending: bool
    description: str
    merchant: str | None = None
    category: str | None = None

    @property
    def day(self) -> date:
        """The day on which it was booked, in the bank's time zone."""
        return day_of(self.booked_at)


class PaymentOrder(Struct, frozen=True):
    """A payment to make: from which account of the customer to which other account or payee (ids), how much, and the
    latest time for it.

    The same order under the same key is the same payment, so it is fixed when the confirmation is asked for. `payee` is
    the name of the receiving side.
    """

    debtor: str
    creditor: str
    minor: int
    currency: str
    payee: str
    not_after: datetime


class Payment(Struct, frozen=True):
    """A payment at the bank, made or permanently refused, with the bank's reason."""

    id: str
    made: bool
    minor: int
    currency: str
    at: datetime
    refusal: Refusal | None = None


class Known(Struct, Generic[T], frozen=True):
    """A value, and the time when it was true."""

    value: T
    at: datetime
