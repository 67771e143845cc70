"""Customers, and the check values of the pepper that their codes are hashed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from bot.stores.connection import Connection, Row
from bot.stores.database import Database
from bot.stores.faults import Conflict
from bot.stores.sessions import end_sessions
from bot.stores.throttles import forget_account
from bot.stores.times import micros, moment


class CustomerRow(Struct, frozen=True):
    """One customer. `code_hash` must never leave the server: never log such a row."""

    id: str
    account_number: str
    bank_customer_id: str
    code_hash: str
    disabled: bool
    created_at: datetime


_INSERT = """INSERT INTO customers (id, account_number, bank_customer_id, code_hash, disabled, created_at)
    VALUES (:id, :account, :bank, :hash, :disabled, :at)"""


class CustomerStore:
    """The `customers` and `peppers` tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: CustomerRow) -> bool:
        """Add a customer; False when the account number is taken."""

        def work(connection: Connection) -> None:
            connection.run(
                _INSERT,
                id=row.id,
                account=row.account_number,
                bank=row.bank_customer_id,
                hash=row.code_hash,
                disabled=int(row.disabled),
                at=micros(row.created_at),
            )

        try:
            await self._database.write(work)
        except Conflict:
            return False
        return True

    async def by_account(self, account: str) -> CustomerRow | None:
        """The customer with this account number."""
        sql = "SELECT * FROM customers WHERE account_number = :account"
        row = await self._database.read(lambda connection: connection.one(sql, account=account))
        return _customer(row) if row else None

    async def list(self) -> Sequence[CustomerRow]:
        """All customers, by account number."""
        sql = "SELECT * FROM customers ORDER BY account_number"
        return [_customer(row) for row in await self._database.read(lambda connection: connection.all(sql))]

    async def set_code_hash(self, customer: str, code_hash: str, *, instead_of: str) -> None:
        """Replace a hash, unless it has changed meanwhile."""
        sql = "UPDATE customers SET code_hash = :new WHERE id = :id AND code_hash = :old"
        await self._database.write(lambda connection: connection.run(sql, new=code_hash, id=customer, old=instead_of))

    async def disable(self, account: str) -> bool:
        """Disable the account and end its sessions in one transaction; False when there is no such account."""
        return await self._change("disabled = 1", account, ends_sessions=True)

    async def enable(self, account: str, throttle: str) -> bool:
        """Let the account log in again, whatever failed before; False if there is no such account.

        `throttle` is the name under which its failures are counted.
        """
        return await self._change("disabled = 0", account, throttle=throttle)

    async def reset_code(self, account: str, code_hash: str, throttle: str) -> bool:
        """Set a new code hash, end the account's sessions and forget its failures, counted under `throttle`.

        All in one transaction; False if there is no such account.
        """
        return await self._change("code_hash = :hash", account, ends_sessions=True, throttle=throttle, hash=code_hash)

    async def erase(self, account: str, throttle: str) -> None:
        """Delete the account, its sessions and its failures (counted under `throttle`) in one transaction."""

        def work(connection: Connection) -> None:
            _end_sessions(connection, account)
            connection.run("DELETE FROM customers WHERE account_number = :account", account=account)
            forget_account(connection, throttle)

        await self._database.write(work)

    async def count_of_other_keys(self, key_id: str) -> int:
        """How many customers' codes are hashed with a pepper key other than this one."""
        sql = "SELECT COUNT(*) AS n FROM customers WHERE code_hash NOT LIKE :mine"
        row = await self._database.read(lambda connection: connection.one(sql, mine=f"{key_id}:%"))
        assert row is not None
        return int(row.n)

    async def pepper_checks(self) -> Mapping[str, str]:
        """The check values of the pepper's keys, by key id."""
        rows = await self._database.read(lambda connection: connection.all("SELECT id, check_value FROM peppers"))
        return {row.id: row.check_value for row in rows}

    async def add_pepper_checks(self, checks: Mapping[str, str], now: datetime) -> None:
        """Store the check values of new keys."""
        sql = "INSERT INTO peppers (id, check_value, created_at) VALUES (:id, :value, :at) ON CONFLICT (id) DO NOTHING"
        rows = [{"id": key_id, "value": value, "at": micros(now)} for key_id, value in checks.items()]
        await self._database.write(lambda connection: connection.many(sql, rows))

    async def _change(
        self, change: str, account: str, *, ends_sessions: bool = False, throttle: str | None = None, **values: str
    ) -> bool:
        """Change the account's row first, which locks it against logins; False if there is none."""
        sql = f"UPDATE customers SET {change} WHERE account_number = :account"  # noqa: S608 - our own words

        def work(connection: Connection) -> bool:
            changed = connection.run(sql, account=account, **values)
            if ends_sessions:
                _end_sessions(connection, account)
            if throttle is not None:
                forget_account(connection, throttle)
            return changed > 0

        return await self._database.write(work)


def _end_sessions(connection: Connection, account: str) -> None:
    sql = "DELETE FROM sessions WHERE customer IN (SELECT id FROM customers WHERE account_number = :account)"
    end_sessions(connection, sql, account=account)


def _customer(row: Row) -> CustomerRow:
    return CustomerRow(
        row.id, row.account_number, row.bank_customer_id, row.code_hash, bool(row.disabled), moment(row.created_at)
    )
