"""Payments and their entries, in the bank's own SQLite file: each payment is durable before it is answered.

Every payment moves money between two accounts, one of which may be at another
bank, so that all entries always sum to zero.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from .days import day_of

T = TypeVar("T")
Status: TypeAlias = Literal["ACSC", "RJCT"]

KEY_VALID = timedelta(hours=24)
"""How long an idempotency key identifies its payment (the standard's time)."""

PAID_TO, PAID_BY = "Payment to ", "Payment from "
"""The beginnings of a payment's descriptions on the two accounts; the name of the other side follows."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    end_to_end TEXT NOT NULL,
    debtor TEXT NOT NULL,
    creditor TEXT NOT NULL,
    minor INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    created TEXT NOT NULL,
    initiation TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_key ON payment (customer, key);
CREATE INDEX IF NOT EXISTS payment_end_to_end ON payment (customer, end_to_end);
CREATE TABLE IF NOT EXISTS entry (
    payment TEXT NOT NULL REFERENCES payment (id),
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    minor INTEGER NOT NULL,
    description TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (payment, account)
);
CREATE INDEX IF NOT EXISTS entry_account ON entry (account, day);
"""


class KeyReused(Exception):
    """The idempotency key belongs to another payment."""


class Order(Struct, frozen=True):
    """A payment as it was ordered.

    `debtor` and `creditor` are account ids of this bank, or `outside:…`; `minor` is in pence; after `not_after` the
    payment must no longer be made; `initiation` is the order's own JSON.
    """

    customer: str
    key: str
    fingerprint: str
    end_to_end: str
    debtor: str
    creditor: str
    minor: int
    debtor_text: str
    creditor_text: str
    initiation: str
    not_after: datetime | None = None


class Payment(Struct, frozen=True):
    """A payment that was made (`ACSC`) or refused (`RJCT`, with the reason's code). `created` is in UTC."""

    id: str
    customer: str
    key: str
    fingerprint: str
    end_to_end: str
    debtor: str
    creditor: str
    minor: int
    status: Status
    reason: str
    created: datetime
    initiation: str


class Moved(Struct, frozen=True):
    """A payment's effect on one account, in pence, and its time (in UTC)."""

    payment: str
    account: str
    day: date
    minor: int
    description: str
    other: str
    at: datetime


class Payments:
    """The payments of one bank. A single thread does all writing and reading, so orders are handled one at a time.

    `available` returns what an account can spend, not counting payments, in pence.
    """

    def __init__(
        self, database: Path, *, now: Callable[[], datetime], new_id: Callable[[], str], available: Callable[[str], int]
    ) -> None:
        self._path = database
        self._now = now
        self._new_id = new_id
        self._available = available
        self._thread = ThreadPoolExecutor(1, "bank-payments")
        self._moved: dict[str, int] = {}

    async def open(self) -> None:
        """Open the bank's file and load the sums of earlier payments."""
        await self._run(self._open)

    async def close(self) -> None:
        """Close the file after the last order."""
        await self._run(self._db.close)
        self._thread.shutdown()

    def moved(self, account: str) -> int:
        """The sum of all payments to and from an account, in pence."""
        return self._moved.get(account, 0)

    async def make(self, order: Order) -> Payment:
        """Make or refuse the payment, once per key; raises KeyReused if the key belongs to another payment."""
        return await self._run(lambda: self._make(order))

    async def read(self, customer: str, payment: str) -> Payment | None:
        """The customer's payment with this id, if there is one."""
        found = await self._run(lambda: self._select("customer = ? AND id = ?", customer, payment))
        return found[0] if found else None

    async def find(self, customer: str, end_to_end: str) -> list[Payment]:
        """The customer's payments with this end-to-end identification, oldest first."""
        return await self._run(lambda: self._select("customer = ? AND end_to_end = ?", customer, end_to_end))

    async def all(self) -> list[Payment]:
        """All payments, oldest first."""
        return await self._run(lambda: self._select("1"))

    async def entries(self, account: str, since: date, until: date) -> list[Moved]:
        """The effects of payments on an account from `since` to `until`, both included, in order."""
        if account not in self._moved:
            return []
        return await self._run(lambda: self._entries(account, since, until))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # SQLite gives its log the same mode
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self._moved.update(self._db.execute("SELECT account, sum(minor) FROM entry GROUP BY account"))

    def _make(self, order: Order) -> Payment:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            earlier = self._earlier_payment(order)
            if earlier is not None:
                self._db.execute("ROLLBACK")
                return earlier
            payment = self._insert(order)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        if payment.status == "ACSC":
            self._add(order.debtor, -order.minor)
            self._add(order.creditor, order.minor)
        return payment

    def _earlier_payment(self, order: Order) -> Payment | None:
        """The payment that the order's key belongs to, if the key is still valid; raises KeyReused if it differs."""
        since = (self._now() - KEY_VALID).astimezone(UTC).isoformat()
        found = self._select("customer = ? AND key = ? AND created > ?", order.customer, order.key, since)
        if not found:
            return None
        if found[-1].fingerprint != order.fingerprint:
            raise KeyReused
        return found[-1]

    def _insert(self, order: Order) -> Payment:
        now = self._now().astimezone(UTC)
        reason = self._objection(order, now)
        payment = Payment(
            self._new_id(),
            order.customer,
            order.key,
            order.fingerprint,
            order.end_to_end,
            order.debtor,
            order.creditor,
            order.minor,
            "RJCT" if reason else "ACSC",
            reason,
            now,
            order.initiation,
        )
        self._db.execute("INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(payment))
        if not reason:
            day = day_of(now).isoformat()
            legs = [
                (payment.id, order.debtor, day, -order.minor, order.debtor_text, order.creditor),
                (payment.id, order.creditor, day, order.minor, order.creditor_text, order.debtor),
            ]
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", legs)
        return payment

    def _objection(self, order: Order, now: datetime) -> str:
        """Why the payment is refused (ISO 20022's code), or an empty string."""
        if order.not_after is not None and now > order.not_after:
            return "TM01"  # after the cut-off time
        if self._available(order.debtor) + self.moved(order.debtor) < order.minor:
            return "AM04"  # insufficient funds
        return ""

    def _add(self, account: str, minor: int) -> None:
        self._moved[account] = self._moved.get(account, 0) + minor

    def _select(self, condition: str, *values: str) -> list[Payment]:
        sql = f"SELECT * FROM payment WHERE {condition} ORDER BY created, rowid"  # noqa: S608 - the conditions are above
        return [_payment(row) for row in self._db.execute(sql, values)]

    def _entries(self, account: str, since: date, until: date) -> list[Moved]:
        sql = (
            "SELECT entry.*, created FROM entry JOIN payment ON id = payment"
            " WHERE account = ? AND day BETWEEN ? AND ? ORDER BY day, entry.rowid"
        )
        rows = self._db.execute(sql, (account, since.isoformat(), until.isoformat()))
        return [
            Moved(row[0], row[1], date.fromisoformat(row[2]), row[3], row[4], row[5], datetime.fromisoformat(row[6]))
            for row in rows
        ]


def _row(payment: Payment) -> tuple[str | int, ...]:
    """The payment's fields in the order of the table's columns."""
    return tuple((asdict(payment) | {"created": payment.created.isoformat()}).values())


def _payment(row: tuple[Any, ...]) -> Payment:
    values = dict(zip(Payment.__struct_fields__, row, strict=True))
    return Payment(**values | {"created": datetime.fromisoformat(values["created"])})
